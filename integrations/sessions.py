"""Sessions: one end customer's conversation with an assistant, and what is known of them (C08)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from rules.client_data import check_client_data, shadowed
from rules.errors import InvalidInput
from rules.ids import new_id
from rules.integration_spec import MAX_IMAGES, SessionDraft
from rules.times import time_text
from store import assistants as assistant_store
from store import conversations as conversation_store
from store import sessions as store
from store import vault as vault_store
from store.pages import Page, Row
from store.session import Database


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as GET /session/{id} shows it; `warnings` are of the change that was just made."""

    id: str
    workspace_id: str
    assistant_id: str
    conversation_id: str
    client_data: dict[str, Any]
    images: list[str]
    created_at: datetime
    updated_at: datetime
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        names = ("id", "assistant_id", "conversation_id", "client_data", "images")
        times = {"created_at": time_text(self.created_at), "updated_at": time_text(self.updated_at)}
        return {**{name: getattr(self, name) for name in names}, **times}


class Sessions:
    """The sessions of every workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, workspace_id: str, draft: SessionDraft) -> SessionView:
        """Open a session with an assistant; raises NotFound or InvalidInput."""
        check_client_data(draft.client_data)
        now = datetime.now(UTC)
        conversation_id, session_id = new_id("cht"), str(uuid4())
        row = {
            "id": session_id,
            "workspace_id": workspace_id,
            "assistant_id": draft.assistant_id,
            "conversation_id": conversation_id,
            "client_data": json.dumps(draft.client_data, ensure_ascii=False),
            "images": list(draft.images),
            "created_at": now,
            "updated_at": now,
        }
        async with self._database.write() as connection:
            await assistant_store.get(connection, workspace_id, draft.assistant_id)
            await conversation_store.create(
                connection,
                id=conversation_id,
                workspace_id=workspace_id,
                session_id=session_id,
                title="Session",
                created_at=now,
                updated_at=now,
            )
            await store.add(connection, row)
            secrets = await vault_store.names(connection, workspace_id)
        return replace(session_view(row), warnings=shadowed(draft.client_data, secrets))

    async def get(self, workspace_id: str, session_id: str) -> SessionView:
        """Return a session; raises NotFound."""
        async with self._database.read() as connection:
            return session_view(await store.get(connection, workspace_id, session_id))

    async def list(
        self, workspace_id: str, assistant_id: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> Page[SessionView]:
        """List the sessions of a workspace, or of one assistant, newest first."""
        async with self._database.read() as connection:
            return (await store.page(connection, workspace_id, assistant_id, limit, offset)).map(session_view)

    async def add_client_data(self, workspace_id: str, session_id: str, more: Mapping[str, Any]) -> SessionView:
        """Merge names into what is known of the customer, shallowly; raises NotFound or InvalidInput."""
        async with self._database.write() as connection:
            row = await store.get(connection, workspace_id, session_id, for_update=True)
            merged = {**json.loads(row["client_data"]), **check_client_data(more)}
            values = {
                "client_data": json.dumps(check_client_data(merged), ensure_ascii=False),
                "updated_at": datetime.now(UTC),
            }
            await store.set_values(connection, session_id, values)
            secrets = await vault_store.names(connection, workspace_id)
        return replace(session_view({**row, **values}), warnings=shadowed(more, secrets))

    async def add_images(self, workspace_id: str, session_id: str, images: Sequence[str]) -> SessionView:
        """Let `$images` be the pictures sent with the newest message that has some; at most 20."""
        if len(images) > MAX_IMAGES:
            raise InvalidInput.of("images", f"at most {MAX_IMAGES} images; got {len(images)}")
        async with self._database.write() as connection:
            row = await store.get(connection, workspace_id, session_id, for_update=True)
            values = {"images": list(images), "updated_at": datetime.now(UTC)}
            await store.set_values(connection, session_id, values)
        return session_view({**row, **values})


def session_view(row: Row) -> SessionView:
    """Read a session row."""
    fields = {name: row[name] for name in SessionView.__slots__ if name not in {"client_data", "warnings"}}
    return SessionView(**fields, client_data=json.loads(row["client_data"]))
