"""The tables of conversations with the assistant."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from store.moment import Moment


class Conversation(SQLModel, table=True):
    """A conversation with the configuring assistant, or (with a `session_id`) of a customer with theirs.

    `run_id` names the turn that is being answered now; it is null between turns, and worthless after `run_until`
    (the process that held it has died). `briefing` is what the assistant knows from the start (a diagnosis, A10).
    """

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_recent", "workspace_id", "updated_at"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id")
    perspective_id: str | None = None
    webhook_id: str | None = None
    session_id: str | None = None
    title: str
    briefing: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    next_position: int = 0
    run_id: str | None = None
    run_until: datetime | None = Field(default=None, sa_type=Moment)


class Message(SQLModel, table=True):
    """One entry of a transcript, in order of `position`.

    `role` is `user` ({text}), `assistant` ({text, tool_calls, suggestions?}), `tool` ({call_id, name, result}),
    `answer` ({interrupt_id, kind, title, value}: what a person said to a form or an approval) or `note` ({text}: why a
    turn failed; the model does not see it).
    """

    __tablename__ = "messages"

    conversation_id: str = Field(primary_key=True, foreign_key="conversations.id")
    position: int = Field(primary_key=True)
    role: str
    body: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)


class Interruption(SQLModel, table=True):
    """A question to a person that a turn waits for, with the frozen turn until it is answered.

    `state` is `pending`, `answered` or `dismissed`; only a pending one has a `checkpoint`, and a conversation has at
    most one pending.
    """

    __tablename__ = "interruptions"
    __table_args__ = (
        Index(
            "ix_interruptions_pending",
            "conversation_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversations.id")
    state: str
    request: dict[str, Any] = Field(sa_type=JSON)
    checkpoint: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)
    answered_at: datetime | None = Field(default=None, sa_type=Moment)
