"""The record of changes: to webhooks, triggers and assistants alike."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.actor import Actor
from rules.changes import ChangeView, change_view, only_differences
from rules.errors import Conflict, NotFound
from rules.ids import new_id
from store.pages import Page, Row, fetch_page
from store.tables import Change

changes = Change.__table__  # type: ignore[attr-defined]


async def record(
    connection: AsyncConnection,
    *,
    workspace_id: str,
    subject_id: str,
    actor: Actor,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    undo_sealed: str | None,
) -> ChangeView:
    """Insert a record of change; `before` and `after` are what callers see of the whole subject, null where it is not.

    Args:
        connection: The transaction that makes the change.
        workspace_id: Whose it is.
        subject_id: What is changed, by its prefixed id.
        actor: Who changes it.
        action: create, update, delete, undo …
        before: The subject before.
        after: The subject after.
        undo_sealed: What the subject's registry needs to undo it, sealed; None when it cannot be undone.

    """
    old, new = only_differences(before, after)
    row = {
        "id": new_id("chg"),
        "workspace_id": workspace_id,
        "subject_id": subject_id,
        "actor": str(actor),
        "action": action,
        "before": old,
        "after": new,
        "undo_sealed": undo_sealed,
        "at": datetime.now(UTC),
        "undone_by": None,
    }
    await connection.execute(insert(changes), [row])
    return change_view(row)


async def get(connection: AsyncConnection, workspace_id: str, change_id: str) -> Row:
    """Return a record of change of the workspace, locked; raises NotFound."""
    statement = select(changes).where(changes.c.workspace_id == workspace_id, changes.c.id == change_id)
    row = (await connection.execute(statement.with_for_update())).mappings().one_or_none()
    if row is None:
        raise NotFound("change", change_id)
    return dict(row)


async def to_undo(connection: AsyncConnection, workspace_id: str, change_id: str) -> Row:
    """Return a record of change that has not been undone, locked; raises NotFound or Conflict."""
    row = await get(connection, workspace_id, change_id)
    if row["undone_by"] is not None:
        raise Conflict(f"The change {change_id} was already undone by {row['undone_by']}.")
    return row


async def mark_undone(connection: AsyncConnection, change_id: str, undone_by: str) -> None:
    """Remember which change undid this one."""
    await connection.execute(update(changes).where(changes.c.id == change_id).values(undone_by=undone_by))


async def page(
    connection: AsyncConnection, workspace_id: str, subject_id: str | None, limit: int, offset: int
) -> Page[Row]:
    """List changes of a workspace, or of one subject, newest first."""
    statement = select(changes).where(changes.c.workspace_id == workspace_id)
    if subject_id is not None:
        statement = statement.where(changes.c.subject_id == subject_id)
    return await fetch_page(connection, statement.order_by(changes.c.id.desc()), limit, offset)
