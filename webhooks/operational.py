"""Operational events about webhooks: what is told of one that fails, is switched off, or recovers (E07).

A condition is an alert that stays open as long as it lasts: `endpoint.failing`, `endpoint.disabled`. What just happens
is one that is closed at once: `endpoint.recovered`. Opening and closing an alert each store an operational event, in
the same transaction, for the operational webhooks of the workspace.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.alerting import Topic
from rules.alerting_words import one_line
from rules.auto_disable import DisabledReason, disable_at, reason_of
from rules.times import time_text
from store import alerts as store
from store.pages import Row
from webhooks.alert_events import publish

_AUTOMATIC: Final = frozenset({DisabledReason.GONE, DisabledReason.FAILING})
_WHILE_LIVE: Final = (Topic.FAILING, Topic.RATE, Topic.TYPE)
_OF_WEBHOOK: Final = (*_WHILE_LIVE, Topic.DISABLED)


async def tell_failing(connection: AsyncConnection, row: Row, now: datetime, *, console: str) -> None:
    """Open the alert that a webhook goes on failing; it needs its id, name, counters and `auto_disable_hours`.

    Args:
        connection: The transaction of the failure.
        row: The webhook.
        now: When.
        console: Where the console is, for the link to Fix it.

    """
    ends = disable_at(row["failing_since"], row["auto_disable_hours"])
    details = {**_details(row), "disables_at": time_text(ends)}
    alert = about(row, Topic.FAILING, row["last_cause"], details)
    await open_alert(connection, alert, now, console=console)


async def tell_recovered(
    connection: AsyncConnection, webhook_ids: Collection[str], now: datetime, *, console: str
) -> None:
    """Close the alerts that webhooks were failing, and say of each that it has recovered."""
    for alert in await store.close_of_webhooks(connection, [Topic.FAILING], webhook_ids, now, mail=False):
        kept = {name: alert["details"].get(name) for name in ("webhook_name", "failing_since")}
        event = {**alert, "topic": str(Topic.RECOVERED), "cause": None, "details": kept}
        told = alert["mailed_at"] is not None
        recovered = await store.add_closed(connection, event, now, mail=told)
        await publish(connection, [recovered], now, console=console, resolves=alert["id"])


async def follow(connection: AsyncConnection, row: Row, after: Row, now: datetime, *, console: str) -> None:
    """Let a webhook's alerts follow a change of it: `endpoint.disabled` is open while it is so automatically."""
    deleted = after["deleted_at"] is not None
    reason = reason_of(after)
    if (reason, deleted) == (reason_of(row), row["deleted_at"] is not None):
        return
    automatic = not deleted and reason in _AUTOMATIC
    over = _WHILE_LIVE if automatic else _OF_WEBHOOK
    closed = await store.close_of_webhooks(connection, over, [row["id"]], now, mail=not automatic)
    await publish(connection, closed, now, console=console)
    if automatic:
        details = {**_details(row), "reason": reason, "auto_disable_hours": row["auto_disable_hours"]}
        alert = about(after, Topic.DISABLED, row["last_cause"], details)
        await open_alert(connection, alert, now, console=console)


async def open_alert(connection: AsyncConnection, alert: Mapping[str, Any], now: datetime, *, console: str) -> bool:
    """Open an alert and tell of it, or bring the open one of its subject up to date; says whether it is new."""
    opened = await store.open_(connection, alert, now)
    if opened is not None:
        await publish(connection, [opened], now, console=console)
    return opened is not None


async def close_alert(connection: AsyncConnection, alert_id: str, now: datetime, *, console: str) -> bool:
    """Close an alert and tell of it; says whether it was still open."""
    closed = await store.close(connection, alert_id, now)
    if closed is not None:
        await publish(connection, [closed], now, console=console)
    return closed is not None


def about(
    row: Row, topic: Topic, cause: str | None, details: dict[str, Any], *, subject: str | None = None
) -> dict[str, Any]:
    """Describe an alert about a webhook; `subject` is what of it, where that is not all."""
    kept = {"workspace_id": row["workspace_id"], "subject_id": subject or row["id"], "webhook_id": row["id"]}
    return {**kept, "topic": str(topic), "cause": cause, "details": details}


def _details(row: Row) -> dict[str, Any]:
    error = row["last_error"]
    return {
        "webhook_name": row["name"],
        "failing_since": time_text(row["failing_since"]),
        "consecutive_failures": row["consecutive_failures"],
        "last_error": error and one_line(error),
    }
