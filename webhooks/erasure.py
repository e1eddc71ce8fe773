"""Erasure: one call removes a person's data from events, deliveries, attempts, calls and conversations (X13)."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from rules.erasure import Erasure
from rules.errors import Conflict
from store import erasure as store
from store.erasure import Source
from store.pages import Row
from store.session import Database

COUNTED = ("events", "deliveries", "attempts", "calls", "messages", "sessions")
_WINDOW = 1_000
_BATCH = 50
_ROWS = 500
_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.25


class Eraser:
    """Erase what concerns a person; doing so again finds nothing more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, workspace_id: str, erasure: Erasure) -> dict[str, int]:
        """Erase, and count what was erased.

        What is being attempted or answered at this moment is waited for.

        Raises:
            Conflict: Something still was after ten seconds; everything else has been erased.

        """
        counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        end = time.monotonic() + _PATIENCE_SECONDS
        try:
            while busy := await self._round(workspace_id, erasure, counts):
                if time.monotonic() > end:
                    raise Conflict(f"{busy} of this is under way at this moment; the rest is erased. Call again soon.")
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            if counts.total():
                await self._database.settle_file()
        return dict(counts)

    async def _round(self, workspace_id: str, erasure: Erasure, counts: Counter[str]) -> str:
        """Erase all that can be; says what could not, or nothing."""
        busy = []
        events = [row["id"] async for row in self._found(store.EVENTS, workspace_id, erasure)]
        for start in range(0, len(events), _BATCH):
            async with self._database.write() as connection:
                batch = events[start : start + _BATCH]
                done = await store.erase_events(connection, workspace_id, batch, datetime.now(UTC))
            counts.update(events=done.events, deliveries=done.deliveries, attempts=done.attempts)
            busy += [f"the event {id_}" for id_ in done.busy]
        for session_id, conversation_id in await self._conversations(workspace_id, erasure):
            if not await self._erase_conversation(workspace_id, session_id, conversation_id, counts):
                busy.append(f"the conversation {conversation_id}")
        calls = [row["id"] async for row in self._found(store.CALLS, workspace_id, erasure)]
        for start in range(0, len(calls), _ROWS):
            async with self._database.write() as connection:
                counts["calls"] += await store.delete_calls(connection, workspace_id, calls[start : start + _ROWS])
        return busy[0] if busy else ""

    async def _found(self, source: Source, workspace_id: str, erasure: Erasure) -> AsyncIterator[Row]:
        """Walk the rows that concern the person."""
        after = ""
        while True:
            async with self._database.read() as connection:
                end = await store.window_end(connection, source, workspace_id, after, _WINDOW)
                if end is None:
                    return
                rows = await store.mentions(connection, source, workspace_id, (after, end), erasure.needles())
            for row in rows:
                if row.get("ordering_key") in erasure.given or any(_concerns(erasure, value) for value in row.values()):
                    yield row
            after = end

    async def _conversations(self, workspace_id: str, erasure: Erasure) -> list[tuple[str | None, str]]:
        """List the sessions that are meant with their conversations, and conversations without one."""
        found: dict[str, str | None] = {}
        async for row in self._found(store.SESSIONS, workspace_id, erasure):
            found[row["conversation_id"]] = row["id"]
        async with self._database.read() as connection:
            if erasure.session_id and (session := await store.session(connection, workspace_id, erasure.session_id)):
                found[session["conversation_id"]] = session["id"]
            if erasure.conversation_id and (
                chat := await store.conversation(connection, workspace_id, erasure.conversation_id)
            ):
                found[chat["id"]] = chat["session_id"]
        return [(session_id, conversation_id) for conversation_id, session_id in found.items()]

    async def _erase_conversation(
        self, workspace_id: str, session_id: str | None, conversation_id: str, counts: Counter[str]
    ) -> bool:
        """Erase messages, questions, calls and client data; False when a turn is being answered in it."""
        while True:
            async with self._database.write() as connection:
                row = await store.conversation(connection, workspace_id, conversation_id, lock=True)
                if row is None:
                    return True
                if row["run_id"] is not None and row["run_until"] > datetime.now(UTC):
                    return False
                messages = await store.delete_messages(connection, conversation_id, _ROWS)
                calls = 0 if session_id is None else await store.delete_calls_of(connection, session_id, _ROWS)
                if not messages and not calls:
                    await store.empty_conversation(connection, conversation_id)
                    known = session_id and await store.empty_session(connection, workspace_id, session_id)
                    break
            counts.update(messages=messages, calls=calls)
        counts["sessions"] += bool(known)
        return True


def _concerns(erasure: Erasure, value: Any) -> bool:
    if not isinstance(value, str):
        return erasure.concerns(value)
    try:
        return erasure.concerns(json.loads(value))
    except ValueError:  # an id, or the body of an answer that is not JSON
        return False
