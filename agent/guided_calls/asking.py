"""Asking: one question about one parameter, in the words of its title and description."""

import re
from collections.abc import Sequence
from typing import Any

from agent.guided_calls.outside import told
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.stems import named, plain, stems_of, terms
from agent.guided_calls.triggers import Trigger, addressed

MOST_SUGGESTIONS = 6
_LONGEST_HELP = 160
_HOW = {
    "date": "Please write it as year-month-day, such as 2026-03-05.",
    "moment": "Please write it with date, time and zone, such as 2026-03-05T10:00:00Z.",
    "clock": "Please write it with the zone, such as 10:00:00Z.",
    "url": "Please give the whole address, beginning with https://.",
    "boolean": "Yes or no?",
    "list": "You can give several, with commas between them.",
}
_NO_HELP = frozenset({"text", "title", "name", "email"})
_EXAMPLE = re.compile(r"\b(?:such as|for example|e\.g\.|for instance|like)\s.+$", re.IGNORECASE)
_OBVIOUS = stems_of(("customer", "user", "client", "order", "number", "name", "email", "address", "person"))


def question(parameter: Parameter) -> str:
    """Ask for a parameter."""
    main = _main(parameter)
    extra = [_HOW.get(parameter.role, ""), _bounds(parameter), _help(parameter)]
    return " ".join([main, *(one for one in extra if one)])


def _main(parameter: Parameter) -> str:
    if parameter.choices and parameter.role == "choice":
        return f"Which {_bare(parameter)}: {either([spoken(one) for one in parameter.choices])}?"
    if parameter.role == "boolean":
        return f"{parameter.label.capitalize()}:"
    if parameter.role == "text":
        return _about_text(parameter)
    if parameter.role in {"integer", "number"} and _counts(parameter):
        return f"How many {_bare(parameter).removeprefix('number of ')}?"
    return f"What is {parameter.spoken}?"


def _about_text(parameter: Parameter) -> str:
    words = _bare(parameter).split()
    if words[-1] in {"description", "details", "text"}:
        return f"Please describe the {' '.join(words[:-1])}." if words[:-1] else "Please describe it in your own words."
    if words[-1] in {"message", "note", "comment", "review"}:
        return f"What should the {' '.join(words)} say?"
    return f"What is {parameter.spoken}?"


def _counts(parameter: Parameter) -> bool:
    label = _bare(parameter)
    return label.startswith("number of ") or (" " not in label and label.endswith("s") and not label.endswith("ss"))


def _bare(parameter: Parameter) -> str:
    return parameter.spoken.removeprefix("the ").removeprefix("your ")


def _bounds(parameter: Parameter) -> str:
    low, high = parameter.schema.get("minimum"), parameter.schema.get("maximum")
    if parameter.role not in {"integer", "number"} or low is high is None:
        return ""
    if low is not None and high is not None:
        return f"It can be from {low} to {high}."
    return f"It can be {low} or more." if low is not None else f"It can be at most {high}."


def _help(parameter: Parameter) -> str:
    """Give the description when it says more than the name does; else only the example in it."""
    text = told(addressed(parameter.description), _LONGEST_HELP).rstrip(".")
    if not text or parameter.role in _NO_HELP:
        return ""
    found = _EXAMPLE.search(text)
    said = text[: found.start()] if found else text
    if set(terms(said)) - set(terms(parameter.label)) - _OBVIOUS:
        return f"({text}.)"
    return f"({found.group(0)})" if found else ""


def spoken(value: Any) -> str:
    """Write an allowed value as one says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (named(value) or value) if isinstance(value, str) else str(value)


def either(options: Sequence[str]) -> str:
    """Join options ("low, medium or high")."""
    if len(options) < 2:
        return "".join(options)
    return f"{', '.join(options[:-1])} or {options[-1]}"


def options_of(parameter: Parameter) -> tuple[str, ...]:
    """Give the answers that can be offered."""
    if parameter.role == "boolean":
        return ("Yes", "No")
    values = tuple(spoken(one) for one in parameter.choices)
    return tuple(value.capitalize() for value in values[:MOST_SUGGESTIONS]) if len(set(values)) == len(values) else ()


def complaint(parameter: Parameter, typed: str) -> str:
    """Say why what was typed cannot be used."""
    text = told(typed, 60)
    if parameter.role in {"date", "moment"} and text:
        return f"I cannot tell exactly which day “{text}” is."
    kinds = {"email": "an e-mail address", "url": "a web address", "integer": "a whole number", "number": "a number"}
    bounded = any(key in parameter.schema for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
    if parameter.role in kinds and not (bounded and any(char.isdigit() for char in typed)):
        return f"I did not find {kinds[parameter.role]} in that."
    if not text:
        return "That does not fit."
    if bounded and parameter.role in {"integer", "number"}:
        return f"“{text}” is not possible here."
    return f"“{text}” does not fit as {parameter.spoken}."


def deed_of(trigger: Trigger) -> str:
    """Say what a trigger does, as a line of its own."""
    text = told(trigger.deed, 90)
    return text[:1].upper() + text[1:]


def request_of(trigger: Trigger) -> str:
    """Say what a trigger does, as a message that the person can send."""
    text = told(trigger.request, 90)
    return text[:1].upper() + text[1:]


def asked_already(parameter: Parameter, text: str) -> bool:
    """Tell whether a text only repeats the name of what was asked for ("my order number")."""
    own = set(plain(parameter.label).split()) | {word for key in parameter.keys for word in key.split()}
    said = set(plain(text).split()) - {"my", "the", "it", "is", "a", "your"}
    return bool(said) and said <= own
