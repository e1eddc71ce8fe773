"""What is sealed in the store: enough of it to tell whether a master key is the right one."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.assistants import triggers
from store.vault import secrets
from store.webhooks import webhooks

_of_webhook = func.coalesce(
    webhooks.c.secrets_sealed,
    webhooks.c.auth_header_sealed,
    webhooks.c.headers_sealed,
    webhooks.c.signing_keys_sealed,
)
# What a deletion or a change keeps for its undoing is left out: nothing else fails for want of it.
_SAMPLES: Final = (
    select(_of_webhook).where(_of_webhook.is_not(None), webhooks.c.deleted_at.is_(None)).order_by(webhooks.c.id.desc()),
    select(triggers.c.integration_sealed).where(triggers.c.deleted_at.is_(None)).order_by(triggers.c.id.desc()),
    select(secrets.c.value_sealed).order_by(secrets.c.created_at.desc()),
)


async def newest_sealed(connection: AsyncConnection, each: int | None = 20) -> list[str]:
    """Return sealed values of the newest webhooks, triggers and secrets: at most `each` of a kind, one of each row.

    None: of all.
    """
    return [sealed for sample in _SAMPLES for sealed in (await connection.execute(sample.limit(each))).scalars()]
