"""The numbers that alerts are judged by, read along indexes and no further back than they go (E07)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.alerting import Made
from rules.outcomes import Cause
from store.claims import QUEUED_WEBHOOKS, Lane
from store.tables import Attempt, Delivery, Webhook, Worker

_attempts = Attempt.__table__  # type: ignore[attr-defined]
_deliveries = Delivery.__table__  # type: ignore[attr-defined]
_webhooks = Webhook.__table__  # type: ignore[attr-defined]
_workers = Worker.__table__  # type: ignore[attr-defined]


class Busy(NamedTuple):
    """A webhook that was lately delivered to, with its counts since it was made."""

    id: str
    total: int
    successful: int


class Late(NamedTuple):
    """A webhook with something due, and since when, that nobody wished to wait."""

    webhook_id: str
    workspace_id: str
    name: str
    since: datetime


async def busy_webhooks(connection: AsyncConnection, since: datetime) -> list[Busy]:
    """List the live webhooks with an attempt since then that have ever failed: one look at each webhook's row."""
    column = _webhooks.c
    statement = select(column.id, column.total, column.successful).where(
        column.enabled.is_(True), column.deleted_at.is_(None), column.last_delivery_at >= since, column.failed > 0
    )
    return [Busy(*row) for row in await connection.execute(statement)]


async def newest_attempts(connection: AsyncConnection, webhook_id: str, since: datetime, limit: int) -> list[Made]:
    """Return the newest attempts of a webhook, newest first, without tests and without faults of ours."""
    column = _attempts.c
    statement = (
        select(column.event_type, column.status, column.cause, column.attempted_at)
        .where(
            column.webhook_id == webhook_id,
            column.attempted_at >= since,
            column.delivery_id.is_not(None),
            or_(column.cause.is_(None), column.cause != str(Cause.LOCAL_ERROR)),
        )
        .order_by(column.attempted_at.desc())
        .limit(limit)
    )
    return [Made(row[0], row[1] == "delivered", row[2], row[3]) for row in await connection.execute(statement)]


# Replays are paced, rate limits and parking are wished for, and what has an ordering key waits for what is before it:
# none of these is late. A key's turn is looked for among a webhook's 20 that are due the longest.
_WAITS = "d.webhook_id = w.id AND d.lane = {:d} AND d.worker_id IS NULL AND d.run_at IS NOT NULL"
_LONGEST = f"SELECT d.run_at FROM deliveries d WHERE {_WAITS} ORDER BY d.run_at LIMIT 1"  # noqa: S608 - text of ours
_ORDERED = f"""SELECT min(c.run_at) FROM (
        SELECT d.id, d.ordering_key, d.run_at FROM deliveries d WHERE {_WAITS.format(Lane.ORDERED)}
        ORDER BY d.run_at LIMIT 20
    ) c WHERE NOT EXISTS (
        SELECT 1 FROM deliveries e WHERE e.webhook_id = w.id AND e.ordering_key = c.ordering_key
            AND e.lane IN ({Lane.ORDERED:d}, {Lane.ORDERED_REPLAY:d})
            AND e.ordering_key IS NOT NULL AND e.finished_at IS NULL AND e.id < c.id
    )"""  # noqa: S608 - lanes are numbers of ours
_LATE = (
    text(f"""
WITH RECURSIVE {QUEUED_WEBHOOKS}, lanes AS (
    SELECT w.id, w.workspace_id, w.name,
        ({_LONGEST.format(Lane.FIRST)}) AS first_since,
        ({_LONGEST.format(Lane.RETRY)}) AS retry_since,
        ({_ORDERED}) AS ordered_since
    FROM waiting JOIN webhooks w ON w.id = waiting.webhook_id
    WHERE w.breaker_until IS NULL AND w.rate_limit_per_second IS NULL AND w.max_in_flight IS NULL
)
SELECT id, workspace_id, name, first_since, retry_since, ordered_since FROM lanes
WHERE first_since <= :since OR retry_since <= :since OR ordered_since <= :since
""")  # noqa: S608 - lanes are numbers of ours
    .bindparams(bindparam("since", type_=_deliveries.c.run_at.type))
    .columns(
        _webhooks.c.id,
        _webhooks.c.workspace_id,
        _webhooks.c.name,
        first_since=_deliveries.c.run_at.type,
        retry_since=_deliveries.c.run_at.type,
        ordered_since=_deliveries.c.run_at.type,
    )
)


async def late_webhooks(connection: AsyncConnection, since: datetime) -> list[Late]:
    """List the webhooks with something that has been due since then or longer, unless that was wished for.

    Not late are replays, whatever waits for its turn by ordering key, and all of a webhook that is parked or has a
    limit of its own. Two steps along an index for each webhook with anything in the queue.
    """
    found = []
    for row in await connection.execute(_LATE, {"since": since}):
        times: Sequence[datetime] = [moment for moment in row[3:] if moment is not None]
        found.append(Late(row[0], row[1], row[2], min(times)))
    return found


async def workers_alive(connection: AsyncConnection, since: datetime) -> int:
    """Count the workers with a heartbeat since then."""
    statement = select(func.count()).select_from(_workers).where(_workers.c.heartbeat_at >= since)
    return int((await connection.execute(statement)).scalar_one())
