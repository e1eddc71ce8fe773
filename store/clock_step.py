"""A clock that was set back: what was due by the old time must not wait until that time comes again."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import dialect
from store.tables import Delivery, Webhook, Worker

deliveries = Delivery.__table__  # type: ignore[attr-defined]
webhooks = Webhook.__table__  # type: ignore[attr-defined]
workers = Worker.__table__  # type: ignore[attr-defined]

_TOLERANCE = timedelta(seconds=1)


async def follow(connection: AsyncConnection, now: datetime) -> timedelta | None:
    """Set right what a clock that was set back has left in the future, if it was; call it before each heartbeat.

    A heartbeat in the future tells, be it of a living worker or of one that was killed before the machine came up with
    an earlier time. It is dated now: the living go on beating, the dead are found by their silence. On SQLite, whose
    clock is that of its one host, everything that waits is moved by the same step; on PostgreSQL, times of deliveries
    come from many hosts.

    Returns:
        By how much the clock was set back; None if it was not.

    """
    clock = type_coerce(dialect.clock(connection, now), workers.c.heartbeat_at.type)
    newest, today = (await connection.execute(select(func.max(workers.c.heartbeat_at), clock))).one()
    if newest is None or newest - today <= _TOLERANCE:
        return None
    step: timedelta = newest - today
    await connection.execute(update(workers).where(workers.c.heartbeat_at > today).values(heartbeat_at=today))
    if connection.dialect.name == "sqlite":
        for column in (deliveries.c.run_at, webhooks.c.breaker_until):
            await connection.execute(_earlier(column, today, step))
    return step


def _earlier(column: Any, now: datetime, step: timedelta) -> Any:
    """Return the statement that moves what is after `now` by a step, in the text that `store.moment` writes."""
    moved = func.strftime("%Y-%m-%dT%H:%M:%f", column, f"-{step.total_seconds():.3f} seconds").op("||")("000+00:00")
    return update(column.table).where(column > now).values({column: moved})
