"""The queue and the log: deliveries, attempts, workers. Who is claimed next is `store.claims`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, bindparam, case, delete, insert, null, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import dialect
from store.batches import write_many
from store.claims import Lane, unless_parked
from store.pages import Page, Row, fetch_page
from store.tables import Attempt, Delivery, Event, Webhook, Worker

deliveries = Delivery.__table__  # type: ignore[attr-defined]
attempts = Attempt.__table__  # type: ignore[attr-defined]
events = Event.__table__  # type: ignore[attr-defined]
webhooks = Webhook.__table__  # type: ignore[attr-defined]
workers = Worker.__table__  # type: ignore[attr-defined]

COUNT_TO = 10_000  # counting a million entries of an index takes 150 ms
ERASED = "erased"  # the cause of deliveries whose content is gone: they cannot be sent again
_OPEN = ("pending", "retrying")
_CLOCKS_DIFFER = timedelta(days=1)


async def park(connection: AsyncConnection, webhook_id: str) -> None:
    """Take a webhook's open deliveries out of the queue; a claimed one is finished by whoever holds it."""
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.webhook_id == webhook_id, deliveries.c.run_at.is_not(None), deliveries.c.worker_id.is_(None)
        )
        .values(run_at=None)
    )


async def unpark(connection: AsyncConnection, webhook_id: str, now: datetime) -> None:
    """Put a webhook's parked deliveries back into the queue, due now."""
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.webhook_id == webhook_id,
            deliveries.c.run_at.is_(None),
            deliveries.c.worker_id.is_(None),
            deliveries.c.status.in_(_OPEN),
        )
        .values(run_at=now)
    )


async def add_events(connection: AsyncConnection, rows: Sequence[Row]) -> set[str]:
    """Insert events, passing over ids that the workspace already has; returns the ids that were new.

    They are inserted in one order by all, so that two batches with ids in common wait for each other one way only.
    """
    statement = dialect.insert(connection, events).on_conflict_do_nothing().returning(events.c.id)
    result = await connection.execute(statement, sorted(rows, key=itemgetter("workspace_id", "id")))
    return set(result.scalars())


async def add(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Insert deliveries."""
    if rows:
        await connection.execute(insert(deliveries), list(rows))


async def event(connection: AsyncConnection, workspace_id: str, event_id: str) -> Row | None:
    """Return an event of the workspace, or None."""
    statement = select(events).where(events.c.workspace_id == workspace_id, events.c.id == event_id)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def recent_events(
    connection: AsyncConnection,
    workspace_id: str,
    perspective_id: str | None,
    limit: int,
    *,
    operational: bool = False,
) -> list[Row]:
    """Return the newest events that a webhook of the perspective (None: of the workspace) hears."""
    statement = select(events).where(events.c.workspace_id == workspace_id, events.c.operational.is_(operational))
    if perspective_id is not None:
        statement = statement.where(events.c.perspective_id == perspective_id)
    result = await connection.execute(statement.order_by(events.c.created_at.desc(), events.c.id.desc()).limit(limit))
    return [dict(row) for row in result.mappings()]


_FINISH = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("finished_id"), deliveries.c.worker_id == bindparam("by"))
    .values(
        status=bindparam("new_status"),
        attempts=bindparam("made"),
        retries_used=bindparam("used"),
        lane=bindparam("next_lane"),
        run_at=bindparam("again_at"),
        worker_id=null(),
        finished_at=bindparam("ended_at"),
        last_status_code=bindparam("code"),
        last_error=bindparam("message"),
        last_cause=bindparam("named"),
    )
)


async def finish(connection: AsyncConnection, results: Sequence[Row], logged: Sequence[Row]) -> None:
    """Write a batch of results and their attempts; a delivery taken from its worker meanwhile is not touched."""
    await write_many(connection, _FINISH, results)
    await log(connection, logged)


_LOG = insert(attempts).values({column.name: bindparam(column.name) for column in attempts.c})


async def log(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Insert attempts."""
    await write_many(connection, _LOG, rows)


async def release(connection: AsyncConnection, *worker_ids: str) -> int:
    """Give back everything that some workers have claimed; returns how many.

    The webhooks are locked first: one that is being enabled would not see these deliveries, nor would they see it.
    """
    theirs = deliveries.c.worker_id.in_(worker_ids)
    held = select(deliveries.c.webhook_id).where(theirs)
    locked = select(webhooks.c.id).where(webhooks.c.id.in_(held)).order_by(webhooks.c.id)
    await connection.execute(locked.with_for_update(key_share=True))
    given = update(deliveries).where(theirs).values(worker_id=None, run_at=unless_parked())
    return int((await connection.execute(given)).rowcount)


async def beat(connection: AsyncConnection, worker_id: str, now: datetime) -> None:
    """Record that a worker is alive, by the database's clock: those of several hosts may differ."""
    at = dialect.clock(connection, now)
    statement = dialect.insert(connection, workers).values(id=worker_id, started_at=at, heartbeat_at=at)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"heartbeat_at": at}))


async def leave(connection: AsyncConnection, worker_id: str) -> None:
    """Forget a worker that stops."""
    await release(connection, worker_id)
    await connection.execute(delete(workers).where(workers.c.id == worker_id))


async def recover(connection: AsyncConnection, now: datetime, silence: timedelta) -> int:
    """Give back what workers hold that have been silent for longer than `silence`; returns how many deliveries."""
    silent = select(workers.c.id).where(workers.c.heartbeat_at < dialect.clock(connection, now, silence))
    gone = list((await connection.execute(silent.with_for_update(skip_locked=True))).scalars())
    if not gone:
        return 0
    await connection.execute(delete(workers).where(workers.c.id.in_(gone)))
    return await release(connection, *gone)


async def alive(connection: AsyncConnection) -> list[str]:
    """List the workers that are alive; in the transaction of `recover`, which forgets the silent ones."""
    return list((await connection.execute(select(workers.c.id))).scalars())


async def newest_heartbeat(connection: AsyncConnection) -> datetime | None:
    """Return when any worker was last alive, by our clock."""
    now = datetime.now(UTC)
    clock = type_coerce(dialect.clock(connection, now), workers.c.heartbeat_at.type)
    statement = select(workers.c.heartbeat_at, clock).order_by(workers.c.heartbeat_at.desc()).limit(1)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else now - (row[1] - row[0])


async def page(
    connection: AsyncConnection, workspace_id: str, filters: dict[str, Any], limit: int, offset: int
) -> Page[Row]:
    """List deliveries, newest first; `filters` may hold webhook_id, status, event_type, event_id, since and until."""
    return await fetch_page(connection, page_query(workspace_id, filters), limit, offset, count_to=COUNT_TO)


def page_query(workspace_id: str, filters: dict[str, Any]) -> Select[Any]:
    """Return the query of `page`, without limit and offset."""
    return select(deliveries).where(*_conditions(workspace_id, filters)).order_by(deliveries.c.id.desc())


def _conditions(workspace_id: str, filters: dict[str, Any]) -> list[Any]:
    conditions = [_of_webhook(workspace_id, filters.get("webhook_id"))]
    exact = ("status", "event_type", "event_id")
    conditions += [deliveries.c[name] == filters[name] for name in exact if filters.get(name) is not None]
    if filters.get("since") is not None:
        conditions.append(deliveries.c.created_at >= filters["since"])
    if filters.get("until") is not None:
        conditions.append(deliveries.c.created_at < filters["until"])
    return conditions


def _of_webhook(workspace_id: str, webhook_id: str | None) -> Any:
    """Name one workspace or one webhook of it, not both: SQLite would count along the index of the workspace."""
    if webhook_id is None:
        return deliveries.c.workspace_id == workspace_id
    known = select(webhooks.c.id).where(webhooks.c.id == webhook_id, webhooks.c.workspace_id == workspace_id)
    return deliveries.c.webhook_id == known.scalar_subquery()


async def get(connection: AsyncConnection, workspace_id: str, delivery_id: str) -> Row | None:
    """Return a delivery of the workspace, or None."""
    statement = select(deliveries).where(deliveries.c.workspace_id == workspace_id, deliveries.c.id == delivery_id)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def attempts_of(
    connection: AsyncConnection, delivery_id: str, *, since: datetime | None = None, count: int = 0
) -> list[Row]:
    """Return a delivery's attempts in order.

    With `since`, its creation, PostgreSQL looks only into what is from then on; if that is fewer than `count`, clocks
    may have differed by more than a day, and it looks everywhere.
    """
    statement = select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.number)
    if since is not None:
        late = statement.where(attempts.c.attempted_at >= since - _CLOCKS_DIFFER)
        rows: list[Row] = [dict(row) for row in (await connection.execute(late)).mappings()]
        if len(rows) >= count:
            return rows
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def attempt_page(connection: AsyncConnection, webhook_id: str, limit: int, offset: int) -> Page[Row]:
    """List a webhook's attempts, newest first, tests included."""
    statement = select(attempts).where(attempts.c.webhook_id == webhook_id)
    statement = statement.order_by(attempts.c.attempted_at.desc(), attempts.c.id.desc())
    return await fetch_page(connection, statement, limit, offset, count_to=COUNT_TO)


async def retry(
    connection: AsyncConnection, delivery_ids: Sequence[str], now: datetime, statuses: Sequence[str] | None = None
) -> int:
    """Make deliveries that nobody holds due now, with their retries restored; returns how many there were.

    With `statuses`, it is a replay, of those that had finished so before `now` only: another replay may have made them
    due meanwhile. Whoever asks for either wants it tried, so an open circuit breaker becomes half-open.
    """
    chosen = select(deliveries.c.webhook_id).where(deliveries.c.id.in_(delivery_ids))
    parked = update(webhooks).where(webhooks.c.id.in_(chosen), webhooks.c.breaker_until > now)
    await connection.execute(parked.values(breaker_until=now))
    unheld = deliveries.c.worker_id.is_(None)
    conditions = [deliveries.c.id.in_(delivery_ids), unheld, deliveries.c.last_cause.is_distinct_from(ERASED)]
    if statuses is not None:
        conditions += [deliveries.c.status.in_(statuses), deliveries.c.finished_at <= now]
    lane = Lane.RETRY if statuses is None else Lane.REPLAY
    again = {"status": "pending", "run_at": now, "retries_used": 0, "finished_at": None, "lane": _lane_of(lane)}
    return int((await connection.execute(update(deliveries).where(*conditions).values(**again))).rowcount)


def _lane_of(lane: Lane) -> Any:
    return case((deliveries.c.ordering_key.is_(None), int(lane)), else_=int(Lane.ORDERED))


async def ids_to_replay(
    connection: AsyncConnection, workspace_id: str, filters: dict[str, Any], statuses: Sequence[str], limit: int
) -> list[str]:
    """Return the finished deliveries in a time range, oldest first."""
    statement = select(deliveries.c.id).where(*_conditions(workspace_id, filters), deliveries.c.status.in_(statuses))
    statement = statement.where(deliveries.c.last_cause.is_distinct_from(ERASED))
    return list((await connection.execute(statement.order_by(deliveries.c.id).limit(limit))).scalars())
