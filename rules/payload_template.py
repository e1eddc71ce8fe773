"""What a webhook sends in place of its profile's body: a JSON template over the event (X11).

The same engine renders it as renders the requests of integrations, so a value can never break out of the text that it
stands in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from rules.body_template import BodyTemplate, compile_body
from rules.errors import FieldError, InvalidInput
from rules.request_template import render_body
from rules.variables import Scope

FIELD: Final = "payload_template"
_JSON: Final = "application/json"

PRESETS: Final[Mapping[str, Any]] = {
    "slack": {
        "text": "$event.type",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "$event.type"}},
            {"type": "section", "text": {"type": "plain_text", "text": "$payload.summary"}},
            {"type": "context", "elements": [{"type": "plain_text", "text": "$webhook.name · $event.timestamp"}]},
        ],
    },
    "discord": {
        "content": "$event.type",
        "embeds": [
            {
                "title": "$event.type",
                "description": "$payload.summary",
                "timestamp": "$event.timestamp",
                "footer": {"text": "$webhook.name"},
            }
        ],
        "allowed_mentions": {"parse": []},
    },
    "teams": {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        {"type": "TextBlock", "size": "Large", "weight": "Bolder", "text": "$event.type"},
                        {"type": "TextBlock", "wrap": True, "text": "$payload.summary"},
                        {"type": "TextBlock", "isSubtle": True, "text": "$webhook.name · $event.timestamp"},
                    ],
                },
            }
        ],
    },
}
"""Templates for the chats that people want events in, by name."""


@dataclass(frozen=True, slots=True)
class PayloadEvent:
    """The event that a body is made of; `timestamp` is RFC 3339, `test` marks a test delivery (A09)."""

    id: str
    type: str
    timestamp: str
    payload: Mapping[str, Any]
    webhook_id: str
    webhook_name: str
    test: bool = False

    def scope(self, references: frozenset[str]) -> Scope:
        """Return the variables: `$event.…`, `$webhook.…`, `$test`, `$payload`, and the payload's own fields.

        Every name that the template mentions is declared: what an event does not have is missing, and is sent as an
        empty text (or `null`), never as `$name`.
        """
        ours = {
            "event.id": self.id,
            "event.type": self.type,
            "event.timestamp": self.timestamp,
            "webhook.id": self.webhook_id,
            "webhook.name": self.webhook_name,
            "test": self.test,
            "payload": self.payload,
        }
        return Scope(ours, {}, self.payload, {}, references)


@dataclass(frozen=True, slots=True)
class PayloadTemplate:
    """A template that was compiled, and the names in it."""

    body: BodyTemplate
    references: frozenset[str]


def compile_payload(template: Any) -> PayloadTemplate:
    """Compile a template: a JSON value, or a text of JSON with bare variables.

    Raises:
        InvalidInput: `payload_template…`, with the column where there is one: it would not be JSON when filled in.

    """
    try:
        body = compile_body(template, _JSON)
    except InvalidInput as error:
        raise _renamed(error) from None
    names = (slot.reference.candidates() for slot in body.slots)
    return PayloadTemplate(body, frozenset().union(*names))


@lru_cache(maxsize=1_024)
def compiled(text: str) -> PayloadTemplate:
    """Compile a stored template, given as JSON text, once."""
    return compile_payload(json.loads(text))


def render_payload(template: PayloadTemplate, event: PayloadEvent) -> tuple[bytes, tuple[str, ...]]:
    """Render the bytes to send, the same for the same event, and the warnings.

    Raises:
        InvalidInput: `payload_template…`: the values make names collide, or the body longer than 1 MiB.

    """
    try:
        return render_body(template.body, event.scope(template.references))
    except InvalidInput as error:
        raise _renamed(error) from None


def _renamed(error: InvalidInput) -> InvalidInput:
    return InvalidInput([FieldError(FIELD + each.field.removeprefix("body"), each.message) for each in error.errors])
