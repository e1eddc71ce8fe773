"""A webhook's health, folded from its attempts (B08, E06): counts, the last error, and the state people see."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

State = Literal["healthy", "failing", "disabled", "never"]
Icon = Literal["delivered", "failed", "retrying", "idle"]
LastStatus = Literal["delivered", "failed", "retrying"]


class AttemptResult(NamedTuple):
    """What health needs to know of one attempt; `status` is `retrying` when a failed attempt will be repeated."""

    status: LastStatus
    duration_ms: int
    at: datetime
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Counts over all attempts, and the last one's outcome.

    `last_error` and `last_cause` are None after a success; so is `failing_since`, when the present streak began.
    """

    total: int = 0
    successful: int = 0
    failed: int = 0
    consecutive_failures: int = 0
    total_ms: int = 0
    last_error: str | None = None
    last_cause: str | None = None
    last_status: LastStatus | None = None
    last_delivery_at: datetime | None = None
    failing_since: datetime | None = None

    @property
    def success_rate(self) -> float | None:
        """Percent of attempts that succeeded, to one decimal; None before the first."""
        return round(100 * self.successful / self.total, 1) if self.total else None

    @property
    def average_ms(self) -> int | None:
        """Mean duration of an attempt in milliseconds; None before the first."""
        return round(self.total_ms / self.total) if self.total else None

    def as_dict(self) -> dict[str, Any]:
        """Return the API's `health` object; the time as RFC 3339."""
        return {
            "total": self.total,
            "successful": self.successful,
            "failed": self.failed,
            "success_rate": self.success_rate,
            "average_ms": self.average_ms,
            "consecutive_failures": self.consecutive_failures,
            "last_error": self.last_error,
            "last_cause": self.last_cause,
            "last_delivery_at": self.last_delivery_at.isoformat() if self.last_delivery_at else None,
        }


def fold(health: Health, result: AttemptResult) -> Health:
    """Return the health after one more attempt."""
    delivered = result.status == "delivered"
    return Health(
        health.total + 1,
        health.successful + delivered,
        health.failed + (not delivered),
        0 if delivered else health.consecutive_failures + 1,
        health.total_ms + result.duration_ms,
        None if delivered else result.error,
        None if delivered else result.cause,
        result.status,
        result.at,
        None if delivered else health.failing_since or result.at,
    )


def fold_all(health: Health, results: Iterable[AttemptResult]) -> Health:
    """Return the health after several attempts, in their order: the same as folding them one by one."""
    total, successful, streak, total_ms = health.total, health.successful, health.consecutive_failures, health.total_ms
    since = health.failing_since
    last: AttemptResult | None = None
    for result in results:
        last = result
        total += 1
        total_ms += result.duration_ms
        if result.status == "delivered":
            successful += 1
            streak, since = 0, None
        else:
            streak, since = streak + 1, since or result.at
    if last is None:
        return health
    delivered = last.status == "delivered"
    error, cause = (None, None) if delivered else (last.error, last.cause)
    return Health(total, successful, total - successful, streak, total_ms, error, cause, last.status, last.at, since)


def cleared(health: Health) -> Health:
    """Return the health after a passing test (A09): the error state is gone, the counts stay."""
    status: LastStatus | None = "delivered" if health.total else None
    return replace(
        health, consecutive_failures=0, last_error=None, last_cause=None, last_status=status, failing_since=None
    )


def state(enabled: bool, health: Health) -> State:  # noqa: FBT001  # reads as the row it decides: (enabled, health)
    """Name the state of a webhook; a switched-off one is `disabled` whatever its history."""
    if not enabled:
        return "disabled"
    if not health.total:
        return "never"
    return "failing" if health.consecutive_failures else "healthy"


def status_icon(enabled: bool, health: Health) -> Icon:  # noqa: FBT001  # as above
    """Name the card's icon (B08): the last attempt's status, or `idle` when disabled or never tried."""
    return health.last_status if enabled and health.last_status else "idle"
