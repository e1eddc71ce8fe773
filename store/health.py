"""What workers read and write of webhooks: counters, and what decides about those that fail."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import BigInteger, Integer, and_, bindparam, case, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.health import AttemptResult, Health, fold_all
from store.batches import write_many
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


_GOES_ON = bindparam("goes_on", type_=Integer)  # 1 when none of a webhook's attempts succeeded, else 0
_FOLD = (
    update(webhooks)
    .where(webhooks.c.id == bindparam("webhook"))
    .values(
        total=webhooks.c.total + bindparam("tried", type_=BigInteger),
        successful=webhooks.c.successful + bindparam("succeeded", type_=BigInteger),
        failed=webhooks.c.failed + bindparam("not_succeeded", type_=BigInteger),
        total_ms=webhooks.c.total_ms + bindparam("took_ms", type_=BigInteger),
        consecutive_failures=webhooks.c.consecutive_failures * _GOES_ON + bindparam("streak", type_=Integer),
        last_error=bindparam("error"),
        last_cause=bindparam("cause"),
        last_status=bindparam("status"),
        last_delivery_at=bindparam("at"),
        failing_since=case(
            (and_(literal_column("1") == _GOES_ON, webhooks.c.failing_since.is_not(None)), webhooks.c.failing_since),
            else_=bindparam("since", type_=Moment),
        ),
    )
)


async def fold(connection: AsyncConnection, results: Mapping[str, Sequence[AttemptResult]]) -> None:
    """Fold attempts, in their order, into the counters of their webhooks, without reading them first."""
    batches = {id_: fold_all(Health(), those) for id_, those in results.items() if those}
    await write_many(connection, _FOLD, [_fold_row(id_, batches[id_]) for id_ in sorted(batches)])


def _fold_row(webhook_id: str, batch: Health) -> Row:
    return {
        "webhook": webhook_id,
        "tried": batch.total,
        "succeeded": batch.successful,
        "not_succeeded": batch.failed,
        "took_ms": batch.total_ms,
        "goes_on": int(not batch.successful),
        "streak": batch.consecutive_failures,
        "error": batch.last_error,
        "cause": batch.last_cause,
        "status": batch.last_status,
        "at": batch.last_delivery_at,
        "since": batch.failing_since,
    }


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
