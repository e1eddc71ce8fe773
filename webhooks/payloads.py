"""Payload templates of webhooks: stored, filled in with an event, and previewed on a real one (X11)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rules.alerting import Topic
from rules.alerting_words import sample_alert
from rules.errors import InvalidInput, NotFound
from rules.events import sample_event
from rules.payload_template import FIELD, PRESETS, PayloadEvent, compile_payload, compiled, render_payload
from rules.times import rfc3339
from rules.webhook_spec import WebhookDraft, WebhookPatch
from store import deliveries as delivery_store
from store import webhooks as store
from store.session import Database
from webhooks.profiles import Message


def stored_template(spec: WebhookDraft | WebhookPatch) -> str | None:
    """Return the template of a spec, or of the preset it names, as JSON text; None for none."""
    template = spec.payload_template if spec.payload_preset is None else PRESETS[spec.payload_preset]
    return None if template is None else json.dumps(template, ensure_ascii=False)


def payload_event(message: Message, *, webhook_id: str, webhook_name: str) -> PayloadEvent:
    """Return a message as templates see it."""
    payload = json.loads(message.payload)
    return PayloadEvent(
        id=message.event_id,
        type=message.event_type,
        timestamp=rfc3339(message.occurred_at),
        payload=payload if isinstance(payload, Mapping) else {},
        webhook_id=webhook_id,
        webhook_name=webhook_name,
        test=message.test,
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a webhook would send for an event; `event_id` is null for a sample."""

    body: Any
    warnings: tuple[str, ...]
    event_id: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of the API."""
        return {
            "body": self.body,
            "content_type": "application/json",
            "warnings": list(self.warnings),
            "event_id": self.event_id,
        }


class Payloads:
    """Previews of payload templates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preview(
        self,
        workspace_id: str,
        webhook_id: str,
        *,
        template: Any = None,
        preset: str | None = None,
        event_id: str | None = None,
        event: Mapping[str, Any] | None = None,
    ) -> Preview:
        """Render a template on an event, sending nothing.

        Args:
            workspace_id: Whose.
            webhook_id: Which webhook; its own template is used when none is given.
            template: A template to try.
            preset: A preset to try.
            event_id: A stored event; the newest one that the webhook hears when absent.
            event: A payload instead of a stored event's.

        Raises:
            NotFound: There is no such webhook or event.
            InvalidInput: The template cannot be compiled or filled in, or there is none.

        """
        async with self._database.read() as connection:
            webhook = await store.get(connection, workspace_id, webhook_id)
            if webhook is None:
                raise NotFound("webhook", webhook_id)
            row = await self._event(connection, webhook, event_id)
        chosen = PRESETS[preset] if preset is not None else template
        if chosen is None and not webhook["payload_template"]:
            raise InvalidInput.of(FIELD, "is required: this webhook has none of its own; or name a payload_preset")
        wanted = compiled(webhook["payload_template"]) if chosen is None else compile_payload(chosen)
        made = PayloadEvent(
            id=row["id"],
            type=row["type"],
            timestamp=rfc3339(row["occurred_at"]),
            payload=event if event is not None else json.loads(row["payload"]),
            webhook_id=webhook_id,
            webhook_name=webhook["name"],
        )
        body, warnings = render_payload(wanted, made)
        return Preview(json.loads(body), warnings, row["id"] if row["stored"] and event is None else None)

    async def _event(self, connection: Any, webhook: Mapping[str, Any], event_id: str | None) -> dict[str, Any]:
        workspace_id = webhook["workspace_id"]
        if event_id is not None:
            row = await delivery_store.event(connection, workspace_id, event_id)
            if row is None:
                raise NotFound("event", event_id)
            return {**row, "stored": True}
        perspective_id, operational = webhook["perspective_id"], webhook["operational"]
        recent = await delivery_store.recent_events(
            connection, workspace_id, perspective_id, 1, operational=operational
        )
        if recent:
            return {**recent[0], "stored": True}
        type_ = str(Topic.FAILING) if operational else "purchase"
        return {
            "id": "evt_sample",
            "type": type_,
            "occurred_at": datetime.now(UTC),
            "payload": json.dumps(sample_alert(type_) if operational else sample_event(type_, None)),
            "stored": False,
        }
