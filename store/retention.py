"""Pruning what is older than it is to be kept, a small batch at a time.

A batch is chosen without any lock, along a primary key (ids sort by time) or an index on times, from where the last one
ended: no row is looked at twice, and none that is not old. Then, in a transaction of its own, as much of it is deleted
as may still go and as nobody else holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Select, Table, and_, delete, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.ids import first_id
from store import dialect
from store.alerts import alerts
from store.conversations import INTERRUPTIONS
from store.deliveries import attempts, deliveries, events, webhooks
from store.sessions import calls
from store.tables import IdempotencyKey

idempotency_keys = IdempotencyKey.__table__  # type: ignore[attr-defined]

Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Old rows of one table: `order` is how they are walked, `old` which they are, `prunable` which of them may go.

    `prunable` names a row together with `id`; without `id`, all that are old may go, up to any place in the order.
    """

    table: Table
    order: tuple[Any, ...]
    old: Any
    id: Any = None
    prunable: Any = None
    part_of: Table | None = None

    @property
    def counted_as(self) -> str:
        """The name of the table, or of the one that it is a part of."""
        return (self.table if self.part_of is None else self.part_of).name


@dataclass(frozen=True, slots=True)
class Batch:
    """The ids of some old rows, and where the next batch begins."""

    ids: list[Any]
    end: Place


def stages(
    before: datetime, workspace_ids: Iterable[str], attempt_tables: Sequence[Table] = (attempts,)
) -> list[Stage]:
    """Say what is pruned, in this order.

    A delivery goes when it has ended, or when its webhook was deleted, long enough ago; an event when it has no
    delivery left, since what is in the log can be sent again. Attempts and calls go by their age alone, alerts and
    questions by when they were closed or answered.

    Args:
        before: The time before which things are old.
        workspace_ids: All workspaces: events are walked in each.
        attempt_tables: Where attempts are deleted one by one (`store.partitions`).

    """
    deleted = select(webhooks.c.id).where(webhooks.c.id == deliveries.c.webhook_id, webhooks.c.deleted_at < before)
    ended = or_(deliveries.c.finished_at < before, deleted.exists())
    return [
        *[replace(_by_id(table, "att", before), part_of=attempts) for table in attempt_tables],
        _by_id(deliveries, "dlv", before, and_(deliveries.c.worker_id.is_(None), ended)),
        *[_events(workspace_id, before) for workspace_id in workspace_ids],
        _by_id(calls, "call", before),
        _by_id(alerts, "alr", before, alerts.c.closed_at < before),
        _by_id(INTERRUPTIONS, "int", before, INTERRUPTIONS.c.answered_at < before),
    ]


def keys_stage(before: datetime) -> Stage:
    """Say which idempotency keys are pruned: all from before a time."""
    created_at = idempotency_keys.c.created_at
    return Stage(idempotency_keys, (created_at,), created_at < before)


def _by_id(table: Table, prefix: str, before: datetime, prunable: Any = None) -> Stage:
    old = table.c.id < first_id(prefix, before)
    return Stage(table, (table.c.id,), old, table.c.id, old if prunable is None else prunable)


def _events(workspace_id: str, before: datetime) -> Stage:
    of_workspace = events.c.workspace_id == workspace_id
    old = and_(of_workspace, events.c.created_at < before)
    of_it = select(deliveries.c.id).where(
        deliveries.c.workspace_id == events.c.workspace_id, deliveries.c.event_id == events.c.id
    )
    return Stage(events, (events.c.created_at, events.c.id), old, events.c.id, and_(of_workspace, ~of_it.exists()))


async def next_batch(connection: AsyncConnection, stage: Stage, after: Place | None, limit: int) -> Batch | None:
    """Return the next old rows after a place (None: the oldest), or None when there are none."""
    rows = (await connection.execute(window(stage, after, limit))).all()
    return Batch([row[-1] for row in rows], tuple(rows[-1][: len(stage.order)])) if rows else None


async def prune(connection: AsyncConnection, stage: Stage, batch: Batch) -> int | None:
    """Delete what of a batch may go; returns how many rows, or None when another process is pruning now."""
    if not await dialect.take_turn_if_free(connection, "retention"):
        return None
    return int((await connection.execute(deletion(stage, batch))).rowcount)


def window(stage: Stage, after: Place | None, limit: int) -> Select[Any]:
    """Return the query for old rows after a place: their places, then their ids."""
    chosen = [*stage.order, stage.order[0] if stage.id is None else stage.id]
    statement = select(*[column.label(f"c{number}") for number, column in enumerate(chosen)]).where(stage.old)
    if after is not None:
        here = [literal(value, column.type) for value, column in zip(after, stage.order, strict=True)]
        statement = statement.where(stage.order[0] >= here[0], tuple_(*stage.order) > tuple_(*here))
    return statement.order_by(*stage.order).limit(limit)


def deletion(stage: Stage, batch: Batch) -> Delete:
    """Return the statement that deletes those rows of a batch that may go and that nobody has locked."""
    statement = delete(stage.table)
    if stage.id is None:
        return statement.where(stage.old, stage.order[0] <= batch.end[0])
    going = select(stage.id).where(stage.id.in_(batch.ids), stage.prunable)
    return statement.where(stage.prunable, stage.id.in_(going.with_for_update(skip_locked=True, of=stage.table)))
