"""Trying an API call out: its arguments read from what was said, a dry run, a real call."""

import re
from collections.abc import Mapping
from typing import Any

from agent.guided.integration_wording import call_command, call_title, listed, tried_text
from agent.guided.integrations import Wish, read
from agent.guided.listings import outside
from agent.guided.memory import Memory
from agent.guided.reading import Intent
from agent.guided.recogniser import recognise
from agent.guided.replies import refusal
from agent.guided.script import Question, Reply, Script
from agent.guided.scripts.integration_finding import call, find_trigger
from agent.guided_calls.answers import asks_back, is_no, is_unknown, is_yes, read_answer
from agent.guided_calls.asking import complaint
from agent.guided_calls.filling import fill
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.triggers import Trigger, triggers_of

_EXPECTED = "argument"
_FREE = frozenset({"text", "title", "query", "question", "other", "address"})
_ELSEWHERE = frozenset({Intent.NO, Intent.CANCEL, Intent.NEGATED, Intent.UNDO, Intent.SOCIAL})
_PLAIN = frozenset({Intent.UNKNOWN, Intent.REMARK, Intent.ADJUST, Intent.FILTER, Intent.TAG_MATCH, Intent.YES})
_LONGEST = 2_000


def try_call(wish: Wish, memory: Memory) -> Script:
    """Call an API with the arguments that were said, or ask for those that are missing."""
    row = yield from find_trigger(wish, memory)
    if isinstance(row, Reply):
        return row
    result = yield from call(memory, "get_trigger", trigger_id=str(row["id"]))
    if refused := refusal(result):
        return refused
    trigger = dict(result["trigger"])
    arguments = {**wish.given, **_arguments(trigger, wish.rest, set(wish.given))}
    missing = [name for name in _schema(trigger).get("required") or () if name not in arguments]
    dry = "dry" in wish.how
    if missing:
        text = f"{call_title(trigger)} needs {' and '.join(missing)}. {_which(missing[0])}"
        return _asked(text, trigger, {"asked": missing[0], "given": arguments, "how": wish.how})
    result = yield from call(memory, "test_trigger", trigger_id=trigger["id"], arguments=arguments, dry_run=dry)
    again = call_command("Test", trigger) + (f" with {listed(arguments)}" if arguments else "")
    return Reply(tried_text(trigger, result), (again,) if dry else (call_command("Show", trigger),))


def answered(text: str, memory: Memory) -> Wish | Reply | None:
    """Read a message as the argument that was asked for; None when it is something else."""
    question = memory.question
    if question is None or question.expects != _EXPECTED or len(text) > _LONGEST:
        return None
    trigger = memory.triggers.get(str(question.about["trigger"]), {})
    name, given = str(question.about["asked"]), dict(question.about["given"])
    tool = _tool(trigger)
    one = tool.parameter(name) or Parameter((name,), _schema(trigger).get("properties", {}).get(name) or {}, True)  # noqa: FBT003 - required
    if asks_back(text, one) or is_unknown(text):
        return _asked(_explained(trigger, one), trigger, question.about)
    if (wish := read(text, memory)) and wish.kind != "why_it":
        return None
    values = _pairs(tool, _schema(trigger), text)
    if not values:
        if _is_another_request(text, one, memory):
            return None
        answer = read_answer(one, tool, text, None)
        if not answer.found or (is_yes(text) and one.role != "boolean"):
            said = "" if answer.doubts or is_yes(text) else f"{complaint(one, answer.wrong or text)} "
            return _asked(f"{said}{_which(name)}", trigger, question.about)
        values = {name: answer.value}
    rest = fill(tool, text, known={*given, *values, name}, prose=False).values
    return Wish(
        "test", name=str(trigger["id"]), how=str(question.about["how"]), given=_nested({**given, **values}, rest)
    )


def _is_another_request(text: str, one: Parameter, memory: Memory) -> bool:
    """Tell whether a message asks for something else; words that are free may well sound like a request."""
    if one.role == "boolean" and (is_yes(text) or is_no(text)):
        return False
    readings = recognise(text, memory.names)
    if any(each.intent in _ELSEWHERE or each.mention.ids or "webhook" in each.nouns for each in readings):
        return True
    return one.role not in _FREE and any(each.intent not in _PLAIN and not each.residue for each in readings)


def _asked(text: str, trigger: Mapping[str, Any], about: Mapping[str, Any]) -> Reply:
    return Reply(text, (), Question(expects=_EXPECTED, about={**about, "trigger": str(trigger["id"])}))


def _which(name: str) -> str:
    return f"Which {name.replace('_', ' ')}?"


def _explained(trigger: Mapping[str, Any], one: Parameter) -> str:
    """Ask again, with what the argument is, in the words of its description."""
    described = f" ({outside(one.description, 200).rstrip('.')})" if one.description else ""
    name = one.path[-1]
    return f"I need {name}{described} to call {call_title(trigger)}. {_which(name)} Or say “never mind”."


def _schema(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    found = trigger.get("parameters")
    return found if isinstance(found, Mapping) else {}


def _tool(trigger: Mapping[str, Any]) -> Trigger:
    tool = {"name": trigger.get("name"), "description": trigger.get("description"), "parameters": _schema(trigger)}
    return triggers_of([tool])[0]


def _arguments(trigger: Mapping[str, Any], text: str, known: set[str]) -> dict[str, Any]:
    """Read a trigger's arguments from a text."""
    if not text:
        return {}
    tool = _tool(trigger)
    values = _pairs(tool, _schema(trigger), text)
    return _nested(values, fill(tool, text, known={*values, *known}, prose=False).values)


def _nested(values: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Add what was found by path, as the schema nests it, to values that are sure."""
    arguments = dict(values)
    for path, value in found.items():
        *parents, last = path.split(".")
        inner = arguments
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner.setdefault(last, value)
    return arguments


def _pairs(tool: Trigger, schema: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Read `order_number 1042`, `order number = 1042`, `order_number: "a b"`, `reason it is broken`."""
    properties = schema.get("properties") or {}
    written = {name: re.escape(name).replace("_", "[_ ]") for name in properties}
    names = "|".join(written.values())
    found: dict[str, Any] = {}
    for name, own in properties.items():
        one = tool.parameter(name)
        long = one is not None and one.role in _FREE and one.schema.get("type", "string") == "string"
        plain = rf"([^,;\"\n]+?(?=\s*(?:$|[,;\n]|\s(?:and\s+)?(?:{names})\b)))" if long else r"([^\s,;\"]+)"
        match = re.search(
            rf"(?<!\w){written[name]}(?!\w)\s*(?:=|:|\bis\b|\bas\b)?\s*(?:\"([^\"]*)\"|{plain})", text, re.IGNORECASE
        )
        if match:
            said = match[1] if match[1] is not None else match[2]
            found[name] = _typed(said, own if isinstance(own, Mapping) else {})
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
