"""The log of API calls: what was sent, masked, and what came of it (C09)."""

from typing import Any

from rules.times import time_text
from store import sessions as store
from store.pages import Page, Row
from store.session import Database


class CallLog:
    """The calls of every workspace, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_session(
        self, workspace_id: str, session_id: str, *, limit: int = 50, offset: int = 0
    ) -> Page[dict[str, Any]]:
        """List the calls made in a session; raises NotFound."""
        async with self._database.read() as connection:
            await store.get(connection, workspace_id, session_id)
            page = await store.call_page(connection, workspace_id, session_id=session_id, limit=limit, offset=offset)
        return page.map(_shown)

    async def newest(
        self, workspace_id: str, *, session_id: str | None = None, trigger_id: str | None = None, limit: int = 50
    ) -> Page[dict[str, Any]]:
        """List the latest calls of a session, of a trigger, or of the whole workspace."""
        async with self._database.read() as connection:
            found = {"session_id": session_id, "trigger_id": trigger_id}
            page = await store.call_page(connection, workspace_id, **found, limit=limit, offset=0)
        return page.map(_shown)


def _shown(row: Row) -> dict[str, Any]:
    same = ("id", "trigger_id", "status", "response_headers", "response_body", "variables", "warnings", "attempts")
    return {
        "trigger": row["trigger_name"],
        **{name: row[name] for name in same},
        "request": {"method": row["method"], "url": row["url"], **row["request"]},
        "duration_ms": row["duration_ms"],
        "error": row["error"],
        "at": time_text(row["at"]),
    }
