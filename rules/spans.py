"""Spans of days: how a log that grows by the day is divided into parts that are dropped whole."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

PARTS_AT_MOST: Final = 62
_WIDTH_FOR_EVER: Final = 28
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


class Span(NamedTuple):
    """From a time, up to but without another; None is without a bound."""

    begin: datetime | None
    end: datetime | None


def width_days(retention_days: int) -> int:
    """Return how many days a part holds: one, or more where that would be too many parts at once.

    Each part costs every query that does not name a time a look and some locks.

    Args:
        retention_days: How long the log is kept; 0 is for ever.

    """
    return 1 + (retention_days - 1) // PARTS_AT_MOST if retention_days else _WIDTH_FOR_EVER


def missing_spans(first: datetime, last: datetime, days: int, there: Iterable[Span]) -> list[Span]:
    """Return the spans to add so that every time from `first` to `last` is in one, none of them in two.

    They begin at midnight UTC at multiples of their width, which all processes agree on, and are cut where others are
    already: `days` may have been different then.

    Args:
        first: An aware time.
        last: The same, later.
        days: The width.
        there: What exists, in any order, without overlaps.

    """
    taken = sorted((begin or _BEGINNING, end or _END) for begin, end in there)
    found: list[Span] = []
    for begin, end in _aligned(first, last, days):
        at = begin
        for other_begin, other_end in taken:
            if other_end <= at or other_begin >= end:
                continue
            if other_begin > at:
                found.append(Span(at, other_begin))
            at = other_end
        if at < end:
            found.append(Span(at, end))
    return found


def _aligned(first: datetime, last: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    first = first.astimezone(UTC)
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    begin = midnight - timedelta(days=midnight.toordinal() % days)
    while begin <= last:
        yield begin, begin + timedelta(days=days)
        begin += timedelta(days=days)
