"""Spans cover what they are asked to, once."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.spans import PARTS_AT_MOST, Span, missing_spans, width_days

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)
DAY = timedelta(days=1)
times = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware


def test_a_day_begins_at_midnight_utc():
    assert missing_spans(NOON, NOON + DAY, 1, []) == [
        Span(MIDNIGHT, MIDNIGHT + DAY),
        Span(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY),
    ]


def test_what_is_there_is_left_out_and_cuts():
    there = [Span(None, MIDNIGHT), Span(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)]
    [begin, *_] = found = missing_spans(MIDNIGHT - DAY, MIDNIGHT + 2 * DAY, 7, there)
    assert begin == Span(MIDNIGHT, MIDNIGHT + DAY)
    assert all(span.begin is not None and span.begin >= MIDNIGHT for span in found)


@given(times, st.integers(0, 60), st.lists(st.tuples(times, st.integers(1, 40), st.integers(1, 40)), max_size=4))
def test_every_time_is_in_one_span_and_none_in_two(
    first: datetime, days: int, earlier: list[tuple[datetime, int, int]]
):
    there: list[Span] = []
    for begin, length, width in earlier:
        there += missing_spans(begin, begin + length * DAY, width, there)
    there += missing_spans(first, first + days * DAY, 1 + days % 9, there)
    ordered = sorted((span.begin, span.end) for span in there if span.begin and span.end)
    assert len(ordered) == len(there)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ordered))
    for moment in (first, first + days * DAY, *(begin for begin, _, _ in earlier)):
        assert sum(begin <= moment < end for begin, end in ordered) == 1
    assert not missing_spans(first, first + days * DAY, 1 + days % 9, there)


@pytest.mark.parametrize(("kept", "width"), [(1, 1), (30, 1), (62, 1), (63, 2), (365, 6), (3650, 59), (0, 28)])
def test_long_retention_makes_parts_wider_not_more(kept: int, width: int):
    assert width_days(kept) == width
    assert kept / width <= PARTS_AT_MOST
