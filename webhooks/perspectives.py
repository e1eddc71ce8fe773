"""Perspectives: where conversations, and so events, belong."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rules.errors import NotFound
from rules.events import check_kind
from rules.ids import new_id
from rules.tags import tags_for
from rules.times import time_text
from store import webhooks as store
from store.pages import Page, Row
from store.session import Database


class Perspectives:
    """The perspectives of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, workspace_id: str, name: str, kind: str) -> dict[str, Any]:
        """Store a new perspective; raises InvalidInput for an unknown kind."""
        row = {
            "id": new_id("psp"),
            "workspace_id": workspace_id,
            "name": name,
            "kind": check_kind(kind),
            "created_at": datetime.now(UTC),
        }
        async with self._database.write() as connection:
            await store.add_perspective(connection, row)
        return _view(row)

    async def get(self, workspace_id: str, perspective_id: str) -> dict[str, Any]:
        """Return one perspective; raises NotFound."""
        async with self._database.read() as connection:
            row = await store.perspective(connection, workspace_id, perspective_id)
        if row is None:
            raise NotFound("perspective", perspective_id)
        return _view(row)

    async def list(self, workspace_id: str, *, limit: int = 50, offset: int = 0) -> Page[dict[str, Any]]:
        """List the perspectives, oldest first."""
        async with self._database.read() as connection:
            page = await store.perspective_page(connection, workspace_id, limit, offset)
        return page.map(_view)

    async def tags(self, workspace_id: str, perspective_id: str) -> Sequence[dict[str, str]]:
        """List the tags that the platform assigns to this kind of perspective, with when each applies (A08)."""
        perspective = await self.get(workspace_id, perspective_id)
        return [{"name": tag.name, "description": tag.description} for tag in tags_for(perspective["kind"])]


def _view(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "kind": row["kind"],
        "created_at": time_text(row["created_at"]),
    }
