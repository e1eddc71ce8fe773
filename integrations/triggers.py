"""The triggers of assistants: every change is checked, applied whole, recorded, and can be undone (C01, C02)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from integrations.checks import check_trigger
from integrations.undoing import inverse, seal_undo
from rules.actor import Actor
from rules.changes import ChangeView, FieldChange, diff
from rules.errors import Conflict, InvalidInput
from rules.ids import new_id
from rules.integration_spec import Integration, TriggerDraft, TriggerPatch
from rules.literal_credentials import masked_change
from rules.times import time_text
from rules.validation import parse
from store import assistants as store
from store import changes as change_store
from store import vault as secret_store
from store.pages import Page, Row
from store.sealing import SealingBox
from store.session import Database

FIELDS = ("name", "description", "parameters", "interpret_response", "confirm", "integration")
_TEXTS = ("parameters", "integration")


@dataclass(frozen=True, slots=True)
class TriggerView:
    """A trigger as GET /v1/triggers/{id} shows it."""

    id: str
    workspace_id: str
    assistant_id: str
    name: str
    description: str
    parameters: dict[str, Any]
    interpret_response: bool
    confirm: bool
    integration: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        fields = {name: getattr(self, name) for name in ("id", "assistant_id", *FIELDS)}
        return {**fields, "created_at": time_text(self.created_at), "updated_at": time_text(self.updated_at)}


@dataclass(frozen=True, slots=True)
class TriggerChanged:
    """A trigger as it now is, and the record of the change; None when there was nothing to change.

    `warnings` are of what is likely a slip, such as a variable that nobody declared.
    """

    trigger: TriggerView
    change: ChangeView | None
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the trigger in the shape of API.md, with the change's id and the warnings."""
        change_id = None if self.change is None else self.change.id
        return {**self.trigger.as_dict(), "change_id": change_id, "warnings": list(self.warnings)}


class Triggers:
    """The triggers of every workspace."""

    def __init__(self, database: Database, box: SealingBox) -> None:
        self._database = database
        self._box = box

    async def create(self, workspace_id: str, assistant_id: str, draft: TriggerDraft, actor: Actor) -> TriggerChanged:
        """Check and store a new trigger; raises InvalidInput naming each wrong field and, in templates, the column."""
        now = datetime.now(UTC)
        row = {
            "id": new_id("trg"),
            "workspace_id": workspace_id,
            "assistant_id": assistant_id,
            **_columns(draft.model_dump()),
            "created_at": now,
            "updated_at": now,
            "deleted_at": None,
        }
        async with self._database.write() as connection:
            await store.get(connection, workspace_id, assistant_id, for_update=True)
            warnings = await self._check(connection, row)
            await store.add_trigger(connection, self._sealed(row))
            change = await self._record(connection, actor, "create", before=None, after=row)
        return TriggerChanged(trigger_view(row), change, warnings)

    async def check(self, workspace_id: str, assistant_id: str, draft: TriggerDraft) -> None:
        """Check a draft as `create` does, and save nothing."""
        row = {"id": "", "workspace_id": workspace_id, "assistant_id": assistant_id, **_columns(draft.model_dump())}
        async with self._database.read() as connection:
            await store.get(connection, workspace_id, assistant_id)
            await self._check(connection, row)

    async def get(self, workspace_id: str, trigger_id: str) -> TriggerView:
        """Return one trigger; raises NotFound."""
        async with self._database.read() as connection:
            row = self._opened(await store.trigger(connection, workspace_id, trigger_id))
            await store.get(connection, workspace_id, row["assistant_id"])
            return trigger_view(row)

    async def list(
        self, workspace_id: str, assistant_id: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> Page[TriggerView]:
        """List the triggers of a workspace, or of one assistant, oldest first; raises NotFound."""
        async with self._database.read() as connection:
            if assistant_id is not None:
                await store.get(connection, workspace_id, assistant_id)
            page = await store.trigger_page(connection, workspace_id, assistant_id, limit, offset)
        return page.map(self._opened).map(trigger_view)

    async def preview(self, workspace_id: str, trigger_id: str, patch: TriggerPatch) -> Sequence[FieldChange]:
        """Check a patch and return what it would change, saving nothing."""
        async with self._database.read() as connection:
            row = self._opened(await store.trigger(connection, workspace_id, trigger_id))
            after = {**row, **_patched(row, patch)}
            await self._check(connection, after)
        return diff(_public(row), _public(after, row))

    async def update(self, workspace_id: str, trigger_id: str, patch: TriggerPatch, actor: Actor) -> TriggerChanged:
        """Apply a patch; raises InvalidInput naming each wrong field, NotFound, Conflict: then nothing has changed."""
        async with self._database.write() as connection:
            row = self._opened(await store.trigger(connection, workspace_id, trigger_id, for_update=True))
            return await self._apply(connection, row, _patched(row, patch), actor, "update")

    async def delete(self, workspace_id: str, trigger_id: str, actor: Actor) -> TriggerChanged:
        """Delete a trigger; undo brings it back."""
        async with self._database.write() as connection:
            row = self._opened(await store.trigger(connection, workspace_id, trigger_id, for_update=True))
            return await self._apply(connection, row, {"deleted_at": datetime.now(UTC)}, actor, "delete")

    async def undo(self, workspace_id: str, change_id: str, actor: Actor) -> TriggerChanged:
        """Apply the inverse of a change; raises Conflict when it was undone already or changed again since.

        Raises NotFound also while the trigger's assistant is deleted: undo that first.
        """
        async with self._database.write() as connection:
            change = await change_store.to_undo(connection, workspace_id, change_id)
            subject = change["subject_id"]
            row = self._opened(await store.trigger(connection, workspace_id, subject, for_update=True, deleted=True))
            changed = await self._apply(connection, row, inverse(self._box, change, row), actor, "undo")
            if changed.change is not None:
                await change_store.mark_undone(connection, change_id, changed.change.id)
            return changed

    async def _apply(
        self, connection: AsyncConnection, row: Row, values: Mapping[str, Any], actor: Actor, action: str
    ) -> TriggerChanged:
        values = {name: value for name, value in values.items() if row[name] != value}
        if not values:
            return TriggerChanged(trigger_view(row), None)
        # Locked, so that two changes at once cannot both take a name: each sees what the other has committed.
        await store.get(connection, row["workspace_id"], row["assistant_id"], for_update=True)
        after = {**row, **values, "updated_at": datetime.now(UTC)}
        warnings = () if after["deleted_at"] else await self._check(connection, after)
        new = self._sealed({**values, "updated_at": after["updated_at"]})
        await store.set_trigger_values(connection, row["id"], new)
        change = await self._record(connection, actor, action, before=row, after=after)
        return TriggerChanged(trigger_view(after), change, warnings)

    def _opened(self, row: Row) -> Row:
        """Unseal the integration of a stored row: people write credentials into headers, so it is encrypted at rest."""
        return {**row, "integration": self._box.open(row["integration_sealed"])}

    def _sealed(self, values: Row) -> Row:
        if "integration" not in values:
            return values
        sealed = {"integration_sealed": self._box.seal(values["integration"])}
        return {**{name: value for name, value in values.items() if name != "integration"}, **sealed}

    async def _check(self, connection: AsyncConnection, row: Row) -> tuple[str, ...]:
        parameters, integration = json.loads(row["parameters"]), parse(Integration, json.loads(row["integration"]))
        names = await secret_store.names(connection, row["workspace_id"])
        secrets = await secret_store.named(connection, row["workspace_id"], names)
        warnings = check_trigger(parameters, integration, {secret["name"]: secret["hosts"] for secret in secrets})
        namesake = await store.trigger_named(connection, row["assistant_id"], row["name"])
        if namesake is not None and namesake["id"] != row["id"]:
            raise Conflict(f"This assistant already has a trigger named {row['name']!r} ({namesake['id']}).")
        return warnings

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
            after=_public(after, before),
            undo_sealed=seal_undo(self._box, before, after, (*FIELDS, "deleted_at")),
        )


def trigger_view(row: Row) -> TriggerView:
    """Read a trigger row."""
    fields = {name: row[name] for name in TriggerView.__slots__}
    return TriggerView(**{**fields, **{name: json.loads(row[name]) for name in _TEXTS}})


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value, ensure_ascii=False) if name in _TEXTS else value for name, value in fields.items()}


def _patched(row: Row, patch: TriggerPatch) -> dict[str, Any]:
    given = patch.model_dump(exclude_unset=True)
    if "integration" in given:
        whole = {**json.loads(row["integration"]), **given["integration"]}
        try:
            given["integration"] = parse(Integration, whole).model_dump()
        except InvalidInput as error:
            raise error.under("integration") from None
    return _columns(given)


def _public(row: Row | None, before: Row | None = None) -> dict[str, Any] | None:
    if row is None or row["deleted_at"] is not None:
        return None
    shown = {name: json.loads(row[name]) if name in _TEXTS else row[name] for name in FIELDS}
    old = None if before is None else json.loads(before["integration"])
    return {"assistant_id": row["assistant_id"], **shown, "integration": masked_change(old, shown["integration"])}
