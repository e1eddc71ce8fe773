"""Operational events: stored with their deliveries in the transaction of the alert that they tell of (E07)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.alerting_words import payload
from rules.filters import FilterSet, matches
from rules.ids import new_id
from store import access
from store import deliveries as delivery_store
from store import webhooks as webhook_store
from store.pages import Row
from webhooks.intake import payload_text

FILTERS = ("event_filter", "conditions", "tag_filter", "trust_score")


async def publish(
    connection: AsyncConnection, alerts: Sequence[Row], now: datetime, *, console: str, resolves: str | None = None
) -> None:
    """Store what alerts of one workspace tell, as they now are, for its operational webhooks.

    A webhook never hears of its own alerts. Nothing is stored where nobody listens: the alert itself is.

    Args:
        connection: The transaction that opened or closed them; workers find the deliveries within half a second.
        alerts: Their rows.
        now: When.
        console: Where the console is.
        resolves: The alert that this one ends.

    """
    if not alerts:
        return
    workspace_id = alerts[0]["workspace_id"]
    listeners = await webhook_store.operational(connection, workspace_id)
    if not listeners:
        return
    workspace = await access.workspace(connection, workspace_id) or {"id": workspace_id, "name": ""}
    subjects = {row["id"]: row for row in await webhook_store.by_ids(connection, _webhook_ids(alerts))}
    for alert in alerts:
        told = payload(alert, workspace=workspace, base=console, resolves=resolves)
        subject = subjects.get(alert["webhook_id"])
        perspective_id = None if subject is None else subject["perspective_id"]
        hearing = [row for row in listeners if _hears(row, alert, perspective_id, told)]
        if hearing:
            event = _event(alert, perspective_id, told, now)
            await delivery_store.add_events(connection, [event])
            deliveries = [delivery_store.new_delivery(event, row["id"], now) for row in hearing]
            await delivery_store.add(connection, deliveries)


def _webhook_ids(alerts: Sequence[Row]) -> list[str]:
    return [alert["webhook_id"] for alert in alerts if alert["webhook_id"] is not None]


def _hears(row: Row, alert: Row, perspective_id: str | None, told: dict[str, Any]) -> bool:
    """Say whether an operational webhook takes an event: not about itself, of its perspective, and by its filters."""
    if row["id"] == alert["webhook_id"] or row["perspective_id"] not in (None, perspective_id):
        return False
    return matches(FilterSet.of(**{name: row[name] for name in FILTERS}), str(alert["topic"]), told)


def _event(alert: Row, perspective_id: str | None, told: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "workspace_id": alert["workspace_id"],
        "id": new_id("evt"),
        "perspective_id": perspective_id,
        "type": str(alert["topic"]),
        "payload": payload_text(told),
        "ordering_key": None,
        "operational": True,
        "occurred_at": now,
        "created_at": now,
    }
