"""Wording: how webhooks, values and commands are written, so that every suggestion can be read back without doubt."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.guided.reading import Intent, Values
from agent.guided.slots.comparisons import Comparison

_SAFE = re.compile(r"[\w][\w .&()+#/-]{0,58}[\w)]|\w")
_OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "gt": "over",
    "lt": "under",
    "gte": "at least",
    "lte": "at most",
    "exists": "exists",
    "contains": "contains",
}
_MS = 1000
COMMANDS = {
    Intent.ENABLE: "Enable {}",
    Intent.DISABLE: "Disable {}",
    Intent.DELETE: "Delete {}",
    Intent.TEST: "Test {}",
    Intent.EDIT_FORM: "Edit the URL or auth header of {}",
    Intent.CLEAR_TRUST: "Remove the trust filter of {}",
    Intent.CLEAR_TAGS: "Remove the tag filter of {}",
    Intent.CLEAR_CONDITIONS: "Remove the conditions of {}",
    Intent.CLEAR_FILTERS: "Remove all filters of {}",
    Intent.ALL_EVENTS: "Send all events to {}",
    Intent.SHOW: "Show {}",
    Intent.DIAGNOSE: "Diagnose {}",
    Intent.FIX: "Fix {}",
    Intent.DELIVERIES: "Show the deliveries of {}",
    Intent.CHANGES: "Show the changes of {}",
    Intent.RETRY_FAILED: "Retry the failed deliveries of {}",
    Intent.REPLAY: "Replay the failed deliveries of {}",
    Intent.RETRY: "Retry the last failed delivery of {}",
    Intent.STATUS: "Show {}",
    Intent.DRY_RUN: "Dry run the filters of {}",
    Intent.TAGS: "Which tags are available for {}?",
    Intent.EVENT_TYPES: "List the event types for {}",
    Intent.RENAME: "Rename {}",
    Intent.SET_URL: "Change the URL of {}",
    Intent.SET_TIMEOUT: "Change the timeout of {}",
    Intent.SET_RETRIES: "Change the retries of {}",
    Intent.SET_DESCRIPTION: "Change the description of {}",
    Intent.SET_HEADER: "Set a header on {}",
    Intent.REMOVE_HEADER: "Remove a header of {}",
}


def label(webhook: Mapping[str, Any], others: Sequence[Mapping[str, Any]] = ()) -> str:
    """Name a webhook so that it can be read back: its name in quotes when that is plain and unique, else its id."""
    name, identifier = str(webhook.get("name") or ""), str(webhook.get("id") or "")
    twins = [
        other
        for other in others
        if str(other.get("name") or "").casefold() == name.casefold() and other.get("id") != identifier
    ]
    return f'"{name}"' if _SAFE.fullmatch(name) and not twins else identifier


def title(webhook: Mapping[str, Any]) -> str:
    """Name a webhook in a sentence."""
    return f"“{webhook['name']}”" if webhook.get("name") else str(webhook.get("id") or "the webhook")


def safe(word: str) -> bool:
    """Tell whether a word from outside may stand in a suggestion."""
    return bool(_SAFE.fullmatch(word))


def number(value: float) -> str:
    """Write a number without a needless fraction."""
    return str(int(value)) if float(value).is_integer() else str(value)


def whole(value: float) -> int | float:
    """Give a whole number as an int."""
    return int(value) if float(value).is_integer() else value


def value_text(field: str, value: Any) -> str:
    """Write the value of a webhook's field."""
    if field == "timeout_ms" and isinstance(value, int):
        return f"{number(value / _MS)} s"
    return _WRITERS.get(field, plain_text)(value)


def plain_text(value: Any) -> str:
    """Write any other value."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {plain_text(one)}" for name, one in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(plain_text(one) for one in value) or "none"
    if value is None or value == "":
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def events_text(value: Mapping[str, Any]) -> str:
    """Write an event filter."""
    events = ", ".join(str(event) for event in value.get("events") or [])
    if value.get("mode") == "exclude":
        return f"all except {events}" if events else "none (an empty exclude list delivers nothing)"
    return events or "all events"


def conditions_text(value: Sequence[Mapping[str, Any]]) -> str:
    """Write conditions."""
    return " and ".join(condition_text(one) for one in value) or "none"


def condition_text(one: Mapping[str, Any]) -> str:
    """Write one condition."""
    operator = str(one.get("operator"))
    value = "" if operator == "exists" else f" {plain_text(one.get('value'))}"
    return f"{one.get('field')} {_OPERATORS.get(operator, operator)}{value}"


def tags_text(value: Mapping[str, Any] | None) -> str:
    """Write a tag filter."""
    if not value or not value.get("tags"):
        return "no tag filter"
    tags = [str(tag) for tag in value["tags"]]
    if len(tags) == 1:
        return tags[0]
    return ("all of " if value.get("match") == "all" else "any of ") + ", ".join(tags)


def trust_text(value: Mapping[str, Any] | None) -> str:
    """Write a trust filter."""
    low, high = (value or {}).get("min"), (value or {}).get("max")
    if low is not None and high is not None:
        return f"{number(low)} to {number(high)}"
    if low is not None:
        return f"at least {number(low)}"
    return f"at most {number(high)}" if high is not None else "no trust filter"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "event_filter": lambda value: events_text(value or {}),
    "conditions": lambda value: conditions_text(value or []),
    "tag_filter": tags_text,
    "trust_score": trust_text,
    "enabled": lambda value: "enabled" if value else "disabled",
}


def comparison_text(one: Comparison) -> str:
    """Write a comparison the way it can be read back."""
    words = {"gte": "at least", "gt": "over", "lte": "at most", "lt": "under", "eq": "exactly", "ne": "other than"}
    subject = one.subject or "trust"
    if one.operator == "between":
        return f"{subject} between {number(one.value)} and {number(one.upper or 0)}"
    return f"{subject} {words[one.operator]} {number(one.value)}"


def filter_command(values: Values, mode: str, target: str) -> str:
    """Write a filter request the way it can be read back without doubt."""
    parts = [event.name for event in values.events]
    text = " and ".join(parts)
    if values.tags:
        match = (
            "all of the tags"
            if values.tag_match == "all" and len(values.tags) > 1
            else "the tag"
            if len(values.tags) == 1
            else "any of the tags"
        )
        text += f" with {match} " + ", ".join(f'"{tag}"' for tag in values.tags)
    for one in values.comparisons:
        text += f" with {comparison_text(one)}"
    for test in values.tests:
        shown = (
            ""
            if test.operator == "exists"
            else f' "{test.value}"'
            if isinstance(test.value, str)
            else f" {plain_text(test.value)}"
        )
        text += f" where {test.field} {_OPERATORS[test.operator]}{shown}"
    lead = {"skip": "Skip", "also": "Also send"}.get(mode, "Only send")
    return f"{lead} {text.strip()} to {target}"
