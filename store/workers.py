"""Who delivers: the workers, their signs of life, and what the dead have left behind."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import dialect
from store.claims import IDS_AT_ONCE, deliveries, lock, unless_parked
from store.tables import Worker

workers = Worker.__table__  # type: ignore[attr-defined]

# Whatever is claimed is queued. Naming the first column lets SQLite find it along ix_deliveries_due.
_QUEUED = and_(deliveries.c.run_at.is_not(None), deliveries.c.webhook_id > "")
_ORPHANED = and_(deliveries.c.worker_id.is_not(None), deliveries.c.worker_id.not_in(select(workers.c.id)))


class Census(NamedTuple):
    """The ids of the workers that have lately given a sign of life, and of those that have not."""

    alive: list[str]
    silent: list[str]


async def beat(connection: AsyncConnection, worker_id: str, now: datetime) -> None:
    """Record that a worker is alive, by the database's clock: those of several hosts may differ."""
    at = dialect.clock(connection, now)
    statement = dialect.insert(connection.dialect, workers).values(id=worker_id, started_at=at, heartbeat_at=at)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"heartbeat_at": at}))


async def leave(connection: AsyncConnection, worker_id: str) -> None:
    """Forget a worker that stops; it holds nothing any more."""
    await connection.execute(delete(workers).where(workers.c.id == worker_id))


async def census(connection: AsyncConnection, now: datetime, silence: timedelta) -> Census:
    """Tell the workers that are alive from those that have been silent for longer than `silence`."""
    is_silent = workers.c.heartbeat_at < dialect.clock(connection, now, silence)
    rows = (await connection.execute(select(workers.c.id, is_silent))).all()
    return Census([id_ for id_, silent in rows if not silent], [id_ for id_, silent in rows if silent])


async def recover(connection: AsyncConnection, now: datetime, silence: timedelta, *, but: str = "") -> int:
    """Give back what workers hold that have been silent for longer than `silence`; returns how many deliveries.

    All that is queued is looked at: that takes long when it is millions. `but` is who asks.
    """
    silent = select(workers.c.id).where(workers.c.heartbeat_at < dialect.clock(connection, now, silence))
    gone = list(
        (await connection.execute(silent.where(workers.c.id != but).with_for_update(skip_locked=True))).scalars()
    )
    if not gone:
        return 0
    await connection.execute(delete(workers).where(workers.c.id.in_(gone)))
    return await release(connection, *gone)


async def release(connection: AsyncConnection, *worker_ids: str) -> int:
    """Give back everything that some workers have claimed; returns how many. All that is queued is looked at."""
    return await _release(connection, deliveries.c.worker_id.in_(worker_ids))


async def has_orphans(connection: AsyncConnection) -> bool:
    """Tell whether anything is claimed by a worker that nobody knows. All that is queued is looked at."""
    found = await connection.execute(select(deliveries.c.id).where(_QUEUED, _ORPHANED).limit(1))
    return found.first() is not None


async def release_orphans(connection: AsyncConnection) -> int:
    """Give back what is claimed by workers that nobody knows, even now; returns how many."""
    return await _release(connection, _ORPHANED)


async def _release(connection: AsyncConnection, theirs: ColumnElement[bool]) -> int:
    """Give back claims, with their webhooks locked.

    One that is being enabled would not see these deliveries, nor would they see it.
    """
    column = deliveries.c
    held = (await connection.execute(select(column.id, column.webhook_id).where(_QUEUED, theirs))).all()
    if not held:
        return 0
    await lock(connection, {row.webhook_id for row in held})
    given = 0
    for start in range(0, len(held), IDS_AT_ONCE):
        some = column.id.in_([row.id for row in held[start : start + IDS_AT_ONCE]])
        free = update(deliveries).where(some, theirs)
        free = free.values(worker_id=None, key_under_way=None, run_at=unless_parked())
        given += int((await connection.execute(free)).rowcount)
    return given


async def newest_heartbeat(connection: AsyncConnection) -> datetime | None:
    """Return when any worker was last alive, by our clock."""
    now = datetime.now(UTC)
    clock = type_coerce(dialect.clock(connection, now), workers.c.heartbeat_at.type)
    statement = select(workers.c.heartbeat_at, clock).order_by(workers.c.heartbeat_at.desc()).limit(1)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else now - (row[1] - row[0])
