"""The event types that the platform knows, with a JSON Schema and an example of each payload (A04, B03, D03, E01)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CONVERSATION_KINDS: Final = ("interviewer", "concierge", "evaluator", "advocate")
KINDS: Final = (*CONVERSATION_KINDS, "funnel", "event_stream", "contact_center")
_TIME: Final = "2026-05-08T09:30:00.000Z"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event; `kind` is the kind of perspective that raises it, `conversation` for all four that talk."""

    name: str
    kind: str
    description: str
    schema: Mapping[str, Any]
    example: Mapping[str, Any]

    def as_dict(self) -> Json:
        """Return the API's shape."""
        return {
            "name": self.name,
            "kind": self.kind,
            "description": self.description,
            "schema": dict(self.schema),
            "example": dict(self.example),
        }


def _object(properties: Json, required: tuple[str, ...] | None = None) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties if required is None else required)}


def _document(properties: Json, required: tuple[str, ...] | None = None) -> Json:
    return {"$schema": _DIALECT, **_object(properties, required)}


_TEXT: Final[Json] = {"type": "string"}
_ID: Final[Json] = {"type": "string", "minLength": 1}
_DATE: Final[Json] = {"type": "string", "format": "date-time"}
_MAYBE_DATE: Final[Json] = {"type": ["string", "null"], "format": "date-time"}
_MAYBE_TEXT: Final[Json] = {"type": ["string", "null"]}
_FLAG: Final[Json] = {"type": "boolean"}
_OBJECT: Final[Json] = {"type": "object"}


def _conversation(status: str, name: str, description: str, **facts: Any) -> EventType:
    schema = _document(
        {
            "event": {"const": name},
            "status": {"const": status},
            "returned_after_partial_conversation": _FLAG,
            "test": _FLAG,
            "timestamp": _DATE,
            "research_id": _ID,
            "interview_id": _ID,
            "participant_metadata": _OBJECT,
            "structured_output": {"type": ["object", "null"]},
            "tags": {"type": "array", "items": _TEXT},
            "trust_score": {"type": ["number", "null"], "minimum": 0, "maximum": 100},
            "summary": _MAYBE_TEXT,
        }
    )
    example = {
        "event": name,
        "status": status,
        "returned_after_partial_conversation": False,
        "test": False,
        "timestamp": _TIME,
        "research_id": "psp_01jtqk5v3hexample0000000a",
        "interview_id": "int_01jtqk6c8mexample0000000b",
        "participant_metadata": {"email": "ada@example.com", "plan": "team"},
        **facts,
    }
    return EventType(name, "conversation", description, schema, example)


_CONVERSATIONS: Final = (
    _conversation(
        "COMPLETE",
        "interview.completed",
        "A conversation reached its end.",
        structured_output={"would_recommend": True, "main_reason": "saves an hour a day"},
        tags=["pricing", "onboarding"],
        trust_score=82,
        summary="Ada finds the product worth its price, but setting it up took longer than she expected.",
    ),
    _conversation(
        "PARTIAL",
        "interview.partial",
        "A conversation stopped before its end, with enough answers to be useful.",
        structured_output={"would_recommend": None, "main_reason": "saves an hour a day"},
        tags=["onboarding"],
        trust_score=64,
        summary="Ada described her first week and left before the questions about pricing.",
    ),
    _conversation(
        "ABANDONED",
        "interview.abandoned",
        "A conversation was left with too few answers to be useful; it has no trust score.",
        structured_output=None,
        tags=[],
        trust_score=None,
        summary=None,
    ),
)

_STREAM: Final[tuple[tuple[str, str, Json], ...]] = (
    ("page_view", "A visitor opened a page.", {"url": "https://shop.example.com/shoes", "title": "Shoes"}),
    ("track", "A custom action of a visitor was recorded.", {"action": "video_played", "seconds": 42}),
    ("identify", "A visitor became known.", {"email": "ada@example.com", "plan": "team"}),
    ("form_submission", "A visitor sent a form.", {"form_id": "newsletter", "fields": {"email": "ada@example.com"}}),
    ("button_click", "A visitor pressed a button.", {"button_id": "start-trial", "text": "Start the trial"}),
    (
        "purchase",
        "A visitor bought something.",
        {
            "value": 149.5,
            "currency": "USD",
            "order_id": "ord_1042",
            "items": [{"product_id": "sku_7", "name": "Shoes", "quantity": 1, "price": 149.5}],
        },
    ),
    ("add_to_cart", "A visitor put something into the cart.", {"product_id": "sku_7", "quantity": 1, "value": 149.5}),
    ("checkout_started", "A visitor began to pay.", {"value": 149.5, "currency": "USD", "item_count": 1}),
    ("user_signup", "A visitor created an account.", {"method": "email", "plan": "free"}),
    ("user_login", "A user signed in.", {"method": "password"}),
)


def stream_example(name: str, properties: Mapping[str, Any]) -> Json:
    """Return the payload of an event stream's event, also of a custom type."""
    return {
        "event_id": "evt_01jtqk7h2nexample0000000c",
        "event_name": name,
        "timestamp": _TIME,
        "user_id": "usr_318",
        "anonymous_id": "anon_5f1c",
        "session_id": "ses_90210",
        "properties": dict(properties),
        "context": {"page": {"path": "/shoes"}, "utm_source": "newsletter", "utm_campaign": "spring"},
        "consent": {"analytics": True, "marketing": False},
    }


def _stream(name: str, description: str, properties: Json) -> EventType:
    shape = {
        "event_id": _ID,
        "event_name": {"const": name},
        "timestamp": _DATE,
        "user_id": _MAYBE_TEXT,
        "anonymous_id": _MAYBE_TEXT,
        "session_id": _MAYBE_TEXT,
        "properties": _OBJECT,
        "context": _OBJECT,
        "consent": _OBJECT,
    }
    schema = _document(shape, ("event_id", "event_name", "timestamp", "properties"))
    return EventType(name, "event_stream", description, schema, stream_example(name, properties))


_ANSWER: Final = {"value": _TEXT, "title": _TEXT}


def _funnel(name: str, description: str, *, completed: bool) -> EventType:
    times = {"createdAt": _DATE, "lastSeenAt": _DATE, "completedAt": _MAYBE_DATE, "convertedAt": _MAYBE_DATE}
    meta = {**times, "globalId": _MAYBE_TEXT, "completed": _FLAG, "converted": _FLAG}
    schema = _document({"id": _ID, "funnelName": _TEXT, "meta": _object(meta), "profile": _OBJECT})
    example = {
        "id": "cnt_01jtqk8w5pexample0000000d",
        "funnelName": "Spring campaign",
        "meta": {
            "createdAt": "2026-05-08T09:25:00.000Z",
            "lastSeenAt": _TIME,
            "completedAt": _TIME if completed else None,
            "convertedAt": "2026-05-08T09:28:00.000Z",
            "globalId": "glb_77",
            "completed": completed,
            "converted": True,
        },
        "profile": {
            "firstName": {"value": "Ada", "title": "First name"},
            "email": {"value": "ada@example.com", "title": "Email"},
            "address": {"city": {"value": "Berlin", "title": "City"}},
            "interests": {"value": "Shoes;Hats", "title": "What are you looking for?"},
            "cookies": {"value": "", "title": "Cookies"},
        },
    }
    return EventType(name, "funnel", description, schema, example)


_CALL: Final[Json] = {"call_id": "call_881", "direction": "outbound", "contact_id": "cnt_42", "campaign_id": "cmp_7"}
_CONTACT: Final[Json] = {"contact_id": "cnt_42", "name": "Ada Lovelace", "phone": "+4930901820"}
_CAMPAIGN: Final[Json] = {"campaign_id": "cmp_7", "name": "Renewals in May", "contacts": 250}
_INTEGRATION: Final[Json] = {"integration_id": "itg_3", "provider": "hubspot"}

_CENTER: Final[tuple[tuple[str, str, Json], ...]] = (
    ("call.started", "A call began.", _CALL),
    ("call.completed", "A call ended normally.", _CALL | {"duration_seconds": 184, "tags": ["callback"]}),
    ("call.failed", "A call met an error.", _CALL | {"error": "The number did not answer."}),
    ("contact.created", "A contact was added.", _CONTACT),
    ("contact.updated", "A contact's details changed.", _CONTACT | {"changed": ["phone"]}),
    ("contact.deleted", "A contact was removed.", {"contact_id": "cnt_42"}),
    ("campaign.started", "A campaign began to run.", _CAMPAIGN),
    ("campaign.completed", "A campaign reached its end.", _CAMPAIGN | {"calls": 231, "reached": 164}),
    ("campaign.paused", "A campaign was paused.", _CAMPAIGN | {"reason": "outside of calling hours"}),
    ("campaign.resumed", "A paused campaign goes on.", _CAMPAIGN),
    ("integration.connected", "An external service was connected.", _INTEGRATION),
    ("integration.disconnected", "An external service was disconnected.", _INTEGRATION | {"reason": "access revoked"}),
)
_JSON_TYPES: Final = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


def _center(name: str, description: str, data: Json) -> EventType:
    shape = {field: {"type": _JSON_TYPES[type(value)]} for field, value in data.items()}
    identifier = next(iter(data))
    schema = _document({"event": {"const": name}, "timestamp": _DATE, "data": _object(shape, (identifier,))})
    return EventType(
        name, "contact_center", description, schema, {"event": name, "timestamp": _TIME, "data": dict(data)}
    )


EVENT_TYPES: Final[Mapping[str, EventType]] = {
    event.name: event
    for event in (
        *_CONVERSATIONS,
        *(_stream(*row) for row in _STREAM),
        _funnel("new_lead", "A visitor first submitted an email address or a phone number.", completed=False),
        _funnel("funnel_completed", "A visitor first reached the last page or a result page.", completed=True),
        *(_center(*row) for row in _CENTER),
    )
}
