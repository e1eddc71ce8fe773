"""Which alerts are to be mailed: claimed for a while, then marked, so that nothing is lost by a crash (E07)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.access import workspaces
from store.alerts import alerts
from store.pages import Row

_due = alerts.c.mail_due_at


async def forget(connection: AsyncConnection, now: datetime, over_since: datetime) -> int:
    """Give up mailing what has been over since then; returns how many."""
    stale = update(alerts).where(_due <= now, alerts.c.closed_at <= over_since).values(mail_due_at=None)
    return int((await connection.execute(stale)).rowcount)


async def forget_workspaces(connection: AsyncConnection, workspace_ids: Collection[str]) -> None:
    """Give up mailing what nobody is to be told."""
    mine = alerts.c.workspace_id.in_(workspace_ids)
    await connection.execute(update(alerts).where(_due.is_not(None), mine).values(mail_due_at=None))


async def workspaces_due(connection: AsyncConnection, now: datetime) -> list[str]:
    """Return the workspaces with something to be mailed now."""
    return await _workspaces(connection, _due <= now)


async def workspaces_mailed(connection: AsyncConnection, since: datetime) -> list[str]:
    """Return the workspaces of which something was mailed since then."""
    return await _workspaces(connection, alerts.c.mailed_at > since)


async def _workspaces(connection: AsyncConnection, which: Any) -> list[str]:
    """Tell repetitions apart here: for DISTINCT, SQLite would walk another index over all alerts."""
    found = (await connection.execute(select(alerts.c.workspace_id).where(which))).scalars()
    return list(dict.fromkeys(found))


async def claim(
    connection: AsyncConnection, workspace_ids: Collection[str], now: datetime, until: datetime, limit: int
) -> list[Row]:
    """Take alerts that are due, the oldest first, so that nobody else mails them before `until`.

    Returns:
        Their rows, with how often they were tried before and the `workspace_name`.

    """
    statement = (
        select(*alerts.c, workspaces.c.name.label("workspace_name"))
        .join(workspaces, workspaces.c.id == alerts.c.workspace_id)
        .where(_due <= now, alerts.c.workspace_id.in_(workspace_ids))
        .order_by(_due)
        .limit(limit)
    )
    rows: list[Row] = [dict(row) for row in (await connection.execute(statement)).mappings()]
    ids = [row["id"] for row in rows]
    taken = update(alerts).where(alerts.c.id.in_(ids))
    await connection.execute(taken.values(mail_due_at=until, mail_attempts=alerts.c.mail_attempts + 1))
    return rows


async def mark(connection: AsyncConnection, mailed: Sequence[Row], now: datetime) -> None:
    """Record that alerts were mailed; one that was mailed as open and is over by now is due again."""
    was_open = [row["id"] for row in mailed if row["closed_at"] is None]
    ended = case((alerts.c.id.in_(was_open) & alerts.c.closed_at.is_not(None), now), else_=null())
    statement = update(alerts).where(alerts.c.id.in_([row["id"] for row in mailed]))
    await connection.execute(statement.values(mailed_at=now, mail_due_at=ended, mail_attempts=0))


async def put_off(connection: AsyncConnection, ids: Collection[str], until: datetime) -> None:
    """Try alerts again later; what was given up meanwhile stays so."""
    again = update(alerts).where(alerts.c.id.in_(ids), _due.is_not(None)).values(mail_due_at=until)
    await connection.execute(again)
