"""Requests that carry an Idempotency-Key: what each was answered, for 24 hours."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import Conflict, Unavailable
from store import dialect
from store.tables import IdempotencyKey

keys = IdempotencyKey.__table__  # type: ignore[attr-defined]

LIFETIME: Final = timedelta(hours=24)
_NOT_YET: Final = 0


async def begin(connection: AsyncConnection, workspace_id: str, key: str, body_hash: str, now: datetime) -> str | None:
    """Take a key for the request of this transaction, or return what the same request was answered before.

    A twin that is under way elsewhere is waited for: its answer is returned, or if it fails, the key is ours.
    Raises Conflict when the key belongs to a request with another body.
    """
    row = {"workspace_id": workspace_id, "key": key, "body_hash": body_hash, "created_at": now}
    fresh = {**row, "status": _NOT_YET, "response": ""}
    statement = dialect.insert(connection.dialect, keys).values(fresh)
    statement = statement.on_conflict_do_update(
        index_elements=["workspace_id", "key"], set_=fresh, where=keys.c.created_at <= now - LIFETIME
    )
    if (await connection.execute(statement.returning(keys.c.key))).scalar_one_or_none() is not None:
        return None
    known = select(keys.c.body_hash, keys.c.response).where(keys.c.workspace_id == workspace_id, keys.c.key == key)
    earlier = (await connection.execute(known)).one_or_none()
    if earlier is None:  # pruned by a process whose clock is ahead
        raise Unavailable("The Idempotency-Key is just expiring. Nothing was saved; try again.")
    if earlier.body_hash != body_hash:
        raise Conflict(f"The Idempotency-Key {key!r} was sent with another body before. Nothing was saved.")
    return str(earlier.response)


async def finish(connection: AsyncConnection, workspace_id: str, key: str, *, status: int, response: str) -> None:
    """Remember the answer to the request that took a key. Maintenance forgets it when it has expired."""
    mine = update(keys).where(keys.c.workspace_id == workspace_id, keys.c.key == key)
    await connection.execute(mine.values(status=status, response=response))
