"""What attempts lead to besides a retry: a webhook is disabled, or people hear that it fails or has recovered."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.actor import Actor
from rules.auto_disable import DisabledReason, Step, after_failure
from store import health as store
from store import webhooks as webhook_store
from store.pages import Row
from webhooks.applying import apply
from webhooks.attempt import Attempted
from webhooks.columns import Columns
from webhooks.operational import tell_failing, tell_recovered

SYSTEM: Final = Actor("system")
_GONE: Final = 410


async def consequences(
    connection: AsyncConnection,
    columns: Columns,
    outcomes: Mapping[str, Sequence[Attempted]],
    were_failing: Collection[str],
    now: datetime,
) -> list[str]:
    """Draw the consequences of attempts whose health is folded already; where nothing fails, that is no query.

    Args:
        connection: The transaction in which the rows of the webhooks are locked.
        columns: Reads those rows.
        outcomes: The attempts by webhook, in their order; faults of ours have none.
        were_failing: The webhooks whose last attempt before these had failed.
        now: When.

    Returns:
        The webhooks that were disabled: what is claimed for them is better given back.

    """
    judged = {id_: [made for made in those if not made.is_local] for id_, those in outcomes.items()}
    delivered = {id_ for id_, those in judged.items() if any(_delivered(made) for made in those)}
    if over := delivered.intersection(were_failing):
        await tell_recovered(connection, over, now, console=columns.console)
    failing = [id_ for id_, those in judged.items() if those and not _delivered(those[-1])]
    gone = [id_ for id_, those in judged.items() if any(made.status_code == _GONE for made in those)]
    if not failing and not gone:
        return []
    disabled = []
    for row in await store.failures(connection, {*failing, *gone}):
        reason = await _judge(connection, columns, row, judged[row["id"]], now)
        if reason is not None:
            await _disable(connection, columns, row["id"], reason)
            disabled.append(row["id"])
    return disabled


async def _judge(
    connection: AsyncConnection, columns: Columns, row: Row, made: Sequence[Attempted], now: datetime
) -> DisabledReason | None:
    """Return why to disable a webhook, which is live; tell that it goes on failing."""
    if any(one.status_code == _GONE and one.target.url == row["url"] for one in made):
        return DisabledReason.GONE
    if row["failing_since"] is None:
        return None
    step = after_failure(row["failing_since"], row["auto_disable_hours"], now)
    if step is Step.NOTICE:
        await tell_failing(connection, row, now, console=columns.console)
    return DisabledReason.FAILING if step is Step.DISABLE else None


async def _disable(connection: AsyncConnection, columns: Columns, webhook_id: str, reason: DisabledReason) -> None:
    values = {"enabled": False, "disabled_reason": str(reason)}
    for row in await webhook_store.by_ids(connection, [webhook_id]):
        await apply(connection, columns, row, values, actor=SYSTEM, action="disable")


def _delivered(made: Attempted) -> bool:
    return made.result.status == "delivered"
