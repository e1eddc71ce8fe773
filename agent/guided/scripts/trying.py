"""Trying an API call out: its arguments read from what was said, a dry run, a real call."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.guided.integration_wording import call_command, call_title, tried_text
from agent.guided.integrations import Wish
from agent.guided.memory import Memory
from agent.guided.replies import refusal
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.integration_finding import call, find_trigger
from agent.guided_calls.filling import fill
from agent.guided_calls.triggers import triggers_of


def try_call(wish: Wish, memory: Memory) -> Script:
    """Call an API with the arguments that were said, or ask for those that are missing."""
    row = yield from find_trigger(wish, memory)
    if isinstance(row, Reply):
        return row
    result = yield from call(memory, "get_trigger", trigger_id=str(row["id"]))
    if refused := refusal(result):
        return refused
    trigger = dict(result["trigger"])
    arguments, missing = _arguments(trigger, wish.rest)
    if missing:
        return _ask_for(trigger, wish, missing)
    dry = "dry" in wish.how
    result = yield from call(memory, "test_trigger", trigger_id=trigger["id"], arguments=arguments, dry_run=dry)
    again = call_command("Test", trigger) + (f" with {wish.rest}" if wish.rest else "")
    return Reply(tried_text(trigger, result), (again,) if dry else (call_command("Show", trigger),))


def _arguments(trigger: Mapping[str, Any], text: str) -> tuple[dict[str, Any], list[str]]:
    """Read a trigger's arguments from a text; returns them and the names of required ones that are not in it."""
    schema = trigger.get("parameters") or {}
    values = _pairs(schema.get("properties") or {}, text)
    tool = {"name": trigger["name"], "description": trigger.get("description"), "parameters": schema}
    filled = fill(triggers_of([tool])[0], text, known=values, prose=False) if text else None
    for path, value in (filled.values if filled else {}).items():
        *parents, last = path.split(".")
        inner = values
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner.setdefault(last, value)
    return values, [name for name in schema.get("required") or () if name not in values]


def _pairs(properties: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Read `order_number 1042`, `order number = 1042`, `order_number: "a b"`."""
    found: dict[str, Any] = {}
    for name, schema in properties.items():
        words = re.escape(name).replace("_", "[_ ]")
        match = re.search(
            rf"(?<!\w){words}\s*(?:=|:|\bis\b|\bas\b)?\s*(?:\"([^\"]*)\"|([^\s,;\"]+))", text, re.IGNORECASE
        )
        if match:
            said = match[1] if match[1] is not None else match[2]
            found[name] = _typed(said, schema if isinstance(schema, Mapping) else {})
    return found


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        return float(text)
    if kind == "boolean" and text.casefold() in {"true", "false", "yes", "no"}:
        return text.casefold() in {"true", "yes"}
    return text


def _ask_for(trigger: Mapping[str, Any], wish: Wish, missing: Sequence[str]) -> Reply:
    verb = "Dry run" if "dry" in wish.how else "Test"
    given = f"{wish.rest}, " if wish.rest else ""
    lead = f"{call_command(verb, trigger)} with {given}{missing[0]} ".replace("{", "{{").replace("}", "}}")
    name = missing[0].replace("_", " ")
    return ask(f"{call_title(trigger)} needs {' and '.join(missing)}. Which {name}?", template=lead + '"{}"')
