"""The queue and the log: deliveries and attempts. Who is claimed next is `store.claims`, by whom `store.workers`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, bindparam, case, delete, insert, null, select, update
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.ids import new_id
from store import dialect
from store.batches import write_many
from store.claims import IDS_AT_ONCE, Lane, give_back
from store.pages import Page, Row, fetch_page
from store.tables import Attempt, Delivery, Event, Webhook

deliveries = Delivery.__table__  # type: ignore[attr-defined]
attempts = Attempt.__table__  # type: ignore[attr-defined]
events = Event.__table__  # type: ignore[attr-defined]
webhooks = Webhook.__table__  # type: ignore[attr-defined]

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
    result = await connection.execute(_adding(connection.dialect), sorted(rows, key=itemgetter("workspace_id", "id")))
    return set(result.scalars())


@cache
def _adding(on: Dialect) -> Any:
    return dialect.insert(on, events).on_conflict_do_nothing().returning(events.c.id)


def new_delivery(event: Row, webhook_id: str, now: datetime) -> dict[str, Any]:
    """Make the delivery of an event to a webhook, due now and claimed by nobody; its ordering key is the event's."""
    key = event.get("ordering_key")
    return {
        "id": new_id("dlv"),
        "workspace_id": event["workspace_id"],
        "webhook_id": webhook_id,
        "event_id": event["id"],
        "event_type": event["type"],
        "status": "pending",
        "ordering_key": key,
        "lane": int(Lane.FIRST if key is None else Lane.ORDERED),
        "attempts": 0,
        "retries_used": 0,
        "run_at": now,
        "worker_id": None,
        "created_at": now,
    }


_NEW = ("id", "workspace_id", "webhook_id", "event_id", "event_type", "status", "ordering_key", "lane", "run_at")
_ADD = insert(deliveries).values(
    {name: bindparam(name) for name in (*_NEW, "worker_id", "attempts", "retries_used", "created_at")}
)


async def add(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Insert deliveries that `new_delivery` has made."""
    await write_many(connection, _ADD, rows)


async def give_back_if_stored(connection: AsyncConnection, worker_id: str, rows: Sequence[Row]) -> None:
    """Return new deliveries to the queue that were stored as claimed, if they were: their commit was not answered.

    It may still be under way. Storing them once more waits for its end; what that stores is taken away again.
    """
    missing = dialect.insert(connection.dialect, deliveries).on_conflict_do_nothing().returning(deliveries.c.id)
    added = set((await connection.execute(missing, sorted(rows, key=itemgetter("id")))).scalars())
    await connection.execute(delete(deliveries).where(deliveries.c.id.in_(added)))
    await give_back(connection, worker_id, [row["id"] for row in rows if row["id"] not in added])


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
        key_under_way=null(),
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


async def logged(connection: AsyncConnection, delivery_ids: Sequence[str]) -> set[tuple[str, int, datetime]]:
    """Return which attempts of some deliveries are in the log: their delivery, number, and beginning."""
    found: set[tuple[str, int, datetime]] = set()
    for start in range(0, len(delivery_ids), IDS_AT_ONCE):
        some = attempts.c.delivery_id.in_(delivery_ids[start : start + IDS_AT_ONCE])
        rows = await connection.execute(
            select(attempts.c.delivery_id, attempts.c.number, attempts.c.attempted_at).where(some)
        )
        found.update((row[0], row[1], row[2]) for row in rows)
    return found


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
    lanes = (Lane.RETRY, Lane.ORDERED) if statuses is None else (Lane.REPLAY, Lane.ORDERED_REPLAY)
    again = {"status": "pending", "run_at": now, "retries_used": 0, "finished_at": None, "lane": _lane_of(*lanes)}
    return int((await connection.execute(update(deliveries).where(*conditions).values(**again))).rowcount)


def _lane_of(lane: Lane, with_key: Lane) -> Any:
    return case((deliveries.c.ordering_key.is_(None), int(lane)), else_=int(with_key))


async def ids_to_replay(
    connection: AsyncConnection, workspace_id: str, filters: dict[str, Any], statuses: Sequence[str], limit: int
) -> list[str]:
    """Return the finished deliveries in a time range, oldest first."""
    statement = select(deliveries.c.id).where(*_conditions(workspace_id, filters), deliveries.c.status.in_(statuses))
    statement = statement.where(deliveries.c.last_cause.is_distinct_from(ERASED))
    return list((await connection.execute(statement.order_by(deliveries.c.id).limit(limit))).scalars())
