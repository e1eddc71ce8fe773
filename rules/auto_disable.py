"""When a webhook is switched off for its owner: its endpoint is gone, or has failed for too long (X06, E07)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

DEFAULT_HOURS: Final = 120
_NOTICE: Final = 0.5


class DisabledReason(StrEnum):
    """Why a webhook is disabled: somebody wanted it so, its endpoint answered 410 Gone, or it failed for too long."""

    USER = "user"
    GONE = "gone"
    FAILING = "failing"


class Step(StrEnum):
    """What a failure leads to."""

    WAIT = "wait"
    NOTICE = "notice"
    DISABLE = "disable"


def notice_at(failing_since: datetime, hours: int | None) -> datetime:
    """Return when people hear of a webhook that goes on failing: at half its time, or of the usual one without one."""
    return failing_since + timedelta(hours=hours or DEFAULT_HOURS) * _NOTICE


def disable_at(failing_since: datetime, hours: int | None) -> datetime | None:
    """Return from when on a failure disables the webhook; None when none ever does."""
    return None if hours is None else failing_since + timedelta(hours=hours)


def after_failure(failing_since: datetime, hours: int | None, now: datetime) -> Step:
    """Say what a failure leads to that came now, `failing_since` being the first of its streak."""
    end = disable_at(failing_since, hours)
    if end is not None and now >= end:
        return Step.DISABLE
    return Step.NOTICE if now >= notice_at(failing_since, hours) else Step.WAIT


def with_reason(row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Add to a webhook's new columns the reason that goes with switching it, where they do not name one."""
    enabled = values.get("enabled", row["enabled"])
    if enabled == row["enabled"]:
        return values
    return {"disabled_reason": None if enabled else str(DisabledReason.USER), **values}


def reason_of(row: Mapping[str, Any]) -> str | None:
    """Return why a webhook is disabled, of old rows too; None while it is enabled."""
    return None if row["enabled"] else row["disabled_reason"] or str(DisabledReason.USER)
