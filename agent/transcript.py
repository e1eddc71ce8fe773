"""Reading conversations back: what GET /v1/chat shows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agent.events import public_request
from rules.times import time_text
from store import conversations as store
from store.conversations import Entry
from store.pages import Page
from store.session import Database

MAX_ENTRIES = 500


async def index(database: Database, workspace_id: str, *, limit: int, offset: int) -> Page[dict[str, Any]]:
    """List the conversations of a workspace, the last used first."""
    async with database.read() as connection:
        rows, total = await store.list_recent(connection, workspace_id, limit=limit, offset=offset)
    return Page([_head(row) for row in rows], total, limit, offset)


async def show(database: Database, workspace_id: str, conversation_id: str) -> dict[str, Any]:
    """Return a conversation with its last 500 entries and the question that it waits for; raises NotFound."""
    row, said = await _read(database, workspace_id, conversation_id, None)
    return {**_head(row), **said}


async def of_session(database: Database, workspace_id: str, conversation_id: str, session_id: str) -> dict[str, Any]:
    """Return a session's messages as `show` does, without the head; raises NotFound."""
    return (await _read(database, workspace_id, conversation_id, session_id))[1]


async def _read(
    database: Database, workspace_id: str, conversation_id: str, session_id: str | None
) -> tuple[Any, dict[str, Any]]:
    async with database.read() as connection:
        row = await store.get(connection, workspace_id, conversation_id, session_id=session_id)
        entries = await store.recent_entries(connection, conversation_id, limit=MAX_ENTRIES)
        question = await store.pending(connection, conversation_id)
    return row, {
        "messages": _messages(entries),
        "interrupt": question and public_request(question.id, question.request),
        "answering": row.run_id is not None and row.run_until > datetime.now(UTC),
    }


def _head(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "perspective_id": row.perspective_id,
        "webhook_id": row.webhook_id,
        "created_at": time_text(row.created_at),
        "updated_at": time_text(row.updated_at),
    }


def _messages(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Put each tool result beside its call."""
    messages: list[dict[str, Any]] = []
    calls: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry.role == "tool":
            if call := calls.get(entry.body["call_id"]):
                call["result"] = entry.body["result"]
            continue
        message = {"role": entry.role, "at": time_text(entry.created_at), **entry.body}
        if entry.role == "assistant":
            message["tool_calls"] = [{**call, "result": None} for call in entry.body["tool_calls"]]
            calls.update({call["id"]: call for call in message["tool_calls"]})
        messages.append(message)
    return messages
