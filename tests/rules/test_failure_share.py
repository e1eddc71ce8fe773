"""The share of failures over a recent window."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.failure_share import NOTHING, counted

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = timedelta(seconds=24)
BATCHES = st.lists(st.tuples(st.floats(0, 30), st.lists(st.booleans(), min_size=1, max_size=5)), max_size=20)


@given(BATCHES)
def test_counts_all_of_the_last_half_window_and_nothing_older_than_a_whole_one(batches: list[tuple[float, list[bool]]]):
    tally, now, history = NOTHING, NOW, list[tuple[datetime, bool]]()
    for pause, delivered in batches:
        now += timedelta(seconds=pause)
        tally = counted(tally, delivered, now=now, window=WINDOW)
        history += [(now, one) for one in delivered]
    failures, attempts = tally.within(now, WINDOW)
    surely = [one for at, one in history if now - at < WINDOW / 2]
    perhaps = [one for at, one in history if now - at < WINDOW]
    assert len(surely) <= attempts <= len(perhaps)
    assert surely.count(False) <= failures <= perhaps.count(False)


@given(st.lists(st.booleans(), max_size=50))
def test_within_half_a_window_every_attempt_counts_once(delivered: list[bool]):
    tally = counted(NOTHING, delivered, now=NOW, window=WINDOW)
    assert tally.within(NOW, WINDOW) == (delivered.count(False), len(delivered))


def test_after_a_window_nothing_is_left():
    tally = counted(NOTHING, [False] * 30, now=NOW, window=WINDOW)
    assert tally.within(NOW + WINDOW, WINDOW) == (0, 0)


def test_a_clock_that_is_set_back_loses_no_more_than_the_window():
    tally = counted(NOTHING, [False], now=NOW, window=WINDOW)
    earlier = NOW - timedelta(hours=1)
    assert counted(tally, [True], now=earlier, window=WINDOW).within(earlier, WINDOW) == (0, 1)
