"""The webhooks of a workspace: every change is checked, applied whole, recorded, and can be undone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.actor import Actor
from rules.addresses import Policy
from rules.breaker import CLOSED
from rules.changes import ChangeView, FieldChange, change_view, diff
from rules.errors import Conflict, InvalidInput, NotFound
from rules.ids import new_id
from rules.webhook_spec import WebhookDraft, WebhookPatch
from store import changes as change_store
from store import webhooks as store
from store.claims import set_breaker
from store.pages import Page, Row
from store.sealing import SealingBox
from store.session import Database
from webhooks.applying import apply, record
from webhooks.columns import Columns
from webhooks.operational_webhooks import check_operational
from webhooks.profiles import PROFILES
from webhooks.secrets import Scheme, live, rotate
from webhooks.views import WebhookView
from webhooks.wakeup import Wakeup


@dataclass(frozen=True, slots=True)
class Changed:
    """A webhook as it now is, and the record of the change; None when there was nothing to change.

    `secret` is one that the change has made, for the only time.
    """

    webhook: WebhookView
    change: ChangeView | None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Created:
    """A new webhook, and its signing secret for the only time."""

    webhook: WebhookView
    change: ChangeView
    secret: str | None


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was made by a rotation: a secret, for the only time, the public half of a key, or both."""

    secret: str | None = field(repr=False)
    public_key: str | None
    change: ChangeView


_ANOTHER_TRY = ("url", "headers_sealed", "auth_header_sealed", "secrets_sealed", "breaker")
"""What may have been the reason of failures: when it changes, a parked webhook is tried at once."""


class Registry:
    """Create, read, change, delete and undo.

    Args:
        database: Where webhooks are stored.
        box: Seals auth headers, custom headers and signing secrets.
        policy: Which URLs may be called.
        console: Where the console is, for links in what alerts tell.
        wakeup: Rung when a change may have made work due: a webhook is delivered to again, or tried again.

    """

    def __init__(
        self,
        database: Database,
        box: SealingBox,
        policy: Policy,
        console: str = "http://127.0.0.1:8080",
        wakeup: Wakeup | None = None,
    ) -> None:
        self._database = database
        self._wakeup = wakeup or Wakeup()
        self._columns = Columns(box, policy, console)

    async def create(self, workspace_id: str, draft: WebhookDraft, actor: Actor) -> Created:
        """Check and store a new webhook; raises InvalidInput naming each wrong field."""
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            kind = await self._kind(connection, workspace_id, draft.perspective_id)
            values, secret = self._columns.for_draft(draft, kind)
            row = {"id": new_id("wh"), "workspace_id": workspace_id, "created_at": now, "updated_at": now, **values}
            await check_operational(connection, None, {**row, "deleted_at": None})
            await store.add(connection, row)
            stored = await self._row(connection, workspace_id, row["id"])
            after = self._columns.public(stored)
            change = await record(connection, self._columns, stored, actor, "create", before=None, after=after, undo={})
        return Created(self._columns.view(stored), change, secret)

    async def get(self, workspace_id: str, webhook_id: str) -> WebhookView:
        """Return one webhook; raises NotFound."""
        async with self._database.read() as connection:
            return self._columns.view(await self._row(connection, workspace_id, webhook_id))

    async def list(
        self, workspace_id: str, perspective_id: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> Page[WebhookView]:
        """List the webhooks of the workspace, or of one perspective, oldest first."""
        async with self._database.read() as connection:
            page = await store.page(connection, workspace_id, perspective_id, limit, offset)
        return page.map(self._columns.view)

    async def preview(self, workspace_id: str, webhook_id: str, patch: WebhookPatch) -> Sequence[FieldChange]:
        """Check a patch and return what it would change, saving nothing."""
        async with self._database.read() as connection:
            row = await self._row(connection, workspace_id, webhook_id)
            kind = await self._kind(connection, workspace_id, row["perspective_id"])
            after = {**row, **self._columns.for_patch(patch, row, kind)}
            await check_operational(connection, row, after, saving=False)
        return diff(self._columns.public(row), self._columns.public(after, replaced=row))

    async def update(self, workspace_id: str, webhook_id: str, patch: WebhookPatch, actor: Actor) -> Changed:
        """Apply a patch; raises InvalidInput naming each wrong field, and then nothing has changed."""
        async with self._database.write() as connection:
            row = await self._row(connection, workspace_id, webhook_id, for_update=True)
            kind = await self._kind(connection, workspace_id, row["perspective_id"])
            values = self._columns.for_patch(patch, row, kind)
            changed = await self._apply(connection, row, values, actor, "update")
        self._wakeup.announce()
        return replace(changed, secret=self._columns.made_secret(patch, values))

    async def delete(self, workspace_id: str, webhook_id: str, actor: Actor) -> Changed:
        """Delete a webhook; its waiting deliveries are parked, and undo brings both back."""
        async with self._database.write() as connection:
            row = await self._row(connection, workspace_id, webhook_id, for_update=True)
            return await self._apply(connection, row, {"deleted_at": datetime.now(UTC)}, actor, "delete")

    async def rotate_secret(
        self, workspace_id: str, webhook_id: str, overlap: timedelta, actor: Actor, wanted: Scheme | None = None
    ) -> Rotated:
        """Make a new secret, a new key or both; the present ones go on signing too for `overlap` (0 to 7 days)."""
        async with self._database.write() as connection:
            row = await self._row(connection, workspace_id, webhook_id, for_update=True)
            held, profile = self._columns.signing(row), PROFILES[row["profile"]]
            rotated = rotate(profile, held, wanted, overlap, datetime.now(UTC))
            values = self._columns.seal_signing(rotated, held)
            changed = await self._apply(connection, row, values, actor, "rotate_secret")
        if changed.change is None:
            raise Conflict("The secret was not rotated.")
        return Rotated(
            secret=rotated.secrets[0].value if "secrets_sealed" in values else None,
            public_key=rotated.keys[0].public if "signing_keys_sealed" in values else None,
            change=changed.change,
        )

    async def public_keys(self, workspace_id: str, webhook_id: str) -> Sequence[str]:
        """Return the `whpk_` keys that verify at present, the newest first; raises NotFound."""
        async with self._database.read() as connection:
            return self._public_keys(await self._row(connection, workspace_id, webhook_id))

    async def published_keys(self, webhook_id: str) -> Sequence[str]:
        """Return the same of a webhook of any workspace, for anyone to see; raises NotFound also when it has no key."""
        async with self._database.read() as connection:
            rows = await store.by_ids(connection, [webhook_id])
        keys = [key for row in rows if row["deleted_at"] is None for key in self._public_keys(row)]
        if not keys:
            raise NotFound("webhook", webhook_id)
        return keys

    def _public_keys(self, row: Row) -> Sequence[str]:
        return [key.public for key in live(self._columns.signing_keys(row), datetime.now(UTC))]

    async def changes(
        self, workspace_id: str, subject_id: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> Page[ChangeView]:
        """List changes, newest first: all of the workspace, or those to one thing."""
        async with self._database.read() as connection:
            return (await change_store.page(connection, workspace_id, subject_id, limit, offset)).map(change_view)

    async def change(self, workspace_id: str, change_id: str) -> ChangeView:
        """Return one change; raises NotFound."""
        async with self._database.read() as connection:
            return change_view(await change_store.get(connection, workspace_id, change_id))

    async def undo(self, workspace_id: str, change_id: str, actor: Actor) -> Changed:
        """Apply the inverse of a change; raises Conflict when it was undone already or changed again since."""
        async with self._database.write() as connection:
            change = await change_store.to_undo(connection, workspace_id, change_id)
            row = await self._row(connection, workspace_id, change["subject_id"], for_update=True, deleted=True)
            values = self._inverse(change, row)
            changed = await self._apply(connection, row, values, actor, "undo")
            if changed.change is not None:
                await change_store.mark_undone(connection, change_id, changed.change.id)
        self._wakeup.announce()
        return changed

    def _inverse(self, change: Row, row: Row) -> dict[str, Any]:
        if change["action"] == "create":
            values: dict[str, Any] = {"deleted_at": None}
            before: dict[str, Any] = {"deleted_at": datetime.now(UTC)}
        else:
            kept = self._columns.open_undo(change["undo_sealed"])
            before, values = kept["before"], {"deleted_at": None, **kept["after"]}
        touched = [name for name in values if row[name] != values[name]]
        if touched:
            names = ", ".join(sorted({name.removesuffix("_sealed") for name in touched}))
            raise Conflict(f"Cannot undo {change['id']}: {names} was changed again since. Undo the later change first.")
        return before

    async def _apply(
        self, connection: AsyncConnection, row: Row, values: dict[str, Any], actor: Actor, action: str
    ) -> Changed:
        await check_operational(connection, row, {**row, **values})
        after, change = await apply(connection, self._columns, row, values, actor=actor, action=action)
        if change is not None and any(row[name] != after[name] for name in _ANOTHER_TRY):
            await set_breaker(connection, row["id"], CLOSED)
        return Changed(self._columns.view(after), change)

    async def _row(
        self,
        connection: AsyncConnection,
        workspace_id: str,
        webhook_id: str,
        *,
        for_update: bool = False,
        deleted: bool = False,
    ) -> Row:
        row = await store.get(connection, workspace_id, webhook_id, for_update=for_update, deleted=deleted)
        if row is None:
            raise NotFound("webhook", webhook_id)
        return row

    async def _kind(self, connection: AsyncConnection, workspace_id: str, perspective_id: str | None) -> str | None:
        if perspective_id is None:
            return None
        perspective = await store.perspective(connection, workspace_id, perspective_id)
        if perspective is None:
            raise InvalidInput.of("perspective_id", f"there is no perspective {perspective_id!r} in this workspace")
        return str(perspective["kind"])
