"""Claiming what has an ordering key: of each key the oldest, one at a time, whether it is sent first or replayed."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.claims import SKIP_LOCKED, Ask, Claimed, Lane, claim_found, deliveries

# The keys of a lane are walked along ix_deliveries_ordered, whose first entry for a key is the one whose turn it is,
# unless the other lane has an older one. So the work is that of passing over keys that cannot go on, and over a bounded
# number of them, however long their queues are. Where `min` or NOT EXISTS would do, `LIMIT 1` keeps PostgreSQL from
# reading all of a replay that it has not counted yet. What is under way has an index of its own; a worker of a
# version that did not know of it may have left its mark there.
_WALKED_AT_ONCE = 256
_NEWEST = 64
_OF_LANE = "webhook_id = :webhook_id AND lane = {} AND ordering_key IS NOT NULL AND finished_at IS NULL"
_UNDER_WAY = """SELECT b.key_under_way FROM deliveries b
        WHERE b.webhook_id = :webhook_id AND b.key_under_way IS NOT NULL AND b.worker_id IS NOT NULL"""
_HEADS = """
WITH RECURSIVE keys(key, number) AS (
    SELECT (SELECT ordering_key FROM deliveries WHERE {of_lane} AND ordering_key > :after
            ORDER BY ordering_key LIMIT 1), 1
    UNION ALL
    SELECT (SELECT ordering_key FROM deliveries WHERE {of_lane} AND ordering_key > keys.key
            ORDER BY ordering_key LIMIT 1), number + 1
    FROM keys WHERE keys.key IS NOT NULL AND number < {most}
)
SELECT d.id, keys.key, keys.number
FROM keys LEFT JOIN deliveries d
    ON d.id = (SELECT id FROM deliveries WHERE {of_lane} AND ordering_key = keys.key ORDER BY id LIMIT 1)
    AND d.worker_id IS NULL AND d.run_at IS NOT NULL AND d.run_at <= :now
    AND (SELECT id FROM deliveries WHERE {of_other} AND ordering_key = keys.key AND id < d.id LIMIT 1) IS NULL
    AND keys.key NOT IN ({under_way})
WHERE keys.key IS NOT NULL AND (d.id IS NOT NULL OR keys.number = {most})
LIMIT :limit
"""


# Where a walk ends before the last key, what became due last need not wait until it comes there.
_NEW_HEADS = """
SELECT n.id FROM (
    SELECT id, ordering_key FROM deliveries WHERE webhook_id = :webhook_id AND lane = {lane}
        AND worker_id IS NULL AND run_at IS NOT NULL AND run_at <= :now
    ORDER BY run_at DESC LIMIT {newest}
) n
WHERE (SELECT id FROM deliveries WHERE {of_lane} AND ordering_key = n.ordering_key AND id < n.id LIMIT 1) IS NULL
    AND (SELECT id FROM deliveries WHERE {of_other} AND ordering_key = n.ordering_key AND id < n.id LIMIT 1) IS NULL
    AND n.ordering_key NOT IN ({under_way})
LIMIT :limit
"""


def _for_each_lane(sql: str) -> dict[Lane, TextClause]:
    found = {}
    for lane, other in ((Lane.ORDERED, Lane.ORDERED_REPLAY), (Lane.ORDERED_REPLAY, Lane.ORDERED)):
        of_lane, of_other = _OF_LANE.format(int(lane)), _OF_LANE.format(int(other))
        numbers = {"lane": int(lane), "most": _WALKED_AT_ONCE, "newest": _NEWEST}
        written = sql.format(of_lane=of_lane, of_other=of_other, under_way=_UNDER_WAY, **numbers)
        found[lane] = text(written).bindparams(bindparam("now", type_=deliveries.c.run_at.type))
    return found


_HEADS_OF = _for_each_lane(_HEADS)
_NEW_HEADS_OF = _for_each_lane(_NEW_HEADS)
ORDERED_LANES = frozenset(_HEADS_OF)


class Walk(NamedTuple):
    """How far a walk along a lane's keys has come: the last one, and whether nothing was found since its start."""

    after: str = ""
    found_nothing: bool = True

    @property
    def is_cut(self) -> bool:
        """Whether nothing was found yet and the end was not reached: there may be something further on."""
        return self.found_nothing and self.after != ""


async def claim_ordered(
    connection: AsyncConnection, worker_id: str, ask: Ask, now: datetime, walk: Walk
) -> tuple[list[Claimed], Walk]:
    """Claim the oldest open delivery of ordering keys that have none under way, where it is due and of the lane.

    The caller holds the webhook's row (`claims.take`), else two workers could take one key from both ends.

    Args:
        connection: In a writing transaction.
        worker_id: Who claims.
        ask: The webhook, the lane and the most to claim.
        now: The present.
        walk: Where the last call for the lane has ended, so that all keys get their turn.

    Returns:
        The claimed rows, and where to go on.

    """
    ids, walk = await _heads(connection, ask, now, walk)
    if not ids and walk.is_cut:
        asked = {"webhook_id": ask.webhook_id, "now": now, "limit": ask.limit}
        ids = list((await connection.execute(_NEW_HEADS_OF[ask.lane], asked)).scalars())
    if not ids:
        return [], walk
    chosen = {f"id_{number}": id_ for number, id_ in enumerate(ids)}
    due = _HEAD.format(", ".join(f":{name}" for name in chosen), SKIP_LOCKED[connection.dialect.name])
    return await claim_found(connection, worker_id, due, {"now": now, **chosen}), walk


async def _heads(connection: AsyncConnection, ask: Ask, now: datetime, walk: Walk) -> tuple[list[str], Walk]:
    """Walk on to the last key, and from the first one if some before were claimed; then the walk is over."""
    asked: dict[str, Any] = {"webhook_id": ask.webhook_id, "now": now}
    ids: list[str] = []
    while True:
        asked |= {"limit": ask.limit - len(ids), "after": walk.after}
        rows = (await connection.execute(_HEADS_OF[ask.lane], asked)).all()
        found = [row[0] for row in rows if row[0] is not None]
        ids += [id_ for id_ in found if id_ not in ids]
        if rows and (len(rows) == asked["limit"] or rows[-1][2] == _WALKED_AT_ONCE):
            return ids, Walk(rows[-1][1], walk.found_nothing and not found)
        if walk.found_nothing:
            return ids, Walk()
        walk = Walk()


_HEAD = "SELECT id FROM deliveries WHERE id IN ({}) AND worker_id IS NULL AND run_at <= :now {}"
