"""Queries on customers' assistants and their triggers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import NotFound
from store.integration_tables import Assistant, Trigger
from store.pages import Page, Row, fetch_page

assistants = Assistant.__table__  # type: ignore[attr-defined]
triggers = Trigger.__table__  # type: ignore[attr-defined]


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert an assistant."""
    await connection.execute(insert(assistants), [values])


async def get(
    connection: AsyncConnection,
    workspace_id: str,
    assistant_id: str,
    *,
    for_update: bool = False,
    deleted: bool = False,
) -> Row:
    """Return an assistant of the workspace; raises NotFound. `deleted` finds it even when deleted."""
    query = _of(assistants, workspace_id, assistant_id, deleted=deleted)
    return await _one(connection, query.with_for_update() if for_update else query, "assistant", assistant_id)


async def page(connection: AsyncConnection, workspace_id: str, limit: int, offset: int) -> Page[Row]:
    """List the assistants of a workspace, oldest first."""
    live = select(assistants).where(assistants.c.workspace_id == workspace_id, assistants.c.deleted_at.is_(None))
    return await fetch_page(connection, live.order_by(assistants.c.id), limit, offset)


async def set_values(connection: AsyncConnection, assistant_id: str, values: Mapping[str, Any]) -> None:
    """Update columns of one assistant."""
    await connection.execute(update(assistants).where(assistants.c.id == assistant_id).values(**values))


async def add_trigger(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert a trigger."""
    await connection.execute(insert(triggers), [values])


async def trigger(
    connection: AsyncConnection,
    workspace_id: str,
    trigger_id: str,
    *,
    for_update: bool = False,
    deleted: bool = False,
) -> Row:
    """Return a trigger of the workspace; raises NotFound. `deleted` finds it even when deleted."""
    query = _of(triggers, workspace_id, trigger_id, deleted=deleted)
    return await _one(connection, query.with_for_update() if for_update else query, "trigger", trigger_id)


async def trigger_page(
    connection: AsyncConnection, workspace_id: str, assistant_id: str | None, limit: int, offset: int
) -> Page[Row]:
    """List the triggers of a workspace, or of one assistant, oldest first; those of deleted assistants are gone too."""
    live = (
        select(triggers)
        .join(assistants, assistants.c.id == triggers.c.assistant_id)
        .where(
            triggers.c.workspace_id == workspace_id, triggers.c.deleted_at.is_(None), assistants.c.deleted_at.is_(None)
        )
    )
    if assistant_id is not None:
        live = live.where(triggers.c.assistant_id == assistant_id)
    return await fetch_page(connection, live.order_by(triggers.c.id), limit, offset)


async def trigger_named(connection: AsyncConnection, assistant_id: str, name: str) -> Row | None:
    """Return the live trigger of an assistant that has this name, or None."""
    query = select(triggers).where(
        triggers.c.assistant_id == assistant_id, triggers.c.name == name, triggers.c.deleted_at.is_(None)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else dict(row)


async def set_trigger_values(connection: AsyncConnection, trigger_id: str, values: Mapping[str, Any]) -> None:
    """Update columns of one trigger."""
    await connection.execute(update(triggers).where(triggers.c.id == trigger_id).values(**values))


def _of(table: Any, workspace_id: str, object_id: str, *, deleted: bool) -> Select[Any]:
    query = select(table).where(table.c.workspace_id == workspace_id, table.c.id == object_id)
    return query if deleted else query.where(table.c.deleted_at.is_(None))


async def _one(connection: AsyncConnection, query: Select[Any], kind: str, object_id: str) -> Row:
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound(kind, object_id)
    return dict(row)
