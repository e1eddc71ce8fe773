"""Transcripts of conversations, and the questions that turns wait for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import Conflict, NotFound
from store.conversation_tables import Conversation, Interruption, Message

CONVERSATIONS: Any = Conversation.__table__  # type: ignore[attr-defined]
MESSAGES: Any = Message.__table__  # type: ignore[attr-defined]
INTERRUPTIONS: Any = Interruption.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a transcript, to be written or as read; see `Message` for roles and bodies."""

    role: str
    body: dict[str, Any]
    position: int = -1
    created_at: datetime | None = None


async def create(connection: AsyncConnection, **values: Any) -> Row[Any]:
    """Insert a conversation (columns of `Conversation`) and return its row."""
    statement = insert(CONVERSATIONS).values(**values).returning(*CONVERSATIONS.c)
    return (await connection.execute(statement)).one()


async def get(
    connection: AsyncConnection, workspace_id: str, conversation_id: str, *, session_id: str | None = None
) -> Row[Any]:
    """Read one conversation of a workspace, and of this session if it is a session's; raises NotFound."""
    query = select(CONVERSATIONS).where(_is(workspace_id, conversation_id, session_id))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("conversation", conversation_id)
    return row


async def list_recent(
    connection: AsyncConnection, workspace_id: str, *, limit: int, offset: int
) -> tuple[list[Row[Any]], int]:
    """Read a page of the conversations with the configuring assistant, the last used first, and their count."""
    mine = and_(CONVERSATIONS.c.workspace_id == workspace_id, CONVERSATIONS.c.session_id.is_(None))
    query = select(CONVERSATIONS).where(mine).order_by(CONVERSATIONS.c.updated_at.desc(), CONVERSATIONS.c.id.desc())
    rows = (await connection.execute(query.limit(limit).offset(offset))).all()
    total = (await connection.execute(select(func.count()).select_from(CONVERSATIONS).where(mine))).scalar_one()
    return list(rows), total


async def claim(
    connection: AsyncConnection,
    workspace_id: str,
    conversation_id: str,
    *,
    session_id: str | None = None,
    run_id: str,
    now: datetime,
    until: datetime,
) -> Row[Any]:
    """Begin a turn: no other may run in this conversation before `release` or `until`; raises NotFound or Conflict."""
    idle = or_(CONVERSATIONS.c.run_id.is_(None), CONVERSATIONS.c.run_until < now)
    statement = (
        update(CONVERSATIONS)
        .where(_is(workspace_id, conversation_id, session_id), idle)
        .values(run_id=run_id, run_until=until, updated_at=now)
        .returning(*CONVERSATIONS.c)
    )
    conversation = (await connection.execute(statement)).one_or_none()
    if conversation is None:
        await get(connection, workspace_id, conversation_id, session_id=session_id)
        raise Conflict("The assistant is still answering the last message of this conversation; wait for its reply.")
    return conversation


async def renew(connection: AsyncConnection, conversation_id: str, *, run_id: str, until: datetime) -> bool:
    """Prolong a turn that goes on; False when it had been taken over because its time was up."""
    mine = (CONVERSATIONS.c.id == conversation_id, CONVERSATIONS.c.run_id == run_id)
    return bool((await connection.execute(update(CONVERSATIONS).where(*mine).values(run_until=until))).rowcount)


async def move(connection: AsyncConnection, conversation_id: str, perspective_id: str | None) -> Row[Any]:
    """Let a conversation be about another perspective from now on."""
    statement = update(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id).values(perspective_id=perspective_id)
    return (await connection.execute(statement.returning(*CONVERSATIONS.c))).one()


async def release(connection: AsyncConnection, conversation_id: str, *, run_id: str, now: datetime) -> bool:
    """End the turn; False when it had been taken over because its time was up."""
    statement = (
        update(CONVERSATIONS)
        .where(CONVERSATIONS.c.id == conversation_id, CONVERSATIONS.c.run_id == run_id)
        .values(run_id=None, run_until=None, updated_at=now)
    )
    return bool((await connection.execute(statement)).rowcount)


async def append(connection: AsyncConnection, conversation_id: str, entries: Sequence[Entry], *, now: datetime) -> None:
    """Add entries to the end of a transcript."""
    if not entries:
        return
    statement = (
        update(CONVERSATIONS)
        .where(CONVERSATIONS.c.id == conversation_id)
        .values(next_position=CONVERSATIONS.c.next_position + len(entries))
        .returning(CONVERSATIONS.c.next_position)
    )
    first = (await connection.execute(statement)).scalar_one() - len(entries)
    rows = [
        {
            "conversation_id": conversation_id,
            "position": first + index,
            "role": entry.role,
            "body": json.dumps(entry.body, ensure_ascii=False),
            "created_at": now,
        }
        for index, entry in enumerate(entries)
    ]
    await connection.execute(insert(MESSAGES), rows)


async def recent_entries(connection: AsyncConnection, conversation_id: str, *, limit: int) -> list[Entry]:
    """Read the last entries of a transcript, oldest first."""
    query = (
        select(MESSAGES)
        .where(MESSAGES.c.conversation_id == conversation_id)
        .order_by(MESSAGES.c.position.desc())
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    return [Entry(row.role, json.loads(row.body), row.position, row.created_at) for row in reversed(rows)]


async def add_interruption(connection: AsyncConnection, **values: Any) -> None:
    """Insert a pending question (columns of `Interruption`)."""
    await connection.execute(insert(INTERRUPTIONS), {**values, "state": "pending"})


async def pending(connection: AsyncConnection, conversation_id: str) -> Row[Any] | None:
    """Read the question that a conversation waits for, if there is one."""
    query = select(INTERRUPTIONS).where(
        INTERRUPTIONS.c.conversation_id == conversation_id, INTERRUPTIONS.c.state == "pending"
    )
    return (await connection.execute(query)).one_or_none()


async def interruption(connection: AsyncConnection, conversation_id: str, interrupt_id: str) -> Row[Any]:
    """Read one question of a conversation in any state; raises NotFound."""
    query = select(INTERRUPTIONS).where(
        INTERRUPTIONS.c.id == interrupt_id, INTERRUPTIONS.c.conversation_id == conversation_id
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("question", interrupt_id)
    return row


async def settle(connection: AsyncConnection, interrupt_id: str, state: str, *, now: datetime) -> None:
    """Mark a pending question as `answered` or `dismissed` and forget its frozen turn; raises Conflict if it is not."""
    statement = (
        update(INTERRUPTIONS)
        .where(INTERRUPTIONS.c.id == interrupt_id, INTERRUPTIONS.c.state == "pending")
        .values(state=state, checkpoint=None, answered_at=now)
    )
    if (await connection.execute(statement)).rowcount != 1:
        raise Conflict("This question has already been answered; ask again to change the outcome.")


def _is(workspace_id: str, conversation_id: str, session_id: str | None) -> ColumnElement[bool]:
    """Match a conversation by all that it belongs to, so that no door leads to one behind another door."""
    return and_(
        CONVERSATIONS.c.id == conversation_id,
        CONVERSATIONS.c.workspace_id == workspace_id,
        CONVERSATIONS.c.session_id.is_not_distinct_from(session_id),
    )
