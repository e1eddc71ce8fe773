"""The share of failures among an endpoint's recent attempts (X06), counted in two halves of a sliding window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Tally:
    """Attempts of the last window, forgotten by halves: five numbers, however many attempts there are.

    Attributes:
        began: When the running half of the window began; None when nothing was counted.
        attempts: How many attempts ended in it.
        failures: How many of them failed.
        attempts_before: The same in the half before.
        failures_before: The same in the half before.

    """

    began: datetime | None = None
    attempts: int = 0
    failures: int = 0
    attempts_before: int = 0
    failures_before: int = 0

    def within(self, now: datetime, window: timedelta) -> tuple[int, int]:
        """Return failures and attempts: all of the last half window, none of before the window."""
        moved = _moved(self, now, window)
        return moved.failures + moved.failures_before, moved.attempts + moved.attempts_before


NOTHING: Final = Tally()


def counted(tally: Tally, delivered: Sequence[bool], *, now: datetime, window: timedelta) -> Tally:
    """Add attempts that have just ended, each delivered or failed, and forget what is older than the window."""
    moved = _moved(tally, now, window)
    attempts, failures = moved.attempts + len(delivered), moved.failures + delivered.count(False)
    return Tally(moved.began, attempts, failures, moved.attempts_before, moved.failures_before)


def _moved(tally: Tally, now: datetime, window: timedelta) -> Tally:
    half = window / 2
    if tally.began is None or not timedelta() <= now - tally.began < window:
        return Tally(now)
    if now - tally.began < half:
        return tally
    return Tally(tally.began + half, 0, 0, tally.attempts, tally.failures)
