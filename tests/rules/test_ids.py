from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rules.ids import first_id, new_id

MOMENTS = st.integers(min_value=0, max_value=2**48 * 1_000_000 - 1)


def test_ids_made_one_after_another_sort_in_that_order():
    made = [new_id("call") for _ in range(20_000)]
    assert all(earlier < later for earlier, later in pairwise(made))


@given(MOMENTS, MOMENTS)
def test_ids_sort_by_their_time_to_the_nanosecond(one: int, other: int):
    if one != other:
        assert (new_id("x", now_ns=one) < new_id("x", now_ns=other)) is (one < other)


@given(MOMENTS)
def test_ids_of_one_nanosecond_differ(moment: int):
    made = {new_id("x", now_ns=moment) for _ in range(50)}
    assert len(made) == 50
    assert {len(id_) for id_ in made} == {len("x_") + 26}


@given(st.integers(0, 4_000_000_000_000), st.integers(0, 999_999))
def test_the_first_id_of_a_time_parts_what_was_made_before_it_from_what_came_later(milliseconds: int, rest: int):
    first = first_id("x", datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))
    assert first <= new_id("x", now_ns=milliseconds * 1_000_000 + rest)
    assert milliseconds == 0 or new_id("x", now_ns=milliseconds * 1_000_000 - 1) < first
