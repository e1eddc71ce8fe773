"""Conditions on an event's payload: dot paths and the eight operators of row B04, each with its explanation."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from rules.javascript import MISSING, includes, loose_equal, to_number, to_string

__all__ = [
    "MISSING",
    "OPERATORS",
    "Condition",
    "ConditionResult",
    "check",
    "holds",
    "lookup",
    "loose_equal",
    "passes",
    "to_number",
]

OPERATORS: Final = ("eq", "ne", "gt", "lt", "gte", "lte", "exists", "contains")
ORDERINGS: Final = frozenset({"gt", "lt", "gte", "lte"})
_SHOWN_CHARACTERS: Final = 120


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule about a payload: `field` is a dot path, `operator` one of `OPERATORS`; `exists` ignores `value`."""

    field: str
    operator: str
    value: Any = None

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape; `exists` has no value."""
        shape: dict[str, Any] = {"field": self.field, "operator": self.operator}
        return shape if self.operator == "exists" else shape | {"value": self.value}


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """What became of one condition: `actual` is the payload's value (None when missing), `reason` a sentence."""

    field: str
    operator: str
    value: Any
    passed: bool
    actual: Any
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape."""
        return {
            "field": self.field,
            "operator": self.operator,
            "value": self.value,
            "passed": self.passed,
            "actual": self.actual,
            "reason": self.reason,
        }


def lookup(payload: Any, path: str) -> Any:
    """Follow a dot path with list indexes (`properties.items.0.product_id`); `MISSING` where it leads nowhere."""
    value = payload
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step, MISSING)
            if value is MISSING:
                return MISSING
        elif isinstance(value, list) and _is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return value


def _is_index(step: str) -> bool:
    # `00` and `²` are no list indexes; ten digits are more than any list has.
    return step.isascii() and step.isdigit() and len(step) < 10 and (step == "0" or step[0] != "0")


def _contains(actual: Any, value: Any) -> bool:
    if isinstance(actual, str):
        return to_string(value) in actual
    return isinstance(actual, list) and includes(actual, value)


# Python's own comparison of two floats is JavaScript's, NaN included.
_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": loose_equal,
    "ne": lambda actual, value: not loose_equal(actual, value),
    "gt": lambda actual, value: to_number(actual) > to_number(value),
    "lt": lambda actual, value: to_number(actual) < to_number(value),
    "gte": lambda actual, value: to_number(actual) >= to_number(value),
    "lte": lambda actual, value: to_number(actual) <= to_number(value),
    "exists": lambda actual, _: actual is not MISSING and actual is not None,
    "contains": _contains,
}


def holds(condition: Condition, payload: Mapping[str, Any]) -> bool:
    """Say whether a payload meets a condition: the fast path of `check`, with the same answer."""
    return _TESTS[condition.operator](lookup(payload, condition.field), condition.value)


def passes(condition: Condition, actual: Any) -> bool:
    """Say whether a value, or `MISSING`, meets a condition's operator."""
    return _TESTS[condition.operator](actual, condition.value)


def check(condition: Condition, payload: Mapping[str, Any]) -> ConditionResult:
    """Test one condition and explain the outcome in a sentence with the actual and the expected value."""
    actual = lookup(payload, condition.field)
    passed = passes(condition, actual)
    return ConditionResult(
        field=condition.field,
        operator=condition.operator,
        value=condition.value,
        passed=passed,
        actual=None if actual is MISSING else actual,
        reason=_explain(condition, actual, passed=passed),
    )


def shown(value: Any) -> str:
    """Write a JSON value for a sentence, cut to a readable length."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # integers beyond 64 bits, or nested too deep
        text = to_string(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _explain(condition: Condition, actual: Any, *, passed: bool) -> str:
    if condition.operator == "exists":
        return _explain_exists(condition, actual)
    if condition.operator == "contains":
        return _explain_contains(condition, actual, passed=passed)
    if condition.operator in ORDERINGS:
        return _explain_ordering(condition, actual, passed=passed)
    return _explain_equality(condition, actual)


def _subject(condition: Condition, actual: Any) -> str:
    return f"`{condition.field}` is " + ("missing" if actual is MISSING else shown(actual))


def _explain_exists(condition: Condition, actual: Any) -> str:
    if actual is MISSING:
        return f"`{condition.field}` is missing from the payload."
    return f"`{condition.field}` is null." if actual is None else f"`{condition.field}` exists: it is {shown(actual)}."


def _explain_equality(condition: Condition, actual: Any) -> str:
    relation = "equals" if loose_equal(actual, condition.value) else "does not equal"
    return f"{_subject(condition, actual)}, which {relation} {shown(condition.value)}."


_ORDERING_WORDS: Final = {"gt": "greater than", "lt": "less than", "gte": "at least", "lte": "at most"}


def _explain_ordering(condition: Condition, actual: Any, *, passed: bool) -> str:
    words, expected = _ORDERING_WORDS[condition.operator], shown(condition.value)
    if math.isnan(to_number(actual)):
        return f"{_subject(condition, actual)}, which is not a number and so cannot be {words} {expected}."
    if math.isnan(to_number(condition.value)):
        return f"{_subject(condition, actual)}, but the expected {expected} is not a number."
    return f"{_subject(condition, actual)}, which is {'' if passed else 'not '}{words} {expected}."


def _explain_contains(condition: Condition, actual: Any, *, passed: bool) -> str:
    expected = shown(condition.value)
    if not isinstance(actual, str | list):
        return f"{_subject(condition, actual)}: neither a text nor a list that could contain {expected}."
    verb = "contains" if passed else "does not contain"
    return f"{_subject(condition, actual)}, which {verb} {expected}."
