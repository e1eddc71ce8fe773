"""Who may be delivered to now, and taking what is due: the worker's side of the queue.

The queue is walked along its indexes, never over its rows. A disabled webhook's deliveries are not in it (`run_at`
null); those of an open circuit breaker are, and are passed over by one look at the webhook's row.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import Row as SqlRow
from sqlalchemy import Select, bindparam, case, select, text, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.breaker import Breaker
from store.tables import Delivery, Event, Webhook

deliveries = Delivery.__table__  # type: ignore[attr-defined]
events = Event.__table__  # type: ignore[attr-defined]
webhooks = Webhook.__table__  # type: ignore[attr-defined]

_IDS_AT_ONCE = 500

ClaimedRow = SqlRow[Any]


class Lane(IntEnum):
    """Why a delivery waits. What has an ordering key stays in a lane of its own, whatever becomes of it."""

    FIRST = 0
    RETRY = 1
    REPLAY = 2
    ORDERED = 3


class DueWebhook(NamedTuple):
    """A webhook with something due, in which lanes; `breaker_until` is past when its breaker is half-open."""

    id: str
    workspace_id: str
    updated_at: datetime
    breaker_until: datetime | None
    lanes: tuple[Lane, ...]


_LANE_IS_DUE = """EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.lane = {:d}
    AND d.worker_id IS NULL AND d.run_at IS NOT NULL AND d.run_at <= :now)"""
_DUE = f"""
WITH RECURSIVE waiting(webhook_id) AS (
    SELECT min(webhook_id) FROM deliveries WHERE worker_id IS NULL AND run_at IS NOT NULL
    UNION ALL
    SELECT (SELECT min(d.webhook_id) FROM deliveries d
            WHERE d.worker_id IS NULL AND d.run_at IS NOT NULL AND d.webhook_id > waiting.webhook_id)
    FROM waiting WHERE waiting.webhook_id IS NOT NULL
)
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


_CLAIMED = [deliveries.c[name] for name in Claimed._fields if name in deliveries.c]


class Ask(NamedTuple):
    """The most to claim of one lane of one webhook."""

    webhook_id: str
    lane: Lane
    limit: int


async def claim(connection: AsyncConnection, worker_id: str, asks: Sequence[Ask], now: datetime) -> list[ClaimedRow]:
    """Claim due deliveries of webhooks and lanes, the longest due of each first; `with_events` completes them.

    All asks are one statement. For the lane `ORDERED` there is `claim_ordered`.
    """
    if not asks:
        return []
    shares = [_due_for(ask, now).with_for_update(skip_locked=True).subquery() for ask in asks]
    due = union_all(*[select(share.c.id) for share in shares]).cte("due")
    return await _take(connection, worker_id, select(due.c.id))


def _due_for(ask: Ask, now: datetime) -> Select[Any]:
    return (
        select(deliveries.c.id)
        .where(
            deliveries.c.webhook_id == ask.webhook_id,
            deliveries.c.lane == int(ask.lane),
            deliveries.c.worker_id.is_(None),
            deliveries.c.run_at.is_not(None),
            deliveries.c.run_at <= now,
        )
        .order_by(deliveries.c.run_at)
        .limit(ask.limit)
    )


# Keys are walked along ix_deliveries_ordered, whose first entry for a key is the one whose turn it is: the work is that
# of passing over keys that cannot go on, however long their queues are. What is under way is found along
# ix_deliveries_claimed; joining an empty text to the webhook's id keeps a planner from its whole history instead.
_OF_WEBHOOK = "webhook_id = :webhook_id AND ordering_key IS NOT NULL AND finished_at IS NULL"
_HEADS = f"""
WITH RECURSIVE keys(key) AS (
    SELECT min(ordering_key) FROM deliveries WHERE {_OF_WEBHOOK} AND ordering_key > :after
    UNION ALL
    SELECT (SELECT min(ordering_key) FROM deliveries WHERE {_OF_WEBHOOK} AND ordering_key > keys.key)
    FROM keys WHERE keys.key IS NOT NULL
)
SELECT d.id, keys.key
FROM keys CROSS JOIN deliveries d
WHERE keys.key IS NOT NULL
    AND d.id = (SELECT min(id) FROM deliveries WHERE {_OF_WEBHOOK} AND ordering_key = keys.key)
    AND d.worker_id IS NULL AND d.run_at IS NOT NULL AND d.run_at <= :now
    AND keys.key NOT IN (SELECT b.ordering_key FROM deliveries b WHERE b.worker_id IS NOT NULL
                         AND b.webhook_id || '' = :webhook_id AND b.ordering_key IS NOT NULL)
LIMIT :limit
"""  # noqa: S608 - a constant of ours
_HEADS_OF = text(_HEADS).bindparams(bindparam("now", type_=deliveries.c.run_at.type))


async def claim_ordered(
    connection: AsyncConnection, worker_id: str, webhook_id: str, *, limit: int, now: datetime, after: str
) -> tuple[list[ClaimedRow], str]:
    """Claim the oldest open delivery of up to `limit` ordering keys that have none under way and are due.

    The caller holds the webhook's row (`take`), else two workers could take one key from both ends.

    Args:
        connection: In a writing transaction.
        worker_id: Who claims.
        webhook_id: Whose deliveries.
        limit: The most to claim.
        now: The present.
        after: The key to go on from, so that all get their turn; empty to begin.

    Returns:
        The claimed rows, and the key to go on from.

    """
    asked = {"webhook_id": webhook_id, "now": now, "limit": limit}
    heads = [tuple(row) for row in await connection.execute(_HEADS_OF, {**asked, "after": after})]
    if after and len(heads) < limit:
        heads += [tuple(row) for row in await connection.execute(_HEADS_OF, {**asked, "after": ""})]
    heads = heads[:limit]
    if not heads:
        return [], ""
    due = select(deliveries.c.id).where(
        deliveries.c.id.in_([id_ for id_, _ in heads]), deliveries.c.worker_id.is_(None), deliveries.c.run_at <= now
    )
    return await _take(connection, worker_id, due.with_for_update(skip_locked=True)), heads[-1][1]


async def _take(connection: AsyncConnection, worker_id: str, due: Select[Any]) -> list[ClaimedRow]:
    statement = update(deliveries).where(deliveries.c.id.in_(due))
    result = await connection.execute(statement.values(worker_id=worker_id).returning(*_CLAIMED))
    return list(result.all())


async def with_events(connection: AsyncConnection, claimed: Sequence[ClaimedRow]) -> list[Claimed]:
    """Complete claimed rows with their events."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in claimed:
        wanted[row.workspace_id].add(row.event_id)
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for workspace_id, ids in wanted.items():
        statement = select(events.c.id, events.c.payload, events.c.occurred_at).where(
            events.c.workspace_id == workspace_id, events.c.id.in_(ids)
        )
        for id_, payload, occurred_at in await connection.execute(statement):
            found[workspace_id, id_] = (payload, occurred_at)
    return [Claimed(*row, *found[row.workspace_id, row.event_id]) for row in claimed]


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
    """Return claimed deliveries to the queue unattempted, or out of it where their webhook is disabled."""
    for start in range(0, len(ids), _IDS_AT_ONCE):
        statement = update(deliveries).where(
            deliveries.c.id.in_(ids[start : start + _IDS_AT_ONCE]), deliveries.c.worker_id == worker_id
        )
        await connection.execute(statement.values(worker_id=None, run_at=unless_parked()))


def unless_parked() -> Any:
    """Return the expression that keeps `run_at` where the webhook is live, and clears it where it is not."""
    live = select(webhooks.c.id).where(
        webhooks.c.id == deliveries.c.webhook_id, webhooks.c.enabled.is_(True), webhooks.c.deleted_at.is_(None)
    )
    return case((live.exists(), deliveries.c.run_at), else_=None)
