"""The circuit breaker of an endpoint (X06): one that mostly fails is left alone, then tried with one delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final

from rules.failure_share import Tally

LONGEST_COOL_DOWN: Final = timedelta(minutes=15)
_LONGEST_WINDOW: Final = timedelta(minutes=1)
_UNTRIED: Final = timedelta(seconds=5)
_JITTER: Final = 0.2
_DOUBLINGS: Final = 16


class BreakerState(StrEnum):
    """Closed lets everything through, open nothing, half-open one delivery at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When an endpoint is left alone, and for how long.

    Attributes:
        consecutive_failures: Failed attempts in a row that open the breaker; 0 switches it off.
        cool_down_seconds: The first pause; each further one is twice as long, up to 15 minutes.
        failure_share: The share of failures, up to 1, among the attempts of `window` that opens it, too; 0: none does.
        minimum_attempts: How many attempts there must have been in `window` for that.

    """

    consecutive_failures: int = 10
    cool_down_seconds: float = 30.0
    failure_share: float = 0.75
    minimum_attempts: int = 20

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> "BreakerPolicy":
        """Read the column `webhooks.breaker`; null, as in rows from before there was a breaker, is the default."""
        return cls(**{name: value for name, value in (stored or {}).items() if name in cls.__slots__})

    def as_dict(self) -> dict[str, Any]:
        """Return the API's `circuit_breaker` object."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def enabled(self) -> bool:
        """Whether there is a breaker at all."""
        return self.consecutive_failures > 0

    @property
    def window(self) -> timedelta:
        """How far back the share is taken: no further than the shortest pause, whose cause is then forgotten."""
        return min(_LONGEST_WINDOW, timedelta(seconds=self.cool_down_seconds) * (1 - _JITTER))


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker as its webhook's row keeps it: open until when, and how often it has opened since the last success."""

    until: datetime | None = None
    trips: int = 0


CLOSED: Final = Breaker()


def breaker_state(policy: BreakerPolicy, breaker: Breaker, now: datetime) -> BreakerState:
    """Name the state of a breaker."""
    if not policy.enabled or breaker.until is None:
        return BreakerState.CLOSED
    return BreakerState.OPEN if breaker.until > now else BreakerState.HALF_OPEN


def after_attempts(
    policy: BreakerPolicy,
    breaker: Breaker,
    delivered: Sequence[bool],
    *,
    failures_before: int,
    tally: Tally,
    probed: bool,
    now: datetime,
    rng: Random,
) -> Breaker:
    """Decide what becomes of a breaker after attempts.

    Args:
        policy: The webhook's policy.
        breaker: The state before.
        delivered: Whether each attempt succeeded, in their order, without those that failed through a fault of ours.
        failures_before: Failed attempts in a row before these.
        tally: The attempts of the policy's window, these included.
        probed: Whether the half-open breaker's one delivery was among the attempts, or among our own faults.
        now: The present, aware.
        rng: Where the jitter of the cool-down comes from.

    Returns:
        The state after. A success closes what a row of failures opened, and the probe's success what a share of them
        did; a failure that was under way when the breaker opened changes nothing.

    """
    if not policy.enabled:
        return CLOSED
    succeeded = any(delivered)
    closes = succeeded and (probed or failures_before >= policy.consecutive_failures)
    reached = CLOSED if closes else breaker
    if reached.until is not None:
        if not probed:
            return reached
        return _tripped(policy, reached, now, rng) if delivered else Breaker(now + _UNTRIED, reached.trips)
    streak = _streak(delivered) + (0 if succeeded else failures_before)
    too_many = streak >= policy.consecutive_failures or _mostly_fails(policy, tally, now)
    opens = bool(delivered) and not delivered[-1] and too_many
    return _tripped(policy, reached, now, rng) if opens else reached


def _mostly_fails(policy: BreakerPolicy, tally: Tally, now: datetime) -> bool:
    failures, attempts = tally.within(now, policy.window)
    return attempts >= policy.minimum_attempts and failures / attempts >= policy.failure_share > 0


def _tripped(policy: BreakerPolicy, breaker: Breaker, now: datetime, rng: Random) -> Breaker:
    return Breaker(now + cool_down(policy, breaker.trips + 1, rng), breaker.trips + 1)


def cool_down(policy: BreakerPolicy, trip: int, rng: Random) -> timedelta:
    """Return how long the breaker stays open at its `trip`th opening, from 1; up to a fifth is taken off at random."""
    first = timedelta(seconds=policy.cool_down_seconds)
    longest = max(first, LONGEST_COOL_DOWN)
    pause: timedelta = min(longest, first * 2 ** min(trip - 1, _DOUBLINGS))
    return pause * (1 - _JITTER * rng.random())


def _streak(delivered: Sequence[bool]) -> int:
    streak = 0
    for one in reversed(delivered):
        if one:
            break
        streak += 1
    return streak
