"""Alerts: what needs a person's attention, from when it began until it was over (E07).

Of one workspace, topic and subject, one alert is open at a time; the partial unique index sees to it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.ids import new_id
from store import dialect
from store.pages import Page, Row, fetch_page
from store.tables import Alert

alerts = Alert.__table__  # type: ignore[attr-defined]

_UPKEEP = timedelta(minutes=1)
_SUBJECT = ("workspace_id", "topic", "subject_id", "cause", "details")


async def open_(connection: AsyncConnection, alert: Mapping[str, Any], now: datetime) -> bool:
    """Open an alert, or bring the open one of the same subject up to date, once a minute; says whether it is new.

    Args:
        connection: The transaction of what it tells.
        alert: workspace_id, topic, subject_id, cause and details.
        now: When.

    """
    row = _row(alert, now, None)
    statement = dialect.insert(connection, alerts).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["workspace_id", "topic", "subject_id"],
        index_where=text("closed_at IS NULL"),
        set_={name: statement.excluded[name] for name in ("cause", "details", "last_at")},
        where=alerts.c.last_at <= now - _UPKEEP,
    )
    written = (await connection.execute(statement.returning(alerts.c.id))).scalar_one_or_none()
    return bool(written == row["id"])


async def add_closed(connection: AsyncConnection, alert: Mapping[str, Any], now: datetime) -> None:
    """Store something that has just happened and is over at once."""
    await connection.execute(insert(alerts), [_row(alert, now, now)])


async def close(
    connection: AsyncConnection, topics: Collection[str], subject_ids: Collection[str], now: datetime
) -> list[Row]:
    """Close the open alerts of some subjects; returns them."""
    statement = (
        update(alerts)
        .where(alerts.c.topic.in_(topics), alerts.c.subject_id.in_(subject_ids), alerts.c.closed_at.is_(None))
        .values(closed_at=now, last_at=now)
        .returning(*alerts.c)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def page(connection: AsyncConnection, workspace_id: str, limit: int, offset: int) -> Page[Row]:
    """List the alerts of a workspace, open and closed, newest first."""
    statement = select(alerts).where(alerts.c.workspace_id == workspace_id).order_by(alerts.c.id.desc())
    return await fetch_page(connection, statement, limit, offset)


def _row(alert: Mapping[str, Any], now: datetime, closed_at: datetime | None) -> dict[str, Any]:
    kept = {name: alert[name] for name in _SUBJECT}
    return {"id": new_id("alr"), **kept, "opened_at": now, "last_at": now, "closed_at": closed_at}
