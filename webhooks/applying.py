"""Writing a change of a webhook: its columns, its queue, its alerts, and the record by which it can be undone."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.actor import Actor
from rules.auto_disable import with_reason
from rules.changes import ChangeView
from store import changes as change_store
from store import deliveries as delivery_store
from store import webhooks as store
from store.pages import Row
from webhooks.columns import Columns
from webhooks.operational import follow

_FRESH_START = {"failing_since": None, "breaker_until": None, "breaker_trips": 0}
_CLOSED_BREAKER = {"breaker_until": None, "breaker_trips": 0}


class Applied(NamedTuple):
    """A webhook's row as it now is, and the record of the change; None when there was nothing to change."""

    row: Row
    change: ChangeView | None


async def apply(
    connection: AsyncConnection, columns: Columns, row: Row, values: dict[str, Any], *, actor: Actor, action: str
) -> Applied:
    """Set columns of a webhook whose row is locked; what does not differ is not set."""
    values = {name: value for name, value in with_reason(row, values).items() if row[name] != value}
    after = {**row, **values}
    if not values:
        return Applied(row, None)
    now = datetime.now(UTC)
    reset = _reset(row, after)  # not for undo: workers change these
    await store.set_values(connection, row["id"], {**values, **reset, "updated_at": now})
    after |= {**reset, "updated_at": now}
    await _park(connection, row, after, now)
    await follow(connection, row, after, now, console=columns.console)
    old = None if row["deleted_at"] else columns.public(row)
    new = None if after["deleted_at"] else columns.public(after, replaced=row)
    undo = {"before": {name: row[name] for name in values}, "after": values}
    return Applied(after, await record(connection, columns, row, actor, action, before=old, after=new, undo=undo))


async def record(
    connection: AsyncConnection,
    columns: Columns,
    row: Row,
    actor: Actor,
    action: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    undo: dict[str, Any],
) -> ChangeView:
    """Record a change of a webhook; `before` and `after` are as callers see them, `undo` as columns."""
    return await change_store.record(
        connection,
        workspace_id=row["workspace_id"],
        subject_id=row["id"],
        actor=actor,
        action=action,
        before=before,
        after=after,
        undo_sealed=columns.seal_undo(undo),
    )


def is_live(row: Row) -> bool:
    """Say whether a webhook is delivered to."""
    return bool(row["enabled"] and row["deleted_at"] is None)


def _reset(row: Row, after: Row) -> dict[str, Any]:
    """Return what begins anew: failing and the breaker when a webhook is switched on, the breaker with its policy."""
    if is_live(after) and not is_live(row):
        return _FRESH_START
    return _CLOSED_BREAKER if after["breaker"] != row["breaker"] else {}


async def _park(connection: AsyncConnection, row: Row, after: Row, now: datetime) -> None:
    if is_live(row) and not is_live(after):
        await delivery_store.park(connection, row["id"])
    elif is_live(after) and not is_live(row):
        await delivery_store.unpark(connection, row["id"], now)
