"""Finding and removing what concerns a person (X13), a bounded number of rows at a time.

Texts are looked for along primary keys, window by window, without locks; what is found is judged by the caller. What
is removed is removed in one transaction together with what it was found by, so that an erasure that was interrupted
finds the rest again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, and_, case, cast, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.conversations import CONVERSATIONS, INTERRUPTIONS, MESSAGES
from store.deliveries import ERASED, attempts, deliveries, events
from store.pages import Row
from store.sessions import calls, sessions

EMPTY = "{}"
MESSAGE = "The data was erased."

_OPEN = ("pending", "retrying")


@dataclass(frozen=True, slots=True)
class Source:
    """Where JSON about people is: a table, the columns that hold it, and others to be read with them."""

    table: Table
    texts: tuple[Any, ...]
    others: tuple[Any, ...] = ()


EVENTS = Source(events, (events.c.payload, events.c.ordering_key))
SESSIONS = Source(sessions, (sessions.c.client_data,), (sessions.c.conversation_id,))
CALLS = Source(calls, (calls.c.request, calls.c.variables, calls.c.response_body))


async def window_end(
    connection: AsyncConnection, source: Source, workspace_id: str, after: str, size: int
) -> str | None:
    """Return the last id of the next rows after an id, or None when there are none."""
    ids = _window(source, workspace_id, after).with_only_columns(source.table.c.id).limit(size).subquery()
    end: str | None = (await connection.execute(select(func.max(ids.c.id)))).scalar_one()
    return end


async def mentions(
    connection: AsyncConnection, source: Source, workspace_id: str, window: tuple[str, str], needles: Sequence[str]
) -> list[Row]:
    """Return the rows after one id, up to another, that have any of some texts in theirs."""
    found = [cast(column, Text).contains(needle, autoescape=True) for column in source.texts for needle in needles]
    after, end = window
    statement = _window(source, workspace_id, after).where(source.table.c.id <= end, or_(*found))
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


def _window(source: Source, workspace_id: str, after: str) -> Any:
    id_ = source.table.c.id
    chosen = select(id_, *source.texts, *source.others).where(source.table.c.workspace_id == workspace_id, id_ > after)
    return chosen.order_by(id_)


@dataclass(frozen=True, slots=True)
class ErasedEvents:
    """How much was erased, and the events of which deliveries are under way: they are as they were."""

    events: int
    deliveries: int
    attempts: int
    busy: frozenset[str]


async def erase_events(
    connection: AsyncConnection, workspace_id: str, event_ids: Sequence[str], now: datetime
) -> ErasedEvents:
    """Empty events, their deliveries and attempts; open deliveries have failed then. No lock is waited for."""
    theirs = and_(deliveries.c.workspace_id == workspace_id, deliveries.c.event_id.in_(event_ids))
    known = (await connection.execute(select(deliveries.c.id, deliveries.c.event_id).where(theirs))).all()
    free = select(deliveries.c.id).where(theirs, deliveries.c.worker_id.is_(None))
    held = set((await connection.execute(free.with_for_update(skip_locked=True))).scalars())
    busy = frozenset(row.event_id for row in known if row.id not in held)
    emptied = [row.id for row in known if row.event_id not in busy]
    made = 0
    for start in range(0, len(emptied), 500):
        made += await _empty_deliveries(connection, emptied[start : start + 500], now)
    ids = [id_ for id_ in event_ids if id_ not in busy]
    statement = update(events).where(events.c.workspace_id == workspace_id, events.c.id.in_(ids))
    result = await connection.execute(statement.values(payload=EMPTY, ordering_key=None))
    return ErasedEvents(int(result.rowcount), len(emptied), made, busy)


async def _empty_deliveries(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> int:
    """Empty deliveries and their attempts; returns how many attempts."""
    error = attempts.c.error
    statement = update(attempts).where(attempts.c.delivery_id.in_(ids))
    shortened = {"request_headers": EMPTY, "response_headers": None, "response_body": None}
    made = await connection.execute(statement.values(error=case((error.is_not(None), MESSAGE)), **shortened))
    is_open, column = deliveries.c.status.in_(_OPEN), deliveries.c
    ended = {
        "status": case((is_open, "failed"), else_=column.status),
        "finished_at": func.coalesce(column.finished_at, now, type_=column.finished_at.type),
        "last_error": case((or_(is_open, column.last_error.is_not(None)), MESSAGE)),
        "run_at": None,
        "ordering_key": None,
        "last_cause": ERASED,
    }
    await connection.execute(update(deliveries).where(column.id.in_(ids)).values(**ended))
    return int(made.rowcount)


async def delete_calls(connection: AsyncConnection, workspace_id: str, ids: Sequence[str]) -> int:
    """Delete calls by their ids; returns how many."""
    statement = delete(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(ids))
    return int((await connection.execute(statement)).rowcount)


async def delete_calls_of(connection: AsyncConnection, session_id: str, limit: int) -> int:
    """Delete some calls of a session; returns how many."""
    some = select(calls.c.id).where(calls.c.session_id == session_id).order_by(calls.c.id).limit(limit)
    return int((await connection.execute(delete(calls).where(calls.c.id.in_(some)))).rowcount)


async def conversation(
    connection: AsyncConnection, workspace_id: str, conversation_id: str, *, lock: bool = False
) -> Mapping[str, Any] | None:
    """Return a conversation of the workspace, locked with `lock`, or None."""
    statement = select(CONVERSATIONS).where(
        CONVERSATIONS.c.workspace_id == workspace_id, CONVERSATIONS.c.id == conversation_id
    )
    if lock:
        statement = statement.with_for_update()
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def session(connection: AsyncConnection, workspace_id: str, session_id: str) -> Mapping[str, Any] | None:
    """Return a session of the workspace, or None."""
    statement = select(sessions).where(sessions.c.workspace_id == workspace_id, sessions.c.id == session_id)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def delete_messages(connection: AsyncConnection, conversation_id: str, limit: int) -> int:
    """Delete some messages of a conversation; returns how many."""
    here = MESSAGES.c.conversation_id == conversation_id
    some = select(MESSAGES.c.position).where(here).order_by(MESSAGES.c.position).limit(limit)
    statement = delete(MESSAGES).where(here, MESSAGES.c.position.in_(some))
    return int((await connection.execute(statement)).rowcount)


async def empty_conversation(connection: AsyncConnection, conversation_id: str) -> None:
    """Delete what a conversation asked, and forget its title and briefing."""
    await connection.execute(delete(INTERRUPTIONS).where(INTERRUPTIONS.c.conversation_id == conversation_id))
    statement = update(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id)
    await connection.execute(statement.values(title="Erased", briefing=None))


async def empty_session(connection: AsyncConnection, workspace_id: str, session_id: str) -> bool:
    """Forget what is known of a session's customer; says whether anything was."""
    row = await session(connection, workspace_id, session_id)
    if row is None or (row["client_data"] == EMPTY and not row["images"]):
        return False
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(client_data=EMPTY, images=[]))
    return True
