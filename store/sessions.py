"""Queries on sessions and the calls made in them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import NotFound
from store import dialect
from store.integration_tables import Call, Session
from store.pages import Page, Row, fetch_page

sessions = Session.__table__  # type: ignore[attr-defined]
calls = Call.__table__  # type: ignore[attr-defined]


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert a session."""
    await connection.execute(insert(sessions), [values])


async def get(connection: AsyncConnection, workspace_id: str, session_id: str, *, for_update: bool = False) -> Row:
    """Return a session of the workspace, locked with `for_update`; raises NotFound."""
    query = select(sessions).where(sessions.c.workspace_id == workspace_id, sessions.c.id == session_id)
    row = (await connection.execute(query.with_for_update() if for_update else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("session", session_id)
    return dict(row)


async def page(
    connection: AsyncConnection, workspace_id: str, assistant_id: str | None, limit: int, offset: int
) -> Page[Row]:
    """List the sessions of a workspace, or of one assistant, newest first."""
    query = select(sessions).where(sessions.c.workspace_id == workspace_id)
    if assistant_id is not None:
        query = query.where(sessions.c.assistant_id == assistant_id)
    return await fetch_page(connection, query.order_by(sessions.c.created_at.desc(), sessions.c.id), limit, offset)


async def set_values(connection: AsyncConnection, session_id: str, values: Mapping[str, Any]) -> None:
    """Update columns of one session."""
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(**values))


async def add_call(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert the record of one call (C09)."""
    await connection.execute(insert(calls), [values])


async def put_call(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert the record of one call, or complete the one that was made when it was sent."""
    statement = dialect.insert(connection.dialect, calls).values(**values)
    rest = {name: value for name, value in values.items() if name != "id"}
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=rest))


async def call_page(
    connection: AsyncConnection,
    workspace_id: str,
    *,
    session_id: str | None = None,
    trigger_id: str | None = None,
    limit: int,
    offset: int,
) -> Page[Row]:
    """List calls of a session or of a trigger, newest first."""
    query = select(calls).where(calls.c.workspace_id == workspace_id)
    if session_id is not None:
        query = query.where(calls.c.session_id == session_id)
    if trigger_id is not None:
        query = query.where(calls.c.trigger_id == trigger_id)
    return await fetch_page(connection, query.order_by(calls.c.id.desc()), limit, offset)
