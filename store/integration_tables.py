"""The tables of customers' assistants: their triggers, secrets, sessions and calls."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, text
from sqlmodel import Field, SQLModel

from store.moment import Moment


class Assistant(SQLModel, table=True):
    """A customer's assistant: what it is told to be, and the owner of its triggers."""

    __tablename__ = "assistants"
    __table_args__ = (Index("ix_assistants_workspace", "workspace_id", "id"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id")
    name: str
    instructions: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class Trigger(SQLModel, table=True):
    """An API call that an assistant may make (C01, C02).

    `parameters` and (sealed, since people write credentials into it) `integration_sealed` are JSON text, so that what
    people wrote keeps its order and its numbers.
    A deleted trigger keeps its row, so that the deletion can be undone.
    """

    __tablename__ = "triggers"
    __table_args__ = (
        Index(
            "ix_triggers_name",
            "assistant_id",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id")
    assistant_id: str = Field(foreign_key="assistants.id")
    name: str
    description: str = Field(sa_type=Text)
    parameters: str = Field(sa_type=Text)
    integration_sealed: str = Field(sa_type=Text)
    interpret_response: bool = True
    confirm: bool = False
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class Secret(SQLModel, table=True):
    """A secret of the vault, and the hosts that it may be sent to (X07)."""

    __tablename__ = "secrets"

    workspace_id: str = Field(primary_key=True, foreign_key="workspaces.id")
    name: str = Field(primary_key=True)
    value_sealed: str = Field(sa_type=Text)
    hosts: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)


class Session(SQLModel, table=True):
    """One end customer's conversation with an assistant, and what is known of them (C08).

    `client_data` is a JSON object as text (big numbers exactly); `images` are the URLs of the pictures sent last.
    `conversation_id` is where its messages are.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_assistant", "workspace_id", "assistant_id", "created_at"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id")
    assistant_id: str = Field(foreign_key="assistants.id")
    conversation_id: str = Field(foreign_key="conversations.id")
    client_data: str = Field(default="{}", sa_type=Text)
    images: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)


class Call(SQLModel, table=True):
    """One API call, made in a session or by the test button (`session_id` null) (C09). No secret's value is in it."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_session", "session_id", "id"),
        Index("ix_calls_trigger", "trigger_id", "id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id")
    session_id: str | None = None
    trigger_id: str
    trigger_name: str
    method: str
    url: str = Field(sa_type=Text)
    request: dict[str, Any] = Field(sa_type=JSON)
    variables: dict[str, Any] = Field(sa_type=JSON)
    warnings: list[str] = Field(sa_type=JSON)
    status: int | None = None
    response_headers: dict[str, str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    response_body: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    attempts: int = 1
    duration_ms: int = 0
    at: datetime = Field(sa_type=Moment)
