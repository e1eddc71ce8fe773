"""Integrations: customers' assistants, their API calls and secrets, listed, explained and changed."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.guided.integration_wording import (
    assistant_lines,
    call_command,
    call_lines,
    call_title,
    changed_text,
    explained,
    log_lines,
    secret_lines,
    why_text,
)
from agent.guided.integrations import Wish
from agent.guided.memory import Memory
from agent.guided.replies import refusal
from agent.guided.script import Reply, Result, Script, ask
from agent.guided.scripts.importing import FIRST_NAME, import_calls
from agent.guided.scripts.integration_finding import Found, call, find_assistant, find_trigger
from agent.guided.scripts.trying import try_call

_UNDO = ("Undo that",)
_NOT_ASKING = frozenset({"not", "never", "no longer", "off", "stop"})


def carry_out(wish: Wish, memory: Memory) -> Script:
    """Carry out one request."""
    return (yield from _SCRIPTS[wish.kind](wish, memory))


def not_understood(text: str, memory: Memory) -> Reply:
    """Say that an API call was meant, and what can be done with it."""
    named = [row for row in memory.triggers.values() if str(row.get("name")).casefold() in text.casefold()]
    row = named[0] if len(named) == 1 else memory.triggers.get(memory.trigger)
    lead = "I am not sure what you would like me to do with that API call, so I have done nothing."
    if row is None:
        return Reply(f"{lead} Please say it in a sentence of its own.", ("List the API calls",))
    return ask(f"{lead} Which of these is it?", *(call_command(verb, row) for verb in ("Show", "Test", "Delete")))


def undone_text(result: Result) -> str:
    """Tell what an undo did to a trigger or an assistant; nothing when it was about a webhook."""
    kind = next((kind for kind in ("trigger", "assistant") if isinstance(result.get(kind), Mapping)), "")
    if not kind:
        return ""
    title = call_title(result[kind]) if kind == "trigger" else f"The assistant “{result[kind].get('name')}”"
    undone = result.get("undone") or {}
    if result.get("deleted"):
        return f"Undone. {title} is gone again."
    if undone.get("action") == "delete":
        return f"Undone. {title} is back."
    return f"Undone. {changed_text(result)}"


def _list_triggers(wish: Wish, memory: Memory) -> Script:
    chosen = yield from find_assistant(wish, memory) if wish.of else _nobody()
    if isinstance(chosen, Reply):
        return chosen
    arguments = {"assistant_id": str(chosen["id"])} if chosen else {}
    result = yield from call(memory, "list_triggers", **arguments)
    found = list(result.get("triggers") or ())
    if not found:
        whose = f"“{chosen['name']}” has no API calls yet." if chosen else "There are no API calls yet."
        return refusal(result) or Reply(
            f"{whose} Paste a curl command, such as “add this: curl https://…”, and I read it.",
            ("List the assistants", "List the webhooks"),
        )
    suggestions = (call_command("Show", found[0]), call_command("Test", found[0]))
    return refusal(result) or Reply(call_lines(found, int(result.get("total") or len(found))), suggestions, focus="-")


def _nobody() -> Found:
    yield from ()
    return {}


def _list_assistants(_wish: Wish, memory: Memory) -> Script:
    result = yield from call(memory, "list_assistants")
    found = list(result.get("assistants") or ())
    if not found:
        return refusal(result) or Reply("There are no assistants yet.", ("Create an assistant",))
    return refusal(result) or Reply(assistant_lines(found), ("List the API calls", "What secrets are there?"))


def _list_secrets(_wish: Wish, memory: Memory) -> Script:
    result = yield from call(memory, "list_secrets")
    found = list(result.get("secrets") or ())
    if not found:
        return refusal(result) or Reply("No secrets are stored yet.", ("List the API calls",))
    return refusal(result) or Reply(secret_lines(found), ("List the API calls", "Show the call log"))


def _list_calls(wish: Wish, memory: Memory) -> Script:
    arguments = {}
    if wish.name:
        row = yield from find_trigger(wish, memory)
        if isinstance(row, Reply):
            return row
        arguments["trigger_id"] = str(row["id"])
    result = yield from call(memory, "list_calls", **arguments)
    return refusal(result) or Reply(log_lines(list(result.get("calls") or ())), ("List the API calls",))


def _why(wish: Wish, memory: Memory) -> Script:
    """Tell how the last call went: of the trigger that is named or was just spoken of, else of all."""
    arguments: dict[str, Any] = {"limit": 1}
    if wish.name:
        row = yield from find_trigger(wish, memory)
        if isinstance(row, Reply):
            return row
        arguments["trigger_id"] = str(row["id"])
    elif memory.trigger:
        arguments["trigger_id"] = memory.trigger
    result = yield from call(memory, "list_calls", **arguments)
    calls = list(result.get("calls") or ())
    if not calls:
        return refusal(result) or Reply("No call of it has been made yet.", ("List the API calls",))
    trigger = {"name": calls[0].get("trigger")}
    return Reply(why_text(calls[0]), (call_command("Test", trigger), call_command("Show", trigger)))


def _show(wish: Wish, memory: Memory) -> Script:
    row = yield from find_trigger(wish, memory)
    if isinstance(row, Reply):
        return row
    result = yield from call(memory, "get_trigger", trigger_id=str(row["id"]))
    if refused := refusal(result):
        return refused
    trigger = dict(result["trigger"])
    return Reply(
        explained(trigger, list(result.get("recent_calls") or ())),
        (call_command("Test", trigger), call_command("Delete", trigger)),
    )


def _delete(wish: Wish, memory: Memory) -> Script:
    row = yield from find_trigger(wish, memory)
    if isinstance(row, Reply):
        return row
    result = yield from call(memory, "delete_trigger", trigger_id=str(row["id"]))
    text = f"{call_title(row)} is deleted; the assistant can no longer make this call. You can undo this."
    return refusal(result) or Reply(text, _UNDO)


def _edit(field: str) -> Callable[[Wish, Memory], Script]:
    def edit(wish: Wish, memory: Memory) -> Script:
        row = yield from find_trigger(wish, memory)
        if isinstance(row, Reply):
            return row
        value: Any = wish.rest.upper() if field == "method" else wish.rest
        value = wish.how.strip() not in _NOT_ASKING if field == "confirm" else value
        result = yield from call(memory, "edit_trigger", trigger_id=str(row["id"]), **{field: value})
        return refusal(result) or Reply(changed_text(result), (*_UNDO, call_command("Show", result["trigger"])))

    return edit


def _set_secret(wish: Wish, memory: Memory) -> Script:
    result = yield from call(memory, "set_secret", name=wish.name)
    if refused := refusal(result):
        return refused
    secret = result["secret"]
    hosts = ", ".join(secret["hosts"]) or "no host yet"
    return Reply(
        f"The secret {secret['name']} is stored, encrypted. It may be sent to {hosts}.", ("List the API calls",)
    )


def _create_assistant(wish: Wish, memory: Memory) -> Script:
    result = yield from call(memory, "create_assistant", name=wish.of or FIRST_NAME)
    if refused := refusal(result):
        return refused
    text = f"The assistant “{result['assistant']['name']}” is there. Paste a curl command to let it call an API."
    return Reply(text, _UNDO)


def _delete_assistant(wish: Wish, memory: Memory) -> Script:
    row = yield from find_assistant(wish, memory)
    if isinstance(row, Reply):
        return row
    result = yield from call(memory, "delete_assistant", assistant_id=str(row["id"]))
    return refusal(result) or Reply(
        f"The assistant “{row['name']}” is deleted with its API calls. You can undo this.", _UNDO
    )


_SCRIPTS: dict[str, Callable[[Wish, Memory], Script]] = {
    "triggers": _list_triggers,
    "assistants": _list_assistants,
    "secrets": _list_secrets,
    "calls": _list_calls,
    "show": _show,
    "test": try_call,
    "delete": _delete,
    "url": _edit("url"),
    "method": _edit("method"),
    "description": _edit("description"),
    "directive": _edit("directive"),
    "rename": _edit("name"),
    "confirm": _edit("confirm"),
    "why": _why,
    "why_it": _why,
    "secret": _set_secret,
    "create_assistant": _create_assistant,
    "delete_assistant": _delete_assistant,
    "import_curl": import_calls,
    "import_openapi": import_calls,
}
