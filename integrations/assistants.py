"""Customers' assistants: create, read, change and delete; every change is recorded and can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from integrations.undoing import inverse, seal_undo
from rules.actor import Actor
from rules.changes import ChangeView
from rules.ids import new_id
from rules.integration_spec import AssistantDraft, AssistantPatch
from rules.times import time_text
from store import assistants as store
from store import changes as change_store
from store.pages import Page, Row
from store.sealing import SealingBox
from store.session import Database

_FIELDS = ("name", "instructions")


@dataclass(frozen=True, slots=True)
class AssistantView:
    """An assistant as GET /v1/assistants/{id} shows it."""

    id: str
    workspace_id: str
    name: str
    instructions: str
    created_at: datetime
    updated_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        times = {"created_at": time_text(self.created_at), "updated_at": time_text(self.updated_at)}
        return {"id": self.id, "name": self.name, "instructions": self.instructions, **times}


@dataclass(frozen=True, slots=True)
class AssistantChanged:
    """An assistant as it now is, and the record of the change; None when there was nothing to change."""

    assistant: AssistantView
    change: ChangeView | None


class Assistants:
    """The customers' assistants of every workspace."""

    def __init__(self, database: Database, box: SealingBox) -> None:
        self._database = database
        self._box = box

    async def create(self, workspace_id: str, draft: AssistantDraft, actor: Actor) -> AssistantChanged:
        """Store a new assistant."""
        now = datetime.now(UTC)
        row = {
            "id": new_id("ast"),
            "workspace_id": workspace_id,
            **draft.model_dump(),
            "created_at": now,
            "updated_at": now,
            "deleted_at": None,
        }
        async with self._database.write() as connection:
            await store.add(connection, row)
            change = await self._record(connection, actor, "create", before=None, after=row)
        return AssistantChanged(_view(row), change)

    async def get(self, workspace_id: str, assistant_id: str) -> AssistantView:
        """Return one assistant; raises NotFound."""
        async with self._database.read() as connection:
            return _view(await store.get(connection, workspace_id, assistant_id))

    async def list(self, workspace_id: str, *, limit: int = 50, offset: int = 0) -> Page[AssistantView]:
        """List the assistants of a workspace, oldest first."""
        async with self._database.read() as connection:
            return (await store.page(connection, workspace_id, limit, offset)).map(_view)

    async def update(
        self, workspace_id: str, assistant_id: str, patch: AssistantPatch, actor: Actor
    ) -> AssistantChanged:
        """Apply a patch."""
        async with self._database.write() as connection:
            row = await store.get(connection, workspace_id, assistant_id, for_update=True)
            return await self._apply(connection, row, patch.model_dump(exclude_unset=True), actor, "update")

    async def delete(self, workspace_id: str, assistant_id: str, actor: Actor) -> AssistantChanged:
        """Delete an assistant; its triggers go with it, and undo brings all back."""
        async with self._database.write() as connection:
            row = await store.get(connection, workspace_id, assistant_id, for_update=True)
            return await self._apply(connection, row, {"deleted_at": datetime.now(UTC)}, actor, "delete")

    async def undo(self, workspace_id: str, change_id: str, actor: Actor) -> AssistantChanged:
        """Apply the inverse of a change; raises Conflict when it was undone already or changed again since."""
        async with self._database.write() as connection:
            change = await change_store.to_undo(connection, workspace_id, change_id)
            row = await store.get(connection, workspace_id, change["subject_id"], for_update=True, deleted=True)
            changed = await self._apply(connection, row, inverse(self._box, change, row), actor, "undo")
            if changed.change is not None:
                await change_store.mark_undone(connection, change_id, changed.change.id)
            return changed

    async def _apply(
        self, connection: AsyncConnection, row: Row, values: Mapping[str, Any], actor: Actor, action: str
    ) -> AssistantChanged:
        values = {name: value for name, value in values.items() if row[name] != value}
        if not values:
            return AssistantChanged(_view(row), None)
        after = {**row, **values, "updated_at": datetime.now(UTC)}
        await store.set_values(connection, row["id"], {**values, "updated_at": after["updated_at"]})
        change = await self._record(connection, actor, action, before=row, after=after)
        return AssistantChanged(_view(after), change)

    async def _record(
        self, connection: AsyncConnection, actor: Actor, action: str, *, before: Row | None, after: Row
    ) -> ChangeView:
        return await change_store.record(
            connection,
            workspace_id=after["workspace_id"],
            subject_id=after["id"],
            actor=actor,
            action=action,
            before=_public(before),
            after=_public(after),
            undo_sealed=seal_undo(self._box, before, after, (*_FIELDS, "deleted_at")),
        )


def _public(row: Row | None) -> dict[str, Any] | None:
    return None if row is None or row["deleted_at"] is not None else {name: row[name] for name in _FIELDS}


def _view(row: Row) -> AssistantView:
    return AssistantView(**{name: row[name] for name in AssistantView.__slots__})
