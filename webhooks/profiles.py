"""The four ways a delivery can look, as data: body shape, headers, signature, retries, timeout."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring as quoted
from typing import Any, Literal, NamedTuple

from rules.retry import RetryPolicy
from rules.times import rfc3339

MINUTE, HOUR = 60.0, 3600.0


class Message(NamedTuple):
    """What is sent, before it has a shape. `payload` is JSON text; a test is marked as one in every body."""

    event_id: str
    event_type: str
    occurred_at: datetime
    payload: str
    delivery_id: str | None
    test: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """Defaults and conventions of one family of webhooks.

    Attributes:
        body: `enveloped` {id, type, timestamp, data}; `bare` the payload itself; `named` {event_id, event_name,
            timestamp} and the payload's fields beside them.
        signature: `standard` (Standard Webhooks: v1, v1a) or `hex` (HMAC-SHA256 of the body), when there is a secret.
        headers: Header names and what they carry: event_type, event_id, delivery_id or attempt.
        signature_header: Where a hex signature goes, unless the webhook names another header.
        signed_by_default: Whether a new webhook gets a secret without asking for one.

    """

    name: str
    body: Literal["enveloped", "bare", "named"]
    signature: Literal["standard", "hex"]
    headers: Mapping[str, str]
    retry: RetryPolicy
    timeout_ms: int
    signature_header: str | None = None
    signed_by_default: bool = False


_IDEMPOTENT = {"X-Idempotency-Key": "delivery_id"}
_PATIENT = RetryPolicy(
    max_retries=5,
    strategy="schedule",
    schedule=(10.0, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR),
    jitter=0.1,
    retry_4xx=False,
)

PROFILES: Mapping[str, Profile] = {
    "standard": Profile(
        name="standard",
        body="enveloped",
        signature="standard",
        headers={},
        retry=RetryPolicy(
            max_retries=7,
            strategy="schedule",
            schedule=(5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR),
            jitter=0.2,
            retry_4xx=True,
        ),
        timeout_ms=15_000,
        signed_by_default=True,
    ),
    "perspective": Profile("perspective", "bare", "standard", _IDEMPOTENT, _PATIENT, 30_000),
    "funnel": Profile("funnel", "bare", "standard", _IDEMPOTENT, _PATIENT, 30_000),
    "perspection": Profile(
        name="perspection",
        body="named",
        signature="hex",
        headers={
            "X-Perspection-Event": "event_type",
            "X-Perspection-Event-ID": "event_id",
            "X-Perspection-Delivery-Attempt": "attempt",
        },
        retry=RetryPolicy(max_retries=3, strategy="exponential", base_seconds=2.0, retry_4xx=True),
        timeout_ms=5_000,
        signature_header="X-Perspection-Signature",
    ),
}


def body_of(profile: Profile, message: Message) -> bytes:
    """Render the exact bytes to send; the same message gives the same bytes at every attempt."""
    match profile.body:
        case "bare":
            return _bare(message)
        case "named":
            return _named(message)
        case _:
            return _enveloped(message)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _enveloped(message: Message) -> bytes:
    test = ',"test":true' if message.test else ""
    head = f'{{"id":{quoted(message.event_id)},"type":{quoted(message.event_type)}'
    return f'{head},"timestamp":"{rfc3339(message.occurred_at)}"{test},"data":{message.payload}}}'.encode()


def _bare(message: Message) -> bytes:
    if not message.test:
        return message.payload.encode()
    return _compact({**json.loads(message.payload), "test": True}).encode()


def _named(message: Message) -> bytes:
    ours = {
        "event_id": message.event_id,
        "event_name": message.event_type,
        "timestamp": rfc3339(message.occurred_at),
    }
    marked = {"test": True} if message.test else {}
    return _compact({**ours, **json.loads(message.payload), **ours, **marked}).encode()
