"""Operational events about webhooks: what is told of one that fails, is switched off, or recovers (E07).

A condition is an alert that stays open as long as it lasts: `endpoint.failing`, `endpoint.disabled`. What just happens
is one that is closed at once: `endpoint.recovered`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.auto_disable import DisabledReason, disable_at, reason_of
from rules.times import time_text
from store import alerts as store
from store.pages import Row

FAILING: Final = "endpoint.failing"
DISABLED: Final = "endpoint.disabled"
RECOVERED: Final = "endpoint.recovered"
_AUTOMATIC: Final = frozenset({DisabledReason.GONE, DisabledReason.FAILING})


async def tell_failing(connection: AsyncConnection, row: Row, now: datetime) -> None:
    """Open the alert that a webhook goes on failing; it needs its id, name, counters and `auto_disable_hours`."""
    ends = disable_at(row["failing_since"], row["auto_disable_hours"])
    details = {**_details(row), "disables_at": time_text(ends)}
    await store.open_(connection, _alert(row, FAILING, row["last_cause"], details), now)


async def tell_recovered(connection: AsyncConnection, webhook_ids: Collection[str], now: datetime) -> None:
    """Close the alerts that webhooks were failing, and say of each that it has recovered."""
    for alert in await store.close(connection, [FAILING], webhook_ids, now):
        kept = {name: alert["details"].get(name) for name in ("webhook_name", "failing_since")}
        event = {**alert, "topic": RECOVERED, "cause": None, "details": kept}
        await store.add_closed(connection, event, now)


async def follow(connection: AsyncConnection, row: Row, after: Row, now: datetime) -> None:
    """Let a webhook's alerts follow a change of it: `endpoint.disabled` is open while it is so automatically."""
    deleted = after["deleted_at"] is not None
    reason = reason_of(after)
    if (reason, deleted) == (reason_of(row), row["deleted_at"] is not None):
        return
    automatic = not deleted and reason in _AUTOMATIC
    over = [FAILING] if automatic else [FAILING, DISABLED]
    await store.close(connection, over, [row["id"]], now)
    if automatic:
        details = {**_details(row), "reason": reason, "auto_disable_hours": row["auto_disable_hours"]}
        await store.open_(connection, _alert(after, DISABLED, row["last_cause"], details), now)


def _alert(row: Row, topic: str, cause: str | None, details: dict[str, Any]) -> dict[str, Any]:
    kept = {"workspace_id": row["workspace_id"], "subject_id": row["id"]}
    return {**kept, "topic": topic, "cause": cause, "details": details}


def _details(row: Row) -> dict[str, Any]:
    return {
        "webhook_name": row["name"],
        "failing_since": time_text(row["failing_since"]),
        "consecutive_failures": row["consecutive_failures"],
        "last_error": row["last_error"],
    }
