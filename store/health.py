"""What workers read and write of webhooks: versions, activity, counters."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.health import AttemptResult, Health, fold_all
from store.moment import Moment
from store.pages import Row
from store.tables import Webhook

webhooks = Webhook.__table__  # type: ignore[attr-defined]

_FAILURES = [
    webhooks.c[name]
    for name in (
        *("id", "workspace_id", "name", "url", "auto_disable_hours", "failing_since"),
        *("consecutive_failures", "last_cause", "last_error"),
    )
]


async def versions(connection: AsyncConnection, ids: Iterable[str], *, lock: bool = False) -> dict[str, datetime]:
    """Return when each webhook was last changed; `lock` keeps them so, taken in one order by all workers."""
    statement = select(webhooks.c.id, webhooks.c.updated_at).where(webhooks.c.id.in_(list(ids))).order_by(webhooks.c.id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return {row.id: row.updated_at for row in await connection.execute(statement)}


async def fold(connection: AsyncConnection, webhook_id: str, results: Sequence[AttemptResult]) -> None:
    """Fold attempts, in their order, into a webhook's counters, without reading them first."""
    batch = fold_all(Health(), results)
    column = webhooks.c
    streak = batch.consecutive_failures
    since = literal(batch.failing_since, Moment)
    await connection.execute(
        update(webhooks)
        .where(column.id == webhook_id)
        .values(
            total=column.total + batch.total,
            successful=column.successful + batch.successful,
            failed=column.failed + batch.failed,
            total_ms=column.total_ms + batch.total_ms,
            consecutive_failures=streak if batch.successful else column.consecutive_failures + streak,
            last_error=batch.last_error,
            last_cause=batch.last_cause,
            last_status=batch.last_status,
            last_delivery_at=batch.last_delivery_at,
            failing_since=since if batch.successful else func.coalesce(column.failing_since, since),
        )
    )


async def store_health(connection: AsyncConnection, webhook_id: str, health: Health) -> None:
    """Write a webhook's counters as they are given."""
    values = {name: getattr(health, name) for name in Health.__dataclass_fields__}
    await connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


async def failures(connection: AsyncConnection, ids: Iterable[str]) -> list[Row]:
    """Return what decides about webhooks that fail, of those that are live."""
    statement = select(*_FAILURES).where(
        webhooks.c.id.in_(list(ids)), webhooks.c.enabled.is_(True), webhooks.c.deleted_at.is_(None)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]
