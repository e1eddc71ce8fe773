"""Which webhooks may hear of alerts: only so many of a workspace, and none with other events in its log (E07)."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import InvalidInput
from store import webhooks as store
from store.dialect import take_turns
from store.pages import Row
from webhooks.applying import is_live

MAX_ENABLED: Final = 20
"""Of one workspace: an alert is stored in one transaction with its delivery to each of them."""
_FIELD: Final = "operational"


async def check_operational(connection: AsyncConnection, row: Row | None, after: Row, *, saving: bool = True) -> None:
    """Refuse an operational webhook that is one too many, or that events of others wait for.

    Args:
        connection: The transaction of the change; it keeps the turn of its workspace, so that the last place is
            given once.
        row: The webhook before the change; None when it is new.
        after: The webhook after it.
        saving: False where the change is only looked at.

    Raises:
        InvalidInput: The workspace has `MAX_ENABLED` others that are enabled; or this one has deliveries of ordinary
            events: a retry or a replay would bring them to who takes all that comes for alerts of ours.

    """
    if not after["operational"]:
        return
    if row is not None and not row["operational"] and await store.has_ordinary_deliveries(connection, row["id"]):
        words = "cannot become true: this webhook has deliveries of ordinary events; create another one for alerts"
        raise InvalidInput.of(_FIELD, words)
    if not is_live(after) or (row is not None and row["operational"] and is_live(row)):
        return
    if saving:
        await take_turns(connection, f"operational webhooks of {after['workspace_id']}")
    enabled = len(await store.operational(connection, after["workspace_id"]))
    if enabled >= MAX_ENABLED:
        words = (
            f"cannot be true of another enabled webhook: {enabled} in this workspace are, "
            f"the limit is {MAX_ENABLED}; disable or delete one of them first"
        )
        raise InvalidInput.of(_FIELD, words)
