"""Who may be delivered to now, and taking what is due: the worker's side of the queue.

The queue is walked along its indexes, never over its rows. A disabled webhook's deliveries are not in it (`run_at`
null); those of an open circuit breaker are, and are passed over by one look at the webhook's row.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import TextClause, bindparam, case, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.breaker import Breaker
from store.tables import Delivery, Webhook

deliveries = Delivery.__table__  # type: ignore[attr-defined]
webhooks = Webhook.__table__  # type: ignore[attr-defined]

IDS_AT_ONCE = 500

_STATEMENTS_KEPT = 512


class Lane(IntEnum):
    """Why a delivery waits. What has an ordering key stays in a lane of its own, or in that of its replay."""

    FIRST = 0
    RETRY = 1
    REPLAY = 2
    ORDERED = 3
    ORDERED_REPLAY = 4


class DueWebhook(NamedTuple):
    """A webhook with something due, in which lanes; `breaker_until` is past when its breaker is half-open."""

    id: str
    workspace_id: str
    updated_at: datetime
    breaker_until: datetime | None
    lanes: tuple[Lane, ...]


# Where `min` or EXISTS would do, `LIMIT 1` keeps PostgreSQL from reading all of a backlog that it has not counted yet.
QUEUED_WEBHOOKS = """waiting(webhook_id) AS (
    SELECT (SELECT webhook_id FROM deliveries WHERE run_at IS NOT NULL ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.webhook_id FROM deliveries d WHERE d.run_at IS NOT NULL AND d.webhook_id > waiting.webhook_id
            ORDER BY d.webhook_id LIMIT 1)
    FROM waiting WHERE waiting.webhook_id IS NOT NULL
)"""
_LANE_IS_DUE = """(SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.lane = {:d}
    AND d.worker_id IS NULL AND d.run_at IS NOT NULL AND d.run_at <= :now LIMIT 1)"""
_DUE = f"""
WITH RECURSIVE {QUEUED_WEBHOOKS}
SELECT w.id, w.workspace_id, w.updated_at, w.breaker_until,
    {", ".join(_LANE_IS_DUE.format(lane) for lane in Lane)}
FROM waiting JOIN webhooks w ON w.id = waiting.webhook_id
WHERE w.breaker_until IS NULL OR w.breaker_until <= :now
"""  # noqa: S608 - lanes are numbers of ours
_DUE_WEBHOOKS = (
    text(_DUE)
    .bindparams(bindparam("now", type_=deliveries.c.run_at.type))
    .columns(webhooks.c.id, webhooks.c.workspace_id, webhooks.c.updated_at, webhooks.c.breaker_until)
)


async def due_webhooks(connection: AsyncConnection, now: datetime) -> list[DueWebhook]:
    """List the webhooks that have something due, without those whose breaker is open."""
    found = []
    for row in await connection.execute(_DUE_WEBHOOKS, {"now": now}):
        lanes = tuple([lane for lane, is_due in zip(Lane, row[4:], strict=True) if is_due])
        if lanes:
            found.append(DueWebhook(row[0], row[1], row[2], row[3], lanes))
    return found


class Claimed(NamedTuple):
    """A delivery that a worker has claimed, with its event."""

    id: str
    workspace_id: str
    webhook_id: str
    event_id: str
    event_type: str
    attempts: int
    retries_used: int
    lane: int
    payload: str
    occurred_at: datetime


class Ask(NamedTuple):
    """The most to claim of one lane of one webhook."""

    webhook_id: str
    lane: Lane
    limit: int


async def claim(connection: AsyncConnection, worker_id: str, asks: Sequence[Ask], now: datetime) -> list[Claimed]:
    """Claim due deliveries of webhooks and lanes, the longest due of each first.

    All asks are one statement. For the lanes of what has an ordering key there is `store.ordered_claims`.
    """
    if not asks:
        return []
    asked: dict[str, Any] = {"now": now}
    if connection.dialect.name != "sqlite":
        return await claim_found(
            connection, worker_id, _ASKED, asked | {"asks": orjson.dumps([tuple(ask) for ask in asks]).decode()}
        )
    for number, ask in enumerate(asks):
        asked |= {f"webhook_{number}": ask.webhook_id, f"lane_{number}": int(ask.lane), f"limit_{number}": ask.limit}
    return await claim_found(connection, worker_id, _shares(len(asks)), asked)


SKIP_LOCKED = {"sqlite": "", "postgresql": "FOR UPDATE SKIP LOCKED"}
_FREE = "worker_id IS NULL AND run_at IS NOT NULL AND run_at <= :now"
_SHARE = f"""SELECT id FROM (
    SELECT id FROM deliveries WHERE webhook_id = :webhook_{{0}} AND lane = :lane_{{0}} AND {_FREE}
    ORDER BY run_at LIMIT :limit_{{0}}) AS share_{{0}}"""  # noqa: S608 - constants
# One statement for all numbers of asks, as PostgreSQL takes long to plan one of fifty parts. SQLite has no LATERAL.
_ASKED = f"""
SELECT share.id FROM json_array_elements(CAST(:asks AS json)) AS ask(said) CROSS JOIN LATERAL (
    SELECT id FROM deliveries
    WHERE webhook_id = ask.said->>0 AND lane = CAST(ask.said->>1 AS integer) AND {_FREE}
    ORDER BY run_at LIMIT CAST(ask.said->>2 AS integer) FOR UPDATE SKIP LOCKED
) AS share
"""  # noqa: S608 - constants


@cache
def _shares(count: int) -> str:
    return " UNION ALL ".join(_SHARE.format(number) for number in range(count))


# SQLite's rows come as one JSON text: its driver gives Python's lock away and takes it back for each row, and in a
# process that is busy sending, that takes longer than reading the text. It has its write lock since BEGIN, so nothing
# comes between finding what is due and claiming it.
_FOUND_ON_SQLITE = """
SELECT json_group_array(json_array({columns}, e.payload, e.occurred_at))
FROM deliveries d CROSS JOIN events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
WHERE d.id IN ({due})
"""
_TAKEN_ON_SQLITE = (
    "UPDATE deliveries SET worker_id = ?, key_under_way = ordering_key WHERE id IN (SELECT value FROM json_each(?))"
)
# Of a condition that tells it nothing, PostgreSQL expects few rows, and looks for each by its key.
_TAKEN_ON_POSTGRESQL = """
WITH due AS ({due}), d AS (
    UPDATE deliveries SET worker_id = :worker_id, key_under_way = ordering_key
    WHERE id IN (SELECT id FROM due WHERE id ^@ id) RETURNING *
)
SELECT {columns}, e.payload, e.occurred_at
FROM d JOIN events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
"""
_COLUMNS = ", ".join(f"d.{name}" for name in Claimed._fields if name in deliveries.c)


async def claim_found(connection: AsyncConnection, worker_id: str, due: str, asked: Mapping[str, Any]) -> list[Claimed]:
    """Claim the deliveries whose ids a query finds, given what it is to be asked with."""
    if connection.dialect.name != "sqlite":
        statement = _statement(_TAKEN_ON_POSTGRESQL, due)
        result = await connection.execute(statement, {**asked, "worker_id": worker_id})
        return [Claimed(*row) for row in result]
    found = await connection.execute(_statement(_FOUND_ON_SQLITE, due), asked)
    rows = [_claimed(values) for values in orjson.loads(found.scalar_one())]
    if rows:
        ids = orjson.dumps([row.id for row in rows]).decode()
        await connection.exec_driver_sql(_TAKEN_ON_SQLITE, (worker_id, ids))
    return rows


def _claimed(values: list[Any]) -> Claimed:
    values[-1] = datetime.fromisoformat(values[-1])
    return Claimed._make(values)


@lru_cache(maxsize=_STATEMENTS_KEPT)
def _statement(template: str, due: str) -> TextClause:
    now = bindparam("now", type_=deliveries.c.run_at.type)
    return text(template.format(columns=_COLUMNS, due=due)).bindparams(now)


class Standing(NamedTuple):
    """What decides about a webhook's claims, as it stands in a row that is locked."""

    updated_at: datetime
    breaker: Breaker
    consecutive_failures: int


_STANDING = select(
    webhooks.c.id,
    webhooks.c.updated_at,
    webhooks.c.breaker_until,
    webhooks.c.breaker_trips,
    webhooks.c.consecutive_failures,
).order_by(webhooks.c.id)


async def lock(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Standing]:
    """Lock webhooks until the transaction ends, in an order that all workers keep, and return how they stand."""
    statement = _STANDING.where(webhooks.c.id.in_(list(ids))).with_for_update(key_share=True)
    return _standings(await connection.execute(statement))


async def take(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Standing]:
    """Lock those of some webhooks that nobody else holds, without waiting, and return how they stand."""
    statement = _STANDING.where(webhooks.c.id.in_(list(ids))).with_for_update(key_share=True, skip_locked=True)
    return _standings(await connection.execute(statement))


def _standings(rows: Iterable[Any]) -> dict[str, Standing]:
    return {row[0]: Standing(row[1], Breaker(row[2], row[3]), row[4]) for row in rows}


async def set_breaker(connection: AsyncConnection, webhook_id: str, breaker: Breaker) -> None:
    """Write the state of a webhook's circuit breaker."""
    values = {"breaker_until": breaker.until, "breaker_trips": breaker.trips}
    await connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


async def give_back(connection: AsyncConnection, worker_id: str, ids: Sequence[str]) -> None:
    """Return claimed deliveries to the queue unattempted, or out of it where their webhook is disabled.

    A claim whose commit was not answered may still be under way. Locking the rows waits for its end, whichever it is.
    """
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = deliveries.c.id.in_(ids[start : start + IDS_AT_ONCE])
        await connection.execute(select(deliveries.c.id).where(some).order_by(deliveries.c.id).with_for_update())
        statement = update(deliveries).where(some, deliveries.c.worker_id == worker_id)
        await connection.execute(statement.values(worker_id=None, key_under_way=None, run_at=unless_parked()))


def unless_parked() -> Any:
    """Return the expression that keeps `run_at` where the webhook is live, and clears it where it is not."""
    live = select(webhooks.c.id).where(
        webhooks.c.id == deliveries.c.webhook_id, webhooks.c.enabled.is_(True), webhooks.c.deleted_at.is_(None)
    )
    return case((live.exists(), deliveries.c.run_at), else_=None)
