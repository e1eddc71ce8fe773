"""Limits that several workers keep together."""

from hypothesis import given
from hypothesis import strategies as st

from rules.shares import Place, place_among, share_of


@given(st.integers(0, 1_000), st.text(max_size=30), st.integers(1, 40))
def test_shares_add_up_to_the_whole_and_differ_by_one_at_most(whole: int, webhook_id: str, workers: int):
    shares = [share_of(whole, webhook_id, Place(rank, workers)) for rank in range(workers)]
    assert sum(shares) == whole
    assert max(shares) - min(shares) <= 1


def test_webhooks_that_allow_one_request_are_not_all_one_worker_s():
    served = [sum(share_of(1, f"wh_{n}", Place(rank, 4)) for n in range(400)) for rank in range(4)]
    assert sum(served) == 400
    assert min(served) > 50


@given(st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=10))
def test_every_worker_has_a_place_of_its_own(alive: set[str]):
    places = [place_among(one, list(alive)) for one in alive]
    assert sorted(place.rank for place in places) == list(range(len(alive)))
    assert {place.workers for place in places} == {len(alive)}


def test_a_worker_that_is_not_listed_counts_itself():
    assert place_among("b", ["a", "c"]) == Place(1, 3)
    assert place_among("a", []) == Place(0, 1)
