"""What differs between two records, as JSON sees it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.changes import diff, only_differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (0, False), (True, 1), ([1], [True]), ({"x": 0}, {"x": False}), ("1", 1), (None, 0)],
)
def test_true_is_not_one(before: Any, after: Any):
    [change] = diff({"field": before}, {"field": after})
    assert (change.before, change.after) == (before, after)
    assert change.before is before


def test_a_whole_number_is_the_same_however_it_is_written():
    assert diff({"rate": 5, "retry": {"base": [2]}}, {"rate": 5.0, "retry": {"base": [2.0]}}) == []


@given(RECORDS)
def test_a_record_does_not_differ_from_itself(record: dict[str, Any]):
    assert diff(record, json.loads(json.dumps(record))) == []


@given(RECORDS, RECORDS)
def test_what_differs_is_all_that_differs(before: dict[str, Any], after: dict[str, Any]):
    old, new = only_differences(before, after)
    assert old is not None
    assert new is not None
    patched = {**before, **new}
    for name in before.keys() | after.keys():
        assert diff({name: patched.get(name)}, {name: after.get(name)}) == []
