import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.conditions import OPERATORS, Condition
from rules.filters import EventFilter, FilterSet, TagFilter, TrustFilter, explain, matches, widening

TYPES = st.sampled_from(["interview.completed", "interview.partial", "purchase"])
NAMES = st.lists(TYPES, max_size=3).map(tuple)
TAGS = st.sampled_from(["pricing", "churn", "onboarding"])
SCORES = st.none() | st.integers(0, 5) | st.sampled_from([2.5, 4.0])
LEAVES = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.5, "", "0", "1", "2", "x", "true"])
FACTS = LEAVES | st.lists(LEAVES, max_size=2)
CONDITIONS = st.builds(Condition, st.sampled_from(["f", "g"]), st.sampled_from(OPERATORS), FACTS)
FILTERS = st.builds(
    FilterSet,
    event_filter=st.builds(EventFilter, st.sampled_from(["include", "exclude"]), NAMES),
    conditions=st.lists(CONDITIONS, max_size=2).map(tuple),
    tag_filter=st.none()
    | st.builds(TagFilter, st.sampled_from(["any", "all"]), st.lists(TAGS, min_size=1, max_size=3).map(tuple)),
    trust_score=st.none() | st.builds(TrustFilter, SCORES, SCORES),
)
ODD = st.sampled_from(["4", True, [], "x"])
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={"tags": st.lists(TAGS, max_size=3) | ODD, "trust_score": SCORES | ODD, "f": FACTS, "g": FACTS},
)


@given(FILTERS, TYPES, PAYLOADS)
def test_the_fast_path_agrees_with_the_report(filters: FilterSet, event_type: str, payload: dict[str, Any]):
    report = explain(filters, event_type, payload)
    assert matches(filters, event_type, payload) is report.matched
    assert report.matched is (report.failures() == [])


@given(FILTERS, TYPES, PAYLOADS)
def test_every_reason_is_a_full_sentence(filters: FilterSet, event_type: str, payload: dict[str, Any]):
    report = explain(filters, event_type, payload)
    verdicts = (report.event_filter, *report.conditions, report.tag_filter, report.trust_score)
    for verdict in verdicts:
        assert verdict is None or (verdict.reason.endswith(".") and "  " not in verdict.reason)
    json.dumps(report.as_dict())


@given(FILTERS, TYPES, PAYLOADS)
def test_conditions_are_not_evaluated_when_the_event_filter_rejects(
    filters: FilterSet, event_type: str, payload: dict[str, Any]
):
    report = explain(filters, event_type, payload)
    assert len(report.conditions) == (len(filters.conditions) if report.event_filter.passed else 0)


@given(FILTERS)
def test_a_filter_set_survives_the_api_shape(filters: FilterSet):
    assume(filters.trust_score != TrustFilter())
    stored = json.loads(json.dumps(filters.as_dict()))
    again = FilterSet.of(**stored)
    assert again.as_dict() == filters.as_dict()


@settings(max_examples=500)
@given(FILTERS, FILTERS, st.lists(st.tuples(TYPES, PAYLOADS), min_size=5, max_size=20))
def test_what_does_not_widen_sends_nothing_new(
    before: FilterSet, after: FilterSet, events: list[tuple[str, dict[str, Any]]]
):
    if not widening(before, after):
        for event_type, payload in events:
            assert matches(before, event_type, payload) or not matches(after, event_type, payload)


@settings(max_examples=500)
@given(CONDITIONS, CONDITIONS, FACTS)
def test_a_condition_that_does_not_widen_implies_the_other(first: Condition, second: Condition, fact: Any):
    second = Condition(first.field, second.operator, second.value)
    before, after = FilterSet(conditions=(first,)), FilterSet(conditions=(second,))
    if not widening(before, after):
        for payload in ({}, {first.field: fact}, {first.field: None}):
            assert matches(before, "x", payload) or not matches(after, "x", payload)


@given(FILTERS)
def test_an_unchanged_set_does_not_widen(filters: FilterSet):
    assert not widening(filters, filters)


TRUST = {"trust_score": {"min": 70}}


def of(**shapes: Any) -> FilterSet:
    return FilterSet.of(**shapes)


def condition(operator: str, value: Any = None) -> FilterSet:
    return of(conditions=[{"field": "f", "operator": operator, "value": value}])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (of(), of(**TRUST)),
        (of(**TRUST), of(trust_score={"min": 80, "max": 90})),
        (of(), of(tag_filter={"match": "any", "tags": ["pricing"]})),
        (of(tag_filter={"match": "any", "tags": ["a", "b"]}), of(tag_filter={"match": "any", "tags": ["a"]})),
        (of(tag_filter={"match": "any", "tags": ["a", "b"]}), of(tag_filter={"match": "all", "tags": ["a", "c"]})),
        (of(tag_filter={"match": "all", "tags": ["a"]}), of(tag_filter={"match": "any", "tags": ["a"]})),
        (of(), of(event_filter={"mode": "include", "events": ["a"]})),
        (of(event_filter={"mode": "include", "events": ["a", "b"]}), of(event_filter={"events": ["b"]})),
        (of(), of(event_filter={"mode": "exclude", "events": []})),
        (
            of(event_filter={"mode": "exclude", "events": ["a"]}),
            of(event_filter={"mode": "exclude", "events": ["a", "b"]}),
        ),
        (condition("gt", 5), condition("gt", 10)),
        (condition("gte", 5), condition("eq", "7")),
        (condition("lt", 5), condition("lte", 4)),
        (condition("exists"), condition("contains", "x")),
        (condition("exists"), condition("eq", 0)),
        (condition("exists"), condition("gt", 0)),
    ],
)
def test_narrowing_needs_no_approval_and_its_inverse_does(before: FilterSet, after: FilterSet):
    assert not widening(before, after)
    same = after.tag_filter is not None and before.tag_filter is not None and len(before.tag_filter.tags) == 1
    assert same or widening(after, before)


def test_a_null_that_counts_as_zero_does_not_imply_existence():
    assert widening(condition("exists"), condition("lt", 5))


@pytest.mark.parametrize(
    ("shapes", "payload", "reason"),
    [
        (TRUST, {"trust_score": 42}, "The trust score is 42, below the minimum of 70."),
        ({"trust_score": {"max": 70}}, {"trust_score": 82}, "The trust score is 82, above the maximum of 70."),
        (
            TRUST,
            {"trust_score": None},
            "There is no trust score, and a webhook with a trust filter only takes conversations that have one.",
        ),
        (
            TRUST,
            {"trust_score": "82"},
            'The trust score is "82", which is not a number, so the trust filter cannot pass.',
        ),
        (
            {"trust_score": {"max": 70}},
            {"trust_score": -(10**400)},
            "The trust score is -Infinity, which is not a number, so the trust filter cannot pass.",
        ),
        (
            {"tag_filter": {"match": "any", "tags": ["pricing", "churn"]}},
            {"tags": ["onboarding"]},
            "The conversation carries `onboarding`; none of `pricing`, `churn` is among them.",
        ),
        (
            {"tag_filter": {"match": "any", "tags": ["pricing"]}},
            {"tags": ["onboarding", "praise"]},
            "The conversation carries `onboarding`, `praise`; `pricing` is not among them.",
        ),
        (
            {"tag_filter": {"match": "all", "tags": ["pricing", "churn"]}},
            {"tags": ["pricing"]},
            "The conversation carries `pricing`; `churn` is missing, and all are needed.",
        ),
        (
            {"tag_filter": {"match": "all", "tags": ["pricing", "churn"]}},
            {},
            "The conversation carries no tags; the filter needs all of `pricing`, `churn`.",
        ),
        (
            {"event_filter": {"mode": "include", "events": ["identify"]}},
            {},
            "The event type `purchase` is not among the selected `identify`.",
        ),
        ({"event_filter": {"mode": "exclude", "events": ["purchase"]}}, {}, "The event type `purchase` is excluded."),
        (
            {"event_filter": {"mode": "exclude", "events": []}},
            {},
            "The filter excludes but lists no event types; an empty exclude list sends nothing, not even `purchase`.",
        ),
    ],
)
def test_a_rejection_says_what_was_found_and_what_was_wanted(
    shapes: dict[str, Any], payload: dict[str, Any], reason: str
):
    assert explain(of(**shapes), "purchase", payload).failures() == [reason]


@pytest.mark.parametrize(
    ("shapes", "payload"),
    [
        ({}, {}),
        (TRUST, {"trust_score": 70}),
        ({"trust_score": {"min": 10, "max": 70}}, {"trust_score": 70}),
        ({"trust_score": {"min": 0}}, {"trust_score": 0}),
        ({"tag_filter": {"match": "any", "tags": ["pricing", "churn"]}}, {"tags": ["churn", "x"]}),
        ({"tag_filter": {"match": "all", "tags": ["pricing", "churn"]}}, {"tags": ["churn", "pricing"]}),
        ({"event_filter": {"mode": "exclude", "events": ["identify"]}}, {}),
        ({"event_filter": {"mode": "include", "events": ["identify", "purchase"]}}, {}),
    ],
)
def test_what_meets_every_filter_matches(shapes: dict[str, Any], payload: dict[str, Any]):
    assert matches(of(**shapes), "purchase", payload)


def test_filters_that_say_nothing_are_none():
    filters = of(tag_filter={"match": "any", "tags": []}, trust_score={"min": None, "max": None})
    assert filters == FilterSet()
