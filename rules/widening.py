"""Whether a change of filters sends anything that was not sent before: such a change needs approval (X02)."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.conditions import MISSING, ORDERINGS, Condition, passes, to_number
from rules.filter_set import EventFilter, FilterSet, TagFilter, TrustFilter


def widening(before: FilterSet, after: FilterSet) -> bool:
    """Say whether `after` could send an event that `before` did not.

    Conservative: False only when it is proven, filter by filter, that nothing new can pass.
    """
    if _sends_nothing(after.event_filter):
        return False
    return not (
        _events_within(after.event_filter, before.event_filter)
        and all(_implied(wanted, after.conditions) for wanted in before.conditions)
        and _tags_within(after.tag_filter, before.tag_filter)
        and _trust_within(after.trust_score, before.trust_score)
    )


def _sends_nothing(events: EventFilter) -> bool:
    return events.mode == "exclude" and not events.names


def _events_within(inner: EventFilter, outer: EventFilter) -> bool:
    if outer.mode == "include":
        return not outer.names or (inner.mode == "include" and bool(inner.names) and inner.names <= outer.names)
    if not outer.names:
        return False
    if inner.mode == "exclude":
        return inner.names >= outer.names
    return bool(inner.names) and inner.names.isdisjoint(outer.names)


def _tags_within(inner: TagFilter | None, outer: TagFilter | None) -> bool:
    if outer is None or not outer.tags:
        return True
    if inner is None or not inner.tags:
        return False
    inner_tags, outer_tags = set(inner.tags), set(outer.tags)
    if outer.match == "any":
        return bool(inner_tags & outer_tags) if inner.match == "all" else inner_tags <= outer_tags
    return outer_tags <= inner_tags if inner.match == "all" else inner_tags == outer_tags and len(inner_tags) == 1


def _trust_within(inner: TrustFilter | None, outer: TrustFilter | None) -> bool:
    if outer is None:
        return True
    if inner is None:
        return False
    lowest, highest = _bounds(inner)
    outer_lowest, outer_highest = _bounds(outer)
    return outer_lowest <= lowest and highest <= outer_highest


def _bounds(trust: TrustFilter) -> tuple[float, float]:
    return -math.inf if trust.min is None else trust.min, math.inf if trust.max is None else trust.max


def _implied(wanted: Condition, given: tuple[Condition, ...]) -> bool:
    return any(condition.field == wanted.field and _implies(condition, wanted) for condition in given)


def _implies(given: Condition, wanted: Condition) -> bool:
    """Say whether every payload that meets `given` surely meets `wanted`; both are about the same field."""
    if given.operator == wanted.operator and _written(given.value) == _written(wanted.value):
        return True
    if wanted.operator == "exists":
        return not passes(given, None) and not passes(given, MISSING)
    if wanted.operator in ORDERINGS:
        return _orders(given, wanted)
    return False


def _written(value: Any) -> str:
    # Python's own == would take True for 1.
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:  # nested too deep to compare: equal to nothing else
        return f"#{id(value)}"


_STRICTER: Final[Mapping[tuple[str, str], Callable[[float, float], bool]]] = {
    ("gt", "gt"): lambda given, wanted: given >= wanted,
    ("gt", "gte"): lambda given, wanted: given >= wanted,
    ("gte", "gte"): lambda given, wanted: given >= wanted,
    ("gte", "gt"): lambda given, wanted: given > wanted,
    ("eq", "gte"): lambda given, wanted: given >= wanted,
    ("eq", "gt"): lambda given, wanted: given > wanted,
    ("lt", "lt"): lambda given, wanted: given <= wanted,
    ("lt", "lte"): lambda given, wanted: given <= wanted,
    ("lte", "lte"): lambda given, wanted: given <= wanted,
    ("lte", "lt"): lambda given, wanted: given < wanted,
    ("eq", "lte"): lambda given, wanted: given <= wanted,
    ("eq", "lt"): lambda given, wanted: given < wanted,
}


def _orders(given: Condition, wanted: Condition) -> bool:
    # What loosely equals a number, text or boolean converts to the same number; null and lists do not follow that.
    if given.operator == "eq" and not isinstance(given.value, str | int | float):
        return False
    stricter = _STRICTER.get((given.operator, wanted.operator))
    return stricter is not None and stricter(to_number(given.value), to_number(wanted.value))
