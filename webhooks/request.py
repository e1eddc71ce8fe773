"""One webhook made ready for sending, and the request that carries one message to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rules.filters import FilterSet
from rules.header_fields import redact
from rules.payload_template import PayloadTemplate, compiled, render_payload
from rules.retry import RetryPolicy
from rules.signature import decode_secret, sign_hex, sign_v1, sign_v1a
from rules.signing_keys import private_key
from store.pages import Row
from webhooks.columns import Columns
from webhooks.payloads import payload_event
from webhooks.profiles import PROFILES, Message, Profile, body_of
from webhooks.secrets import SigningKey, SigningSecret, live

USER_AGENT = "Hookwright/0.1"


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook with its secrets open: it lives in memory only and is never logged.

    Attributes:
        keys: The decoded key of each standard secret.
        opened_keys: The opened key of each of `signing_keys`; opening one costs as much as a signature.

    """

    id: str
    workspace_id: str
    url: str
    active: bool
    profile: Profile
    filters: FilterSet
    retry: RetryPolicy
    timeout: timedelta
    max_in_flight: int | None
    rate_limit_per_second: float | None
    headers: Mapping[str, str]
    secret_headers: frozenset[str]
    signing: tuple[SigningSecret, ...]
    keys: Mapping[str, bytes]
    version: datetime
    name: str = ""
    payload: PayloadTemplate | None = None
    signature_header: str | None = None
    signing_keys: tuple[SigningKey, ...] = ()
    opened_keys: Mapping[str, Ed25519PrivateKey] = field(default_factory=dict)


class Request(NamedTuple):
    """Headers and the exact body bytes of one attempt; `shown_headers` are safe to store and to show."""

    headers: dict[str, str]
    body: bytes
    shown_headers: dict[str, str]


def open_target(row: Row, columns: Columns) -> Target:
    """Unseal a webhook row."""
    profile = PROFILES[row["profile"]]
    auth = columns.auth_header(row)
    custom = columns.headers(row)
    signing = columns.signing(row)
    standard = profile.signature == "standard"
    return Target(
        id=row["id"],
        workspace_id=row["workspace_id"],
        url=row["url"],
        active=row["enabled"] and row["deleted_at"] is None,
        profile=profile,
        filters=FilterSet.of(
            **{name: row[name] for name in ("event_filter", "conditions", "tag_filter", "trust_score")}
        ),
        retry=RetryPolicy(**{**row["retry"], "schedule": tuple(row["retry"]["schedule"])}),
        timeout=timedelta(milliseconds=row["timeout_ms"]),
        max_in_flight=row["max_in_flight"],
        rate_limit_per_second=row["rate_limit_per_second"],
        headers={**custom, **({auth[0]: auth[1]} if auth else {})},
        secret_headers=frozenset({auth[0].lower()} if auth else ()),
        signing=signing.secrets,
        keys={secret.value: decode_secret(secret.value) for secret in signing.secrets} if standard else {},
        version=row["updated_at"],
        name=row["name"],
        payload=compiled(row["payload_template"]) if row["payload_template"] else None,
        signature_header=row["signature_header"] or profile.signature_header,
        signing_keys=signing.keys,
        opened_keys={key.public: private_key(key.value) for key in signing.keys},
    )


def build_request(target: Target, message: Message, attempt: int, now: datetime) -> Request:
    """Render, sign and address one attempt, numbered from 1; custom headers win over ours, ignoring case (B06).

    Raises:
        InvalidInput: The payload template cannot be filled in with this event.

    """
    body = body_of(target.profile, message) if target.payload is None else _templated(target, target.payload, message)
    ours = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    carried = {
        "event_type": message.event_type,
        "event_id": message.event_id,
        "attempt": str(attempt),
        "delivery_id": message.delivery_id,
    }
    ours.update({name: value for name, what in target.profile.headers.items() if (value := carried[what]) is not None})
    ours.update(_signature(target, message, body, now))
    headers = _merge(ours, target.headers) if target.headers else ours
    shown = redact(headers, target.secret_headers) if target.headers else headers
    return Request(headers, body, shown)


def _templated(target: Target, template: PayloadTemplate, message: Message) -> bytes:
    return render_payload(template, payload_event(message, webhook_id=target.id, webhook_name=target.name))[0]


def _signature(target: Target, message: Message, body: bytes, now: datetime) -> dict[str, str]:
    if target.signature_header is not None:
        return {target.signature_header: sign_hex(target.signing[0].value, body)} if target.signing else {}
    signed = target.signing or target.signing_keys
    if not signed and target.profile.body == "bare":
        return {}
    timestamp = int(now.timestamp())
    identity = {"webhook-id": message.event_id, "webhook-timestamp": str(timestamp)}
    if not signed:
        return identity
    signature = sign_v1([target.keys[s.value] for s in live(target.signing, now)], message.event_id, timestamp, body)
    if target.signing_keys:
        opened = [target.opened_keys[key.public] for key in live(target.signing_keys, now)]
        signature = f"{signature} {sign_v1a(opened, message.event_id, timestamp, body)}".lstrip()
    return {**identity, "webhook-signature": signature}


def _merge(ours: dict[str, str], custom: Mapping[str, str]) -> dict[str, str]:
    taken = {name.lower() for name in custom}
    return {**{name: value for name, value in ours.items() if name.lower() not in taken}, **custom}
