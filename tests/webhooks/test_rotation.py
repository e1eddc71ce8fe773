from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import InvalidInput
from webhooks.profiles import PROFILES
from webhooks.secrets import Signing, choose, live, rotate

NOW = datetime(2026, 5, 8, 9, 30, tzinfo=UTC)
STANDARD = PROFILES["standard"]
STEPS = st.lists(st.tuples(st.integers(0, 604_800), st.integers(0, 604_800)), min_size=1, max_size=6)


@given(STEPS)
def test_what_was_replaced_signs_until_the_first_overlap_that_it_was_given_ends(steps: list[tuple[int, int]]):
    held, now = choose(STANDARD, Signing(), {"signing": "both"}), NOW
    ends: dict[str, datetime] = {}
    for wait, overlap in steps:
        now += timedelta(seconds=wait)
        for one in (*held.secrets, *held.keys):
            ends[one.value] = min(
                ends.get(one.value, datetime.max.replace(tzinfo=UTC)), now + timedelta(seconds=overlap)
            )
        held = rotate(STANDARD, held, None, timedelta(seconds=overlap), now)
        assert (held.secrets[0].expires_at, held.keys[0].expires_at) == (None, None)
        for kind in (held.secrets, held.keys):
            older = {one.value for one in live(kind, now)[1:]}
            assert older == {value for value, end in ends.items() if end > now and value[:5] == kind[0].value[:5]}


def test_a_repr_shows_neither_a_secret_nor_a_private_key():
    held = choose(STANDARD, Signing(), {"signing": "both"})
    assert held.secrets[0].value not in repr(held)
    assert held.keys[0].value not in repr(held)
    assert held.keys[0].public in repr(held)


@pytest.mark.parametrize("days", [-1, 8])
def test_an_overlap_is_at_most_seven_days(days: int):
    with pytest.raises(InvalidInput):
        rotate(STANDARD, Signing(), None, timedelta(days=days), NOW)
