"""Finding the assistant or the API call that a request means, always in a fresh list."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from rapidfuzz import process

from agent.guided.integration_wording import call_command
from agent.guided.integrations import Wish
from agent.guided.lexicon import table
from agent.guided.memory import Memory
from agent.guided.replies import refusal
from agent.guided.script import Call, Question, Reply, Result, ask
from agent.guided.wording import safe

_SURE = 80
_OFFERED = 4
_VERBS = {"test": "Test", "delete": "Delete", "calls": "Show the calls of"}
Steps = Generator[Call, Result, Result]
Found = Generator[Call, Result, "dict[str, Any] | Reply"]


def call(memory: Memory, name: str, /, **arguments: Any) -> Steps:
    """Make one tool call and learn from its result."""
    made = Call(name, arguments)
    result = yield made
    memory.learn(made, result)
    return result


def find_assistant(wish: Wish, memory: Memory) -> Found:
    """Find the assistant that is meant: by name, else the only one; empty when there is none."""
    result = yield from call(memory, "list_assistants")
    if refused := refusal(result):
        return refused
    found = [dict(row) for row in result.get("assistants") or ()]
    if wish.of:
        named = [row for row in found if wish.of.casefold() in {str(row["name"]).casefold(), str(row["id"])}]
        if len(named) == 1:
            return named[0]
        return Reply(f"There is no assistant called “{wish.of[:80]}”.", ("List the assistants",))
    if len(found) <= 1:
        return found[0] if found else {}
    names = [str(row["name"]) for row in found[:_OFFERED]]
    question = Question(expects=wish.kind, default=wish.text)
    text = "Which assistant is it for: " + "; ".join(f"{place}. {name}" for place, name in enumerate(names, 1)) + "?"
    return Reply(text, tuple(name for name in names if safe(name)), question)


def find_trigger(wish: Wish, memory: Memory) -> Found:
    """Find the trigger that is meant, in a fresh list."""
    pointed = memory.trigger
    result = yield from call(memory, "list_triggers")
    if refused := refusal(result):
        return refused
    name = wish.name.casefold()
    if name in table("integrations")["never"]["pronouns"] and pointed in memory.triggers:
        return memory.triggers[pointed]
    rows = list(memory.triggers.values())
    named = [row for row in rows if name in {str(row["name"]).casefold(), str(row["id"]).casefold()}]
    if len(named) == 1:
        return named[0]
    if named:
        options = [call_command(_VERBS.get(wish.kind, "Show"), {"name": row["id"]}) for row in named]
        return ask(f"Several assistants have a call {wish.name}. Which one do you mean?", *options)
    return _unknown(wish, rows)


def _unknown(wish: Wish, rows: Sequence[Mapping[str, Any]]) -> Reply:
    text = f"There is no API call named “{wish.name}”."
    near = process.extract(wish.name, [str(row["name"]) for row in rows], score_cutoff=_SURE, limit=3)
    if not near:
        return Reply(f"{text} Nothing was done.", ("List the API calls", "List the webhooks"))
    return ask(
        f"{text} Do you mean one of these?",
        *(call_command(_VERBS.get(wish.kind, "Show"), {"name": one}) for one, *_ in near),
    )
