from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.ranges import shown

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_a_refused_value_is_shown_as_it_is_up_to_80_characters(value: Any):
    whole = repr(value)
    assert len(shown(value)) <= 80
    assert shown(value) == whole or shown(value)[:70] == whole[:70]


@pytest.mark.parametrize("value", [[[]] * 1_000_000, {f"{at}": {} for at in range(200_000)}, "x" * 10_000_000])
def test_a_large_value_is_shown_in_no_time(value: Any):
    started = process_time()
    shown(value)
    assert process_time() - started < 2  # a quadratic way takes minutes
