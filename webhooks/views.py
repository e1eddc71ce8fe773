"""What callers see of webhooks, changes and deliveries: no secret is ever among it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rules.alerting_words import sentence
from rules.auto_disable import reason_of
from rules.breaker import Breaker, BreakerPolicy, breaker_state
from rules.filters import FilterSet
from rules.header_fields import redact
from rules.health import Health, state, status_icon
from rules.times import time_text
from store.pages import Row
from webhooks.profiles import PROFILES
from webhooks.secrets import Scheme, SigningKey, scheme


def health_of(row: Row) -> Health:
    """Read a webhook row's counters."""
    return Health(**{name: row[name] for name in Health.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook as GET /v1/webhooks/{id} shows it."""

    id: str
    workspace_id: str
    perspective_id: str | None
    name: str
    url: str
    description: str
    enabled: bool
    profile: str
    event_filter: dict[str, Any]
    conditions: list[dict[str, Any]]
    tag_filter: dict[str, Any] | None
    trust_score: dict[str, Any] | None
    auth_header: dict[str, Any] | None
    headers: dict[str, str]
    has_secret: bool
    signing: Scheme | None
    public_key: str | None
    signature_header: str | None
    retry: dict[str, Any]
    timeout_ms: int
    rate_limit_per_second: float | None
    max_in_flight: int | None
    auto_disable_hours: int | None
    operational: bool
    disabled_reason: str | None
    circuit_breaker: dict[str, Any]
    breaker_state: str
    payload_template: Any
    health: Health
    created_at: datetime
    updated_at: datetime

    @property
    def state(self) -> str:
        """Return healthy, failing, disabled or never."""
        return state(self.enabled, self.health)

    @property
    def filters(self) -> FilterSet:
        """Return the four filters."""
        return FilterSet.of(
            event_filter=self.event_filter,
            conditions=self.conditions,
            tag_filter=self.tag_filter,
            trust_score=self.trust_score,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        skipped = {"workspace_id", "health"}
        fields = {name: getattr(self, name) for name in self.__slots__ if name not in skipped}
        return {
            **fields,
            "created_at": time_text(self.created_at),
            "updated_at": time_text(self.updated_at),
            "state": self.state,
            "failing_since": time_text(self.health.failing_since),
            "status_icon": status_icon(self.enabled, self.health),
            "health": {**self.health.as_dict(), "last_delivery_at": time_text(self.health.last_delivery_at)},
        }


def webhook_view(row: Row, headers: dict[str, str], keys: Sequence[SigningKey]) -> WebhookView:
    """Read a webhook row; `headers` are its custom headers and `keys` its Ed25519 keys, already unsealed."""
    name, profile = row["auth_header_name"], PROFILES[row["profile"]]
    has_secret = row["secrets_sealed"] is not None
    worked_out = ("auth_header", "headers", "has_secret", "signing", "public_key", "signature_header")
    skipped = {*worked_out, "payload_template", "health"}
    skipped |= {"disabled_reason", "circuit_breaker", "breaker_state"}
    fields = {field: row[field] for field in WebhookView.__slots__ if field not in skipped}
    breaker = BreakerPolicy.from_dict(row["breaker"])
    return WebhookView(
        **fields,
        auth_header=None if name is None else {"name": name, "set": True},
        headers=redact(headers),
        has_secret=has_secret,
        signing=scheme(profile, secret=has_secret, key=bool(keys)),
        public_key=keys[0].public if keys else None,
        signature_header=row["signature_header"] or profile.signature_header,
        disabled_reason=reason_of(row),
        circuit_breaker=breaker.as_dict(),
        breaker_state=breaker_state(breaker, Breaker(row["breaker_until"], row["breaker_trips"]), datetime.now(UTC)),
        payload_template=json.loads(row["payload_template"] or "null"),
        health=health_of(row),
    )


def attempt_view(row: Row) -> dict[str, Any]:
    """Read an attempt row into the shape of API.md."""
    names = (
        "number",
        "event_id",
        "event_type",
        "status",
        "status_code",
        "duration_ms",
        "error",
        "cause",
        "response_body",
    )
    return {
        "id": row["id"],
        **{name: row[name] for name in names},
        "attempted_at": time_text(row["attempted_at"]),
        "delivered_at": time_text(row["delivered_at"]),
        "request_headers": json.loads(row["request_headers"]),
        "response_headers": json.loads(row["response_headers"] or "null"),
    }


def alert_view(row: Row) -> dict[str, Any]:
    """Read an alert row into the shape of API.md."""
    names = ("id", "topic", "subject_id", "webhook_id", "cause", "details")
    times = {name: time_text(row[name]) for name in ("opened_at", "last_at", "closed_at", "mailed_at")}
    return {**{name: row[name] for name in names}, "summary": sentence(row), **times}


def delivery_view(row: Row) -> dict[str, Any]:
    """Read a delivery row into the shape of API.md."""
    names = ("id", "webhook_id", "event_id", "event_type", "status", "attempts")
    return {
        **{name: row[name] for name in names},
        "status_code": row["last_status_code"],
        "error": row["last_error"],
        "cause": row["last_cause"],
        "next_attempt_at": time_text(row["run_at"]),
        "created_at": time_text(row["created_at"]),
        "finished_at": time_text(row["finished_at"]),
    }
