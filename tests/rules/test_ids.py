from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rules.ids import new_id

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
