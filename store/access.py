"""Queries on workspaces, API keys and console tokens."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.pages import Row
from store.session import Database
from store.tables import ApiKey, ConsoleToken, Workspace

workspaces = Workspace.__table__  # type: ignore[attr-defined]
api_keys = ApiKey.__table__  # type: ignore[attr-defined]
tokens = ConsoleToken.__table__  # type: ignore[attr-defined]


async def first_workspace(connection: AsyncConnection) -> Row | None:
    """Return the oldest workspace, or None in an empty database."""
    row = (await connection.execute(select(workspaces).order_by(workspaces.c.id).limit(1))).mappings().first()
    return None if row is None else dict(row)


async def workspace_ids(connection: AsyncConnection) -> list[str]:
    """Return the ids of all workspaces."""
    return list((await connection.execute(select(workspaces.c.id).order_by(workspaces.c.id))).scalars())


async def workspace(connection: AsyncConnection, workspace_id: str) -> Row | None:
    """Return a workspace, or None."""
    row = (await connection.execute(select(workspaces).where(workspaces.c.id == workspace_id))).mappings().first()
    return None if row is None else dict(row)


async def add_workspace(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert a workspace."""
    await connection.execute(insert(workspaces), [values])


async def add_key(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert an API key."""
    await connection.execute(insert(api_keys), [values])


async def key_by_hash(connection: AsyncConnection, key_hash: str) -> Row | None:
    """Return the key with this hash, revoked or not, or None."""
    row = (await connection.execute(select(api_keys).where(api_keys.c.key_hash == key_hash))).mappings().first()
    return None if row is None else dict(row)


_VALID = select(api_keys.c.key_hash, api_keys.c.id, api_keys.c.workspace_id).where(
    api_keys.c.key_hash.in_(bindparam("hashes", expanding=True)), api_keys.c.revoked_at.is_(None)
)
_VALID_AT_A_GLANCE = "SELECT key_hash, id, workspace_id FROM api_keys WHERE key_hash = ? AND revoked_at IS NULL"


class ValidKey(NamedTuple):
    """An API key that is not revoked."""

    key_hash: str
    id: str
    workspace_id: str


def glance_at_key(database: Database, key_hash: str) -> list[ValidKey] | None:
    """Return the valid key with this hash, if there is one; None where only `valid_keys` can tell."""
    rows = database.glance(_VALID_AT_A_GLANCE, (key_hash,))
    return None if rows is None else [ValidKey(*row) for row in rows]


async def valid_keys(connection: AsyncConnection, hashes: Collection[str]) -> dict[str, ValidKey]:
    """Return the keys with these hashes that are not revoked, each by its hash."""
    result = await connection.execute(_VALID, {"hashes": list(hashes)})
    return {row[0]: ValidKey(*row) for row in result}


async def keys(connection: AsyncConnection) -> list[Row]:
    """List all keys, oldest first."""
    result = await connection.execute(select(api_keys).order_by(api_keys.c.id))
    return [dict(row) for row in result.mappings()]


async def revoke_key(connection: AsyncConnection, key_id: str, now: datetime) -> bool:
    """Revoke a key; says whether there was one to revoke."""
    statement = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    return bool((await connection.execute(statement.values(revoked_at=now))).rowcount)


async def add_token(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert a console link or session."""
    await connection.execute(insert(tokens), [values])


async def take_link(connection: AsyncConnection, token_hash: str, now: datetime) -> str | None:
    """Use up a login link; returns its workspace, or None when it is unknown, used or expired."""
    statement = (
        delete(tokens)
        .where(tokens.c.token_hash == token_hash, tokens.c.purpose == "link", tokens.c.expires_at > now)
        .returning(tokens.c.workspace_id)
    )
    return (await connection.execute(statement)).scalar_one_or_none()


async def session_workspace(connection: AsyncConnection, token_hash: str, now: datetime) -> str | None:
    """Return the workspace of a live console session, or None."""
    statement = select(tokens.c.workspace_id).where(
        tokens.c.token_hash == token_hash, tokens.c.purpose == "session", tokens.c.expires_at > now
    )
    return (await connection.execute(statement)).scalar_one_or_none()


async def drop_expired_tokens(connection: AsyncConnection, now: datetime) -> None:
    """Forget links and sessions that are over."""
    await connection.execute(delete(tokens).where(tokens.c.expires_at <= now))


async def drop_token(connection: AsyncConnection, token_hash: str) -> None:
    """Sign a session out."""
    await connection.execute(delete(tokens).where(tokens.c.token_hash == token_hash))
