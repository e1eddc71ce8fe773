"""Decides whether a change to a webhook's filters lets through something that was held back before (X02)."""

from collections.abc import Mapping, Sequence
from typing import Any

from rules.javascript import to_number

_LOWER, _UPPER = ("gt", "gte"), ("lt", "lte")


def widens(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether some event could pass the filters `after` that did not pass `before`.

    Both hold the API's `event_filter`, `conditions`, `tag_filter` and `trust_score`; what is in neither is equal.
    When it cannot be decided cheaply, the answer is yes: approval is then asked for.
    """
    return not (
        _events_within(after.get("event_filter"), before.get("event_filter"))
        and _conditions_within(after.get("conditions") or (), before.get("conditions") or ())
        and _tags_within(after.get("tag_filter"), before.get("tag_filter"))
        and _scores_within(after.get("trust_score"), before.get("trust_score"))
    )


def _accepted(event_filter: Mapping[str, Any] | None) -> tuple[bool, frozenset[str]]:
    """Describe the accepted types: (True, those left out) or (False, those let in)."""
    if event_filter is None:
        return True, frozenset()
    events = frozenset(event_filter["events"])
    if event_filter["mode"] == "include":
        return (True, frozenset()) if not events else (False, events)
    return (True, events) if events else (False, frozenset())


def _events_within(inner: Mapping[str, Any] | None, outer: Mapping[str, Any] | None) -> bool:
    (open_inner, inner_types), (open_outer, outer_types) = _accepted(inner), _accepted(outer)
    if open_inner:
        return open_outer and outer_types <= inner_types
    return not (inner_types & outer_types) if open_outer else inner_types <= outer_types


def _conditions_within(inner: Sequence[Mapping[str, Any]], outer: Sequence[Mapping[str, Any]]) -> bool:
    return all(any(_implies(own, required) for own in inner) for required in outer)


def _implies(own: Mapping[str, Any], required: Mapping[str, Any]) -> bool:
    if own["field"] != required["field"]:
        return False
    if own["operator"] == required["operator"] and _same(own.get("value"), required.get("value")):
        return True
    left, right = own["operator"], required["operator"]
    low, high = to_number(own.get("value")), to_number(required.get("value"))
    if left in _LOWER and right in _LOWER:
        return low > high or (low == high and left == "gt")
    if left in _UPPER and right in _UPPER:
        return low < high or (low == high and left == "lt")
    return False


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _tags_within(inner: Mapping[str, Any] | None, outer: Mapping[str, Any] | None) -> bool:
    if outer is None:
        return True
    if inner is None:
        return False
    wanted, allowed = frozenset(inner["tags"]), frozenset(outer["tags"])
    if inner["match"] == "any":
        return wanted <= allowed if outer["match"] == "any" else wanted == allowed and len(wanted) == 1
    return bool(wanted & allowed) if outer["match"] == "any" else allowed <= wanted


def _scores_within(inner: Mapping[str, Any] | None, outer: Mapping[str, Any] | None) -> bool:
    if outer is None:
        return True
    if inner is None:
        return False
    return _end(inner, "min") >= _end(outer, "min") and _end(inner, "max") <= _end(outer, "max")


def _end(score: Mapping[str, Any], name: str) -> float:
    value = score.get(name)
    return (float("-inf") if name == "min" else float("inf")) if value is None else float(value)
