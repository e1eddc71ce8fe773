"""The tables of workspaces, webhooks and their history.

Times are aware UTC datetimes. JSON that only travels through is kept as text and never parsed on the way.
A value ending in `_sealed` is encrypted by `store.sealing.SealingBox`; nothing else that is secret is stored.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Text, text
from sqlmodel import Field, SQLModel

from store.moment import Moment


class Workspace(SQLModel, table=True):
    """A tenant: the boundary that no query crosses."""

    __tablename__ = "workspaces"

    id: str = Field(primary_key=True)
    name: str
    created_at: datetime = Field(sa_type=Moment)


class ApiKey(SQLModel, table=True):
    """A key of the REST API. Only its SHA-256 is kept; keys have 256 bits of entropy, so no salt is needed."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id", index=True)
    name: str
    key_hash: str = Field(unique=True)
    hint: str
    created_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class ConsoleToken(SQLModel, table=True):
    """A one-time login link (`purpose="link"`) or the session it was exchanged for (`purpose="session"`), hashed."""

    __tablename__ = "console_tokens"

    token_hash: str = Field(primary_key=True)
    purpose: str
    workspace_id: str = Field(foreign_key="workspaces.id", index=True)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(index=True, sa_type=Moment)


class Perspective(SQLModel, table=True):
    """A conversational study, intake form or funnel: where events come from (FEATURES.md A, D)."""

    __tablename__ = "perspectives"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id", index=True)
    name: str
    kind: str
    created_at: datetime = Field(sa_type=Moment)


class Event(SQLModel, table=True):
    """Something that happened. The caller may choose its id, so ids are unique within a workspace only.

    `operational` ones tell of webhooks, and go to operational webhooks only.
    """

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_recent", "workspace_id", "created_at"),)

    workspace_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    perspective_id: str | None = None
    type: str
    payload: str = Field(sa_type=Text)
    ordering_key: str | None = None
    operational: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    occurred_at: datetime = Field(sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)


class IdempotencyKey(SQLModel, table=True):
    """What was answered to a request that carried an Idempotency-Key, so that the same again gets the same answer."""

    __tablename__ = "idempotency_keys"

    workspace_id: str = Field(primary_key=True, foreign_key="workspaces.id")
    key: str = Field(primary_key=True)
    body_hash: str
    status: int
    response: str = Field(sa_type=Text)
    created_at: datetime = Field(index=True, sa_type=Moment)


class Alert(SQLModel, table=True):
    """Something that needs a person's attention, from when it began until it was over (E07).

    `subject_id` is what it is about: a webhook, one event type of it, or the workspace; `webhook_id` is the webhook to
    look at. `mail_due_at` is when it is to be mailed; null when nothing is.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "ix_alerts_open",
            "workspace_id",
            "topic",
            "subject_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_alerts_open_webhook",
            "webhook_id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_alerts_open_list",
            "workspace_id",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_alerts_workspace", "workspace_id", "id"),
        Index("ix_alerts_topic", "workspace_id", "topic", "id"),
        Index(
            "ix_alerts_mail_due",
            "mail_due_at",
            sqlite_where=text("mail_due_at IS NOT NULL"),
            postgresql_where=text("mail_due_at IS NOT NULL"),
        ),
        Index(
            "ix_alerts_mailed",
            "mailed_at",
            sqlite_where=text("mailed_at IS NOT NULL"),
            postgresql_where=text("mailed_at IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id")
    topic: str
    subject_id: str
    webhook_id: str | None = None
    cause: str | None = None
    details: dict[str, Any] = Field(sa_type=JSON)
    opened_at: datetime = Field(sa_type=Moment)
    last_at: datetime = Field(sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    mail_due_at: datetime | None = Field(default=None, sa_type=Moment)
    mailed_at: datetime | None = Field(default=None, sa_type=Moment)
    mail_attempts: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class Webhook(SQLModel, table=True):
    """Where events go, under which filters, and how it has been going.

    The counters are folded from attempts in the transaction that stores them (`rules.health`).
    A deleted webhook keeps its row, so that the deletion can be undone.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        Index("ix_webhooks_workspace", "workspace_id", "id"),
        Index(
            "ix_webhooks_operational",
            "workspace_id",
            sqlite_where=text("operational"),
            postgresql_where=text("operational"),
        ),
    )

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id")
    perspective_id: str | None = Field(default=None, foreign_key="perspectives.id")
    name: str
    url: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text)
    enabled: bool = True
    profile: str
    event_filter: dict[str, Any] = Field(sa_type=JSON)
    conditions: list[dict[str, Any]] = Field(sa_type=JSON)
    tag_filter: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    trust_score: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    headers_sealed: str | None = Field(default=None, sa_type=Text)
    auth_header_name: str | None = None
    auth_header_sealed: str | None = Field(default=None, sa_type=Text)
    secrets_sealed: str | None = Field(default=None, sa_type=Text)
    signing_keys_sealed: str | None = Field(default=None, sa_type=Text)
    signature_header: str | None = None
    payload_template: str | None = Field(default=None, sa_type=Text)
    retry: dict[str, Any] = Field(sa_type=JSON)
    timeout_ms: int
    rate_limit_per_second: float | None = None
    max_in_flight: int | None = None
    auto_disable_hours: int | None = 120
    breaker: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    operational: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)
    total: int = Field(default=0, sa_type=BigInteger)
    successful: int = Field(default=0, sa_type=BigInteger)
    failed: int = Field(default=0, sa_type=BigInteger)
    consecutive_failures: int = 0
    total_ms: int = Field(default=0, sa_type=BigInteger)
    last_error: str | None = Field(default=None, sa_type=Text)
    last_cause: str | None = None
    last_status: str | None = None
    last_delivery_at: datetime | None = Field(default=None, sa_type=Moment)
    failing_since: datetime | None = Field(default=None, sa_type=Moment)
    disabled_reason: str | None = None
    breaker_until: datetime | None = Field(default=None, sa_type=Moment)
    breaker_trips: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class Delivery(SQLModel, table=True):
    """One event on its way to one webhook: the queue.

    `run_at` is when it is due; null once it is finished, or while its webhook is disabled.
    `worker_id` is who has claimed it; null while it waits. A claim lasts as long as that worker's heartbeat. No index
    knows of it, and on PostgreSQL each page keeps room for it, so that a claim costs no index anything.
    `key_under_way` is the ordering key of what is claimed.
    `lane` is 0 for a first attempt, 1 for a retry, 2 for a replay; 3 for whatever has an `ordering_key`, and 4 for a
    replay of it. Of each key, one is under way at a time, whatever the lane.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_due",
            "webhook_id",
            "lane",
            "run_at",
            sqlite_where=text("run_at IS NOT NULL"),
            postgresql_where=text("run_at IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_key_under_way",
            "webhook_id",
            "key_under_way",
            sqlite_where=text("key_under_way IS NOT NULL"),
            postgresql_where=text("key_under_way IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_ordered",
            "webhook_id",
            "lane",
            "ordering_key",
            "id",
            sqlite_where=text("ordering_key IS NOT NULL AND finished_at IS NULL"),
            postgresql_where=text("ordering_key IS NOT NULL AND finished_at IS NULL"),
        ),
        Index("ix_deliveries_webhook", "webhook_id", "id"),
        Index("ix_deliveries_workspace", "workspace_id", "id"),
        Index("ix_deliveries_event", "workspace_id", "event_id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    webhook_id: str
    event_id: str
    event_type: str
    status: str
    attempts: int = 0
    retries_used: int = 0
    ordering_key: str | None = None
    lane: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    run_at: datetime | None = Field(default=None, sa_type=Moment)
    worker_id: str | None = None
    key_under_way: str | None = None
    created_at: datetime = Field(sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    last_status_code: int | None = None
    last_error: str | None = Field(default=None, sa_type=Text)
    last_cause: str | None = None


class Attempt(SQLModel, table=True):
    """One HTTP exchange of a delivery, or of a test (`delivery_id` null). Secret header values are redacted.

    On PostgreSQL the table is partitioned by `attempted_at`, which its key there ends with (`store.partitions`).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_webhook", "webhook_id", "attempted_at"),
        Index("ix_attempts_delivery", "delivery_id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    webhook_id: str
    delivery_id: str | None = None
    event_id: str
    event_type: str
    number: int
    status: str
    status_code: int | None = None
    duration_ms: int
    cause: str | None = None
    error: str | None = Field(default=None, sa_type=Text)
    attempted_at: datetime = Field(sa_type=Moment)
    delivered_at: datetime | None = Field(default=None, sa_type=Moment)
    request_headers: str = Field(sa_type=Text)
    response_headers: str | None = Field(default=None, sa_type=Text)
    response_body: str | None = Field(default=None, sa_type=Text)


class Worker(SQLModel, table=True):
    """A delivery worker that is, or was lately, alive."""

    __tablename__ = "workers"

    id: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Moment)
    heartbeat_at: datetime = Field(sa_type=Moment)


class Change(SQLModel, table=True):
    """One change: who, to what, before and after, and (sealed) what is needed to undo it.

    `subject_id` is a webhook, a trigger or an assistant.
    """

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_subject", "subject_id", "id"),
        Index("ix_changes_workspace", "workspace_id", "id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    subject_id: str
    actor: str
    action: str
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    undo_sealed: str | None = Field(default=None, sa_type=Text)
    at: datetime = Field(sa_type=Moment)
    undone_by: str | None = None
