"""Alerts: what needs a person's attention, from when it began until it was over (E07).

Of one workspace, topic and subject, one alert is open at a time; the partial unique index sees to it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, insert, null, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.ids import new_id
from store import dialect
from store.pages import Page, Row, fetch_page
from store.tables import Alert

alerts = Alert.__table__  # type: ignore[attr-defined]

_UPKEEP = timedelta(minutes=1)
_COUNT_TO = 10_000
_KEPT = ("workspace_id", "topic", "subject_id", "webhook_id", "cause", "details")
_FOLLOWS = ("webhook_id", "cause", "details", "last_at")


async def open_(connection: AsyncConnection, alert: Mapping[str, Any], now: datetime) -> Row | None:
    """Open an alert, or bring the open one of the same subject up to date, once a minute; returns it if it is new.

    Args:
        connection: The transaction of what it tells.
        alert: workspace_id, topic, subject_id, webhook_id (or None), cause and details.
        now: When; it is to be mailed from then on.

    """
    row = _row(alert, now, None, mail=True)
    statement = dialect.insert(connection.dialect, alerts).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["workspace_id", "topic", "subject_id"],
        index_where=text("closed_at IS NULL"),
        set_={name: statement.excluded[name] for name in _FOLLOWS},
        where=alerts.c.last_at <= now - _UPKEEP,
    )
    written = (await connection.execute(statement.returning(alerts.c.id))).scalar_one_or_none()
    return row if written == row["id"] else None


async def add_closed(connection: AsyncConnection, alert: Mapping[str, Any], now: datetime, *, mail: bool) -> Row:
    """Store something that has just happened and is over at once; `mail` says whether it is to be mailed."""
    row = _row(alert, now, now, mail=mail)
    await connection.execute(insert(alerts), [row])
    return row


async def close_of_webhooks(
    connection: AsyncConnection, topics: Collection[str], webhook_ids: Collection[str], now: datetime, *, mail: bool
) -> list[Row]:
    """Close the open alerts of some webhooks; returns them as they were.

    Args:
        connection: The transaction of what ended them.
        topics: Of these topics.
        webhook_ids: Of these webhooks.
        now: When.
        mail: Whether it is mailed that one is over, which had been mailed when it began.

    """
    mine = alerts.c.webhook_id.in_(webhook_ids)
    return await _close(connection, [mine, alerts.c.topic.in_(topics)], now, mail=mail)


async def close(connection: AsyncConnection, alert_id: str, now: datetime) -> Row | None:
    """Close one alert, if it is still open; returns it as it was, or None."""
    closed = await _close(connection, [alerts.c.id == alert_id], now, mail=True)
    return closed[0] if closed else None


async def _close(connection: AsyncConnection, which: list[Any], now: datetime, *, mail: bool) -> list[Row]:
    due = case((alerts.c.mailed_at.is_not(None), now if mail else null()), else_=alerts.c.mail_due_at)
    statement = (
        update(alerts)
        .where(alerts.c.closed_at.is_(None), *which)
        .values(closed_at=now, last_at=now, mail_due_at=due, mail_attempts=0)
        .returning(*alerts.c)
    )
    return [{**row, "closed_at": now} for row in (await connection.execute(statement)).mappings()]


async def all_open(connection: AsyncConnection, topics: Collection[str]) -> list[Row]:
    """Return the open alerts of some topics, of all workspaces."""
    statement = select(alerts).where(alerts.c.closed_at.is_(None), alerts.c.topic.in_(topics))
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def page(
    connection: AsyncConnection,
    workspace_id: str,
    *,
    is_open: bool | None = None,
    topic: str | None = None,
    webhook_id: str | None = None,
    limit: int,
    offset: int,
) -> Page[Row]:
    """List the alerts of a workspace, newest first: all, or only open or closed ones, of one topic, of one webhook."""
    statement = select(alerts).where(alerts.c.workspace_id == workspace_id)
    if is_open is not None:
        statement = statement.where(alerts.c.closed_at.is_(None) if is_open else alerts.c.closed_at.is_not(None))
    if topic is not None:
        statement = statement.where(alerts.c.topic == topic)
    if webhook_id is not None:
        statement = statement.where(alerts.c.webhook_id == webhook_id)
    return await fetch_page(connection, statement.order_by(alerts.c.id.desc()), limit, offset, count_to=_COUNT_TO)


def _row(alert: Mapping[str, Any], now: datetime, closed_at: datetime | None, *, mail: bool) -> dict[str, Any]:
    kept = {name: alert[name] for name in _KEPT}
    times = {"opened_at": now, "last_at": now, "closed_at": closed_at, "mail_due_at": now if mail else None}
    return {"id": new_id("alr"), **kept, **times}
