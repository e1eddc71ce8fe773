"""Queries on webhooks and perspectives."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import and_, bindparam, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.pages import Page, Row, fetch_page
from store.tables import Delivery, Event, Perspective, Webhook

webhooks = Webhook.__table__  # type: ignore[attr-defined]
perspectives = Perspective.__table__  # type: ignore[attr-defined]
deliveries = Delivery.__table__  # type: ignore[attr-defined]
events = Event.__table__  # type: ignore[attr-defined]


def _mapping(row: SqlRow[Any] | None) -> Row | None:
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert a webhook."""
    await connection.execute(insert(webhooks), [values])


async def get(
    connection: AsyncConnection, workspace_id: str, webhook_id: str, *, for_update: bool = False, deleted: bool = False
) -> Row | None:
    """Return a webhook of the workspace, or None; `for_update` locks it, `deleted` finds it even when deleted."""
    statement = select(webhooks).where(webhooks.c.workspace_id == workspace_id, webhooks.c.id == webhook_id)
    if not deleted:
        statement = statement.where(webhooks.c.deleted_at.is_(None))
    if for_update:
        statement = statement.with_for_update()
    return _mapping((await connection.execute(statement)).one_or_none())


async def page(
    connection: AsyncConnection, workspace_id: str, perspective_id: str | None, limit: int, offset: int
) -> Page[Row]:
    """List the webhooks of a workspace, or of one perspective, oldest first."""
    statement = select(webhooks).where(webhooks.c.workspace_id == workspace_id, webhooks.c.deleted_at.is_(None))
    if perspective_id is not None:
        statement = statement.where(webhooks.c.perspective_id == perspective_id)
    return await fetch_page(connection, statement.order_by(webhooks.c.id), limit, offset)


async def by_ids(connection: AsyncConnection, ids: list[str]) -> list[Row]:
    """Return webhooks by id, whichever workspace they are in, deleted ones included: for the worker only."""
    result = await connection.execute(select(webhooks).where(webhooks.c.id.in_(ids)))
    return [dict(row) for row in result.mappings()]


_FILTERS = [webhooks.c[name] for name in ("id", "event_filter", "conditions", "tag_filter", "trust_score")]
_LISTENING = select(*_FILTERS, webhooks.c.updated_at, webhooks.c.breaker_until).where(
    webhooks.c.workspace_id == bindparam("workspace"),
    webhooks.c.deleted_at.is_(None),
    webhooks.c.enabled.is_(True),
    webhooks.c.operational.is_(False),
    or_(webhooks.c.perspective_id.is_(None), webhooks.c.perspective_id == bindparam("perspective")),
)


async def listening(connection: AsyncConnection, workspace_id: str, perspective_id: str | None) -> list[Row]:
    """Return ids and filters of the enabled webhooks that hear events of a perspective: its own, and the workspace's.

    Operational ones hear none. With their version and the end of the breaker's pause.
    """
    asked = {"workspace": workspace_id, "perspective": perspective_id}
    return [dict(row) for row in (await connection.execute(_LISTENING, asked)).mappings()]


async def operational(connection: AsyncConnection, workspace_id: str) -> list[Row]:
    """Return the enabled webhooks of a workspace that hear of alerts, by an index that holds no others."""
    statement = select(webhooks).where(
        text("operational"),
        webhooks.c.workspace_id == workspace_id,
        webhooks.c.enabled.is_(True),
        webhooks.c.deleted_at.is_(None),
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def has_ordinary_deliveries(connection: AsyncConnection, webhook_id: str) -> bool:
    """Say whether the log of a webhook has a delivery of an event that is not operational."""
    theirs = and_(events.c.workspace_id == deliveries.c.workspace_id, events.c.id == deliveries.c.event_id)
    statement = select(deliveries.c.id).join(events, theirs)
    found = statement.where(deliveries.c.webhook_id == webhook_id, events.c.operational.is_(False)).limit(1)
    return (await connection.execute(found)).first() is not None


async def set_values(connection: AsyncConnection, webhook_id: str, values: Mapping[str, Any]) -> None:
    """Update columns of one webhook."""
    await connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


async def perspective(connection: AsyncConnection, workspace_id: str, perspective_id: str) -> Row | None:
    """Return a perspective of the workspace, or None."""
    statement = select(perspectives).where(
        perspectives.c.workspace_id == workspace_id, perspectives.c.id == perspective_id
    )
    return _mapping((await connection.execute(statement)).one_or_none())


async def add_perspective(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Insert a perspective."""
    await connection.execute(insert(perspectives), [values])


async def perspective_page(connection: AsyncConnection, workspace_id: str, limit: int, offset: int) -> Page[Row]:
    """List the perspectives of a workspace, oldest first."""
    statement = select(perspectives).where(perspectives.c.workspace_id == workspace_id).order_by(perspectives.c.id)
    return await fetch_page(connection, statement, limit, offset)
