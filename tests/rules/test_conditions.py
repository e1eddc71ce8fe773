from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions import MISSING, OPERATORS, Condition, check, holds, lookup

PURCHASE: dict[str, Any] = {
    "event_name": "purchase",
    "properties": {"value": "149.50", "items": [{"product_id": "sku_7"}], "coupon": None, "tags": ["new", 5]},
}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "0", "1", "00", "-1", "²"]), min_size=1, max_size=3).map(".".join)
CONDITIONS = st.builds(Condition, PATHS, st.sampled_from(OPERATORS), JSON_VALUES)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("properties.items.0.product_id", "sku_7"),
        ("properties.items.1.product_id", MISSING),
        ("properties.items.00.product_id", MISSING),
        ("properties.items.-1.product_id", MISSING),
        ("properties.items.²", MISSING),
        ("properties.items.99999999999999999999", MISSING),
        ("properties.coupon", None),
        ("properties.coupon.code", MISSING),
        ("event_name.0", MISSING),
        ("", MISSING),
    ],
)
def test_a_path_leads_to_a_value_or_nowhere(path: str, found: Any):
    assert lookup(PURCHASE, path) is found or lookup(PURCHASE, path) == found


@pytest.mark.parametrize(
    ("operator", "field", "value", "passed", "reason"),
    [
        ("eq", "properties.value", 149.5, True, '`properties.value` is "149.50", which equals 149.5.'),
        ("eq", "properties.value", 100, False, '`properties.value` is "149.50", which does not equal 100.'),
        ("eq", "properties.none", None, True, "`properties.none` is missing, which equals null."),
        ("ne", "event_name", "purchase", False, '`event_name` is "purchase", which equals "purchase".'),
        ("gt", "properties.value", 200, False, '`properties.value` is "149.50", which is not greater than 200.'),
        ("gte", "properties.value", 100, True, '`properties.value` is "149.50", which is at least 100.'),
        (
            "lt",
            "event_name",
            5,
            False,
            '`event_name` is "purchase", which is not a number and so cannot be less than 5.',
        ),
        (
            "lte",
            "properties.x",
            5,
            False,
            "`properties.x` is missing, which is not a number and so cannot be at most 5.",
        ),
        ("lte", "properties.coupon", 5, True, "`properties.coupon` is null, which is at most 5."),
        ("gt", "properties.value", "x", False, '`properties.value` is "149.50", but the expected "x" is not a number.'),
        ("exists", "properties.coupon", None, False, "`properties.coupon` is null."),
        ("exists", "properties.x", None, False, "`properties.x` is missing from the payload."),
        ("exists", "event_name", None, True, '`event_name` exists: it is "purchase".'),
        ("contains", "event_name", "chase", True, '`event_name` is "purchase", which contains "chase".'),
        ("contains", "properties.tags", "5", False, '`properties.tags` is ["new",5], which does not contain "5".'),
        ("contains", "properties.tags", 5, True, '`properties.tags` is ["new",5], which contains 5.'),
        (
            "contains",
            "properties.coupon",
            "x",
            False,
            '`properties.coupon` is null: neither a text nor a list that could contain "x".',
        ),
    ],
)
def test_each_operator_explains_itself(operator: str, field: str, value: Any, *, passed: bool, reason: str):
    result = check(Condition(field, operator, value), PURCHASE)
    assert (result.passed, result.reason) == (passed, reason)


def test_a_missing_value_is_reported_as_null():
    assert check(Condition("nowhere", "exists"), PURCHASE).as_dict() == {
        "field": "nowhere",
        "operator": "exists",
        "value": None,
        "passed": False,
        "actual": None,
        "reason": "`nowhere` is missing from the payload.",
    }


def test_a_long_value_is_cut_in_the_sentence_but_not_in_the_result():
    result = check(Condition("text", "eq", "y"), {"text": "x" * 5000})
    assert len(result.reason) < 200
    assert result.actual == "x" * 5000


@given(CONDITIONS, JSON_VALUES)
def test_the_fast_path_agrees_with_the_explanation(condition: Condition, value: Any):
    payload = {"a": value}
    assert holds(condition, payload) is check(condition, payload).passed


@given(CONDITIONS, JSON_VALUES)
def test_every_reason_is_a_sentence_about_the_field(condition: Condition, value: Any):
    reason = check(condition, {"a": value}).reason
    assert reason.startswith(f"`{condition.field}` ")
    assert reason.endswith(".")


@given(PATHS, JSON_VALUES, JSON_VALUES)
def test_ne_is_the_opposite_of_eq(path: str, expected: Any, value: Any):
    payload = {"a": value}
    assert holds(Condition(path, "ne", expected), payload) is not holds(Condition(path, "eq", expected), payload)


@given(JSON_VALUES, st.lists(st.sampled_from(["a", "b", "0"]), min_size=1, max_size=3))
def test_a_value_is_found_where_it_was_put(value: Any, steps: list[str]):
    payload: Any = value
    for step in reversed(steps):
        payload = [payload] if step == "0" else {step: payload}
    assert lookup(payload, ".".join(steps)) is value
