"""When to try again, and which failures are final (A06, B07, X06)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, Final, Literal

from rules.outcomes import Cause, Exchange, Fault, Reply

MAX_ASKED: Final = timedelta(hours=24)
MAX_DELAY: Final = timedelta(days=7)
MAX_LOCAL_FAULTS: Final = 1_440
_LONGEST_LOCAL_DELAY: Final = timedelta(minutes=1)
_GONE: Final = 410
_WAITING_STATUSES: Final = frozenset({429, 503})
_MAX_HEADER_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How failed attempts are repeated.

    Attributes:
        max_retries: Attempts after the first: 0 to 10.
        strategy: `exponential` waits `base_seconds ** attempt` seconds (2, 4, 8, 16 …); `schedule` waits
            `schedule[attempt - 1]` seconds, and its last entry from there on.
        base_seconds: The base of `exponential`.
        schedule: Seconds before each retry.
        jitter: The largest share, 0 to 1, by which a delay is stretched at random.
        retry_4xx: Whether 3xx and 4xx answers are transient; 410 never is.

    """

    max_retries: int = 3
    strategy: Literal["exponential", "schedule"] = "exponential"
    base_seconds: float = 2.0
    schedule: tuple[float, ...] = ()
    jitter: float = 0.0
    retry_4xx: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return the API's `retry` object."""
        return {
            "max_retries": self.max_retries,
            "strategy": self.strategy,
            "base_seconds": self.base_seconds,
            "schedule": list(self.schedule),
            "jitter": self.jitter,
            "retry_4xx": self.retry_4xx,
        }


def succeeded(exchange: Exchange) -> bool:
    """Say whether an exchange delivered: a complete 2xx reply, nothing else."""
    return isinstance(exchange, Reply) and 200 <= exchange.status < 300  # the 2xx range


def is_local(exchange: Exchange) -> bool:
    """Say whether an exchange failed through a fault of ours, for which the endpoint must not pay."""
    return isinstance(exchange, Fault) and exchange.cause is Cause.LOCAL_ERROR


def delay_after_local_fault(faults: int, rng: Random) -> timedelta | None:
    """Decide how long a delivery waits after a fault of ours, which spends no retry.

    Args:
        faults: How many times it has met one, this time included.
        rng: Where the jitter comes from, up to a fifth.

    Returns:
        1, 2, 4 … seconds, at most a minute before jitter; None after 1440 faults, for which it takes a day.

    """
    if faults > MAX_LOCAL_FAULTS:
        return None
    seconds = 2 ** min(max(faults, 1) - 1, 6)
    return min(timedelta(seconds=seconds), _LONGEST_LOCAL_DELAY) * (1 + 0.2 * rng.random())


def is_permanent(policy: RetryPolicy, exchange: Exchange) -> bool:
    """Say whether a failed exchange is final whatever the retries left: 410 always, 3xx and 4xx by the policy."""
    if isinstance(exchange, Fault):
        return False
    if exchange.status == _GONE:
        return True
    return not policy.retry_4xx and 300 <= exchange.status < 500  # 3xx and 4xx


def next_delay(
    policy: RetryPolicy, attempt: int, exchange: Exchange, rng: Random, *, now: datetime
) -> timedelta | None:
    """Decide how long to wait before the next attempt; None when there is none.

    Args:
        policy: The webhook's policy.
        attempt: The number of the attempt that just ended, from 1.
        exchange: What came of it.
        rng: Where the jitter comes from.
        now: The present, aware; a Retry-After date is measured from it.

    Returns:
        The delay, at most seven days before jitter, of which what Retry-After asks for is at most 24 hours after it;
        None after a success, a permanent failure or the last retry.

    """
    if succeeded(exchange) or attempt > policy.max_retries or is_permanent(policy, exchange):
        return None
    stretch = 1 + policy.jitter * rng.random() if policy.jitter else 1
    return max(_own_delay(policy, attempt) * stretch, min(_asked_delay(exchange, now) * stretch, MAX_ASKED))


def _own_delay(policy: RetryPolicy, attempt: int) -> timedelta:
    if policy.strategy == "schedule" and policy.schedule:
        seconds = policy.schedule[min(attempt, len(policy.schedule)) - 1]
    else:
        seconds = policy.base_seconds**attempt
    return timedelta(seconds=min(seconds, MAX_DELAY.total_seconds()))


def _asked_delay(exchange: Exchange, now: datetime) -> timedelta:
    if isinstance(exchange, Reply) and exchange.status in _WAITING_STATUSES:
        asked = parse_retry_after(exchange.headers.get("retry-after"), now=now)
        return asked or timedelta()
    return timedelta()


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110 §10.2.3): seconds or an HTTP date, 0 to 24 hours; None if it is neither."""
    text = (value or "").strip()
    if not text or len(text) > _MAX_HEADER_LENGTH or not text.isascii():
        return None
    if text.isdigit():
        return timedelta(seconds=min(int(text), MAX_ASKED.total_seconds()))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), MAX_ASKED)
