"""Queries on the secrets of a workspace; values stay sealed here."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store import dialect
from store.integration_tables import Secret
from store.pages import Page, Row, fetch_page

secrets = Secret.__table__  # type: ignore[attr-defined]


async def put(
    connection: AsyncConnection, workspace_id: str, name: str, *, value_sealed: str, hosts: list[str], now: datetime
) -> None:
    """Insert a secret, or replace its value and hosts."""
    new = {"value_sealed": value_sealed, "hosts": hosts, "updated_at": now}
    statement = dialect.insert(connection.dialect, secrets).values(
        workspace_id=workspace_id, name=name, created_at=now, **new
    )
    keys = ["workspace_id", "name"]
    await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new))


async def add(
    connection: AsyncConnection, workspace_id: str, name: str, *, value_sealed: str, hosts: list[str], now: datetime
) -> bool:
    """Insert a secret; False, and nothing changed, when there is one of this name."""
    new = {"workspace_id": workspace_id, "name": name, "value_sealed": value_sealed, "hosts": hosts}
    statement = dialect.insert(connection.dialect, secrets).values(**new, created_at=now, updated_at=now)
    return bool((await connection.execute(statement.on_conflict_do_nothing())).rowcount)


async def named(connection: AsyncConnection, workspace_id: str, names: Collection[str]) -> list[Row]:
    """Return the secrets of a workspace that have one of these names."""
    query = select(secrets).where(secrets.c.workspace_id == workspace_id, secrets.c.name.in_(list(names)))
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def names(connection: AsyncConnection, workspace_id: str) -> frozenset[str]:
    """Return the names of all secrets of a workspace."""
    query = select(secrets.c.name).where(secrets.c.workspace_id == workspace_id)
    return frozenset((await connection.execute(query)).scalars())


async def page(connection: AsyncConnection, workspace_id: str, limit: int, offset: int) -> Page[Row]:
    """List the secrets of a workspace by name."""
    query = select(secrets).where(secrets.c.workspace_id == workspace_id).order_by(secrets.c.name)
    return await fetch_page(connection, query, limit, offset)


async def remove(connection: AsyncConnection, workspace_id: str, name: str) -> bool:
    """Delete a secret; False when there is none of this name."""
    statement = delete(secrets).where(secrets.c.workspace_id == workspace_id, secrets.c.name == name)
    return bool((await connection.execute(statement)).rowcount)
