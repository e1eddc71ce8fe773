"""Every pair of small filters, against every small payload: chance must not decide whether widening is noticed."""

from itertools import chain, combinations, product
from typing import Any

import pytest

from rules.conditions import MISSING, OPERATORS, Condition, passes
from rules.filters import EventFilter, FilterSet, TagFilter, TrustFilter, matches, widening

TYPES = ("a", "b", "c")
SUBSETS = [*chain.from_iterable(combinations(TYPES, size) for size in range(4))]
TAG_FILTERS = [None, *(TagFilter(match, tags) for match in ("any", "all") for tags in SUBSETS if tags)]
EVENT_FILTERS = [EventFilter(mode, events) for mode in ("include", "exclude") for events in SUBSETS]
BOUNDS = (None, 1, 2, 2.5)
TRUST_FILTERS = [
    None,
    *(TrustFilter(low, high) for low in BOUNDS for high in BOUNDS if low is None or high is None or low <= high),
]
VALUES = (None, True, False, 0, 1, 2, -1, 0.5, "", "0", "1", "2", "x", "0x1", " 1 ", [], [1], ["x"], [None], {})
FACTS = (MISSING, *VALUES, 3, "true", "xx", [1, 2], [[]])
CONDITIONS = [Condition("f", operator, value) for operator in OPERATORS for value in VALUES]


def proves_subset(before: FilterSet, after: FilterSet, payloads: list[tuple[str, dict[str, Any]]]) -> bool:
    return not any(matches(after, *event) and not matches(before, *event) for event in payloads)


def test_tag_filters_widen_exactly_when_something_new_passes():
    payloads: list[tuple[str, dict[str, Any]]] = [("a", {"tags": list(tags)}) for tags in SUBSETS]
    for first, second in product(TAG_FILTERS, repeat=2):
        before, after = FilterSet(tag_filter=first), FilterSet(tag_filter=second)
        assert widening(before, after) is not proves_subset(before, after, payloads), (first, second)


def test_event_filters_widen_exactly_when_something_new_passes():
    # A fourth type stands for all the custom types that no list names.
    payloads: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in (*TYPES, "other")]
    for first, second in product(EVENT_FILTERS, repeat=2):
        before, after = FilterSet(event_filter=first), FilterSet(event_filter=second)
        assert widening(before, after) is not proves_subset(before, after, payloads), (first, second)


def test_trust_filters_widen_exactly_when_something_new_passes():
    payloads: list[tuple[str, dict[str, Any]]] = [
        ("a", {"trust_score": score}) for score in (None, 0, 1, 1.5, 2, 2.2, 2.5, 3)
    ]
    for first, second in product(TRUST_FILTERS, repeat=2):
        before, after = FilterSet(trust_score=first), FilterSet(trust_score=second)
        new = not proves_subset(before, after, payloads)
        # A filter with two open ends still asks for a score, so its absence is more.
        assert widening(before, after) is new, (first, second)


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_condition_that_lets_something_new_pass_goes_unnoticed(operator: str):
    facts = {repr(condition): [passes(condition, fact) for fact in FACTS] for condition in CONDITIONS}
    for first in (condition for condition in CONDITIONS if condition.operator == operator):
        for second in CONDITIONS:
            if not widening(FilterSet(conditions=(first,)), FilterSet(conditions=(second,))):
                pairs = zip(facts[repr(first)], facts[repr(second)], strict=True)
                assert all(old or not new for old, new in pairs), (first, second)


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), ("1", 1)])
def test_values_that_only_python_holds_equal_are_different(before: Any, after: Any):
    contains = [FilterSet(conditions=(Condition("f", "contains", value),)) for value in (before, after)]
    assert widening(*contains)
