from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call_widening import call_widening

REQUEST: dict[str, Any] = {
    "url": "https://erp.example.com/orders",
    "method": "POST",
    "headers": [{"key": "Accept", "value": "text/csv"}],
    "body": {"number": "$order_number", "lines": [1, {"note": "$note"}]},
}
NOW: dict[str, Any] = {"interpret_response": True, "confirm": True, "integration": REQUEST}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def changed(**request: Any) -> str | None:
    return call_widening(NOW, {**NOW, "integration": {**REQUEST, **request}})


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"method": "GET"},
        {"headers": []},
        {"headers": [{"key": "ACCEPT", "value": "text/csv"}]},
        {"body": None},
        {"body": {"number": "$order_number"}},
        {"body": {"lines": [1]}},
        {"responseDirective": "Say thanks."},
        {"timeout_ms": 1000},
    ],
)
def test_what_sends_no_more_needs_no_approval(request_: dict[str, Any]):
    assert changed(**request_) is None


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"url": "https://erp.example.com/v2/orders"}, "Change the URL of"),
        ({"url": "http://erp.example.com/orders"}, "Change the URL of"),
        ({"method": "DELETE"}, "Let DELETE be used by"),
        ({"headers": [{"key": "Accept", "value": "$token"}]}, "Send more than before with"),
        ({"body": {**REQUEST["body"], "more": True}}, "Send more than before with"),
        ({"body": {"number": "4711"}}, "Send more than before with"),
        ({"body": "number=$order_number"}, "Send more than before with"),
        ({"body": []}, "Send more than before with"),
    ],
)
def test_what_goes_elsewhere_or_sends_more_needs_approval(request_: dict[str, Any], reason: str):
    assert changed(**request_) == reason


@pytest.mark.parametrize("name", ["confirm", "interpret_response"])
def test_switching_a_safeguard_off_needs_approval_and_on_does_not(name: str):
    without = {**NOW, name: False}
    assert call_widening(NOW, without)
    assert call_widening(without, NOW) is None


@given(JSON, JSON)
def test_bodies_that_differ_cannot_both_be_changed_into_each_other_unasked(one: Any, other: Any):
    before, after = ({**NOW, "integration": {**REQUEST, "body": body}} for body in (one, other))
    if one != other and call_widening(before, after) is None:
        assert call_widening(after, before) is not None


@given(JSON)
def test_the_same_body_and_none_at_all_need_no_approval(body: Any):
    now = {**NOW, "integration": {**REQUEST, "body": body}}
    assert call_widening(now, now) is None
    assert call_widening(now, {**NOW, "integration": {**REQUEST, "body": None}}) is None
