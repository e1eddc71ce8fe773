"""What each route wants in its body, with an example: routes read bodies themselves, so the document learns it here."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from rules.integration_spec import (
    AssistantDraft,
    AssistantPatch,
    RunRequest,
    SecretDraft,
    SessionDraft,
    TriggerDraft,
    TriggerPatch,
)
from rules.webhook_spec import WebhookDraft, WebhookPatch
from server import problem_schema
from server.routes.chat import ChatBody, ResumeBody
from server.routes.erasure import EraseBody
from server.routes.events import EventBody
from server.routes.perspectives import Ending, NewPerspective
from server.routes.sessions import SessionMessage, SessionUpdate
from server.routes.triggers import ImportBody
from server.routes.webhooks import PreviewBody, ReplayBody, RotateBody, TestBody

_SCHEMAS = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The fields of a body, and one that would be accepted."""

    model: type[BaseModel]
    example: dict[str, Any]


_APPROVAL = RequestBody(ResumeBody, {"interrupt_id": "int_1", "value": {"approved": True}})
_ORDER_STATUS = {
    "name": "order_status",
    "description": "Look up where an order is. Needs the order number.",
    "parameters": {
        "type": "object",
        "properties": {"order_number": {"type": "string"}},
        "required": ["order_number"],
    },
    "integration": {
        "type": "WEBHOOK",
        "url": "https://erp.company.com/api/orders/$order_number",
        "method": "GET",
        "headers": [{"key": "Authorization", "value": "Bearer $erp_token"}],
        "responseDirective": "Inform the customer of the order status clearly.",
    },
}

REQUEST_BODIES: dict[tuple[str, str], RequestBody] = {
    ("post", "/v1/perspectives"): RequestBody(NewPerspective, {"name": "Customer interviews", "kind": "interviewer"}),
    ("post", "/v1/perspectives/{perspective_id}/conversations/{conversation_id}/end"): RequestBody(
        Ending, {"status": "completed", "tags": ["pricing"], "trust_score": 82, "summary": "Wants the yearly plan."}
    ),
    ("post", "/v1/events"): RequestBody(
        EventBody, {"type": "purchase", "payload": {"properties": {"value": 100}}, "id": "order-1001"}
    ),
    ("post", "/v1/webhooks"): RequestBody(
        WebhookDraft,
        {
            "name": "CRM sync",
            "url": "https://example.com/webhooks",
            "event_filter": {"mode": "include", "events": ["purchase"]},
            "conditions": [{"field": "properties.value", "operator": "gte", "value": 100}],
        },
    ),
    ("patch", "/v1/webhooks/{webhook_id}"): RequestBody(WebhookPatch, {"enabled": False}),
    ("post", "/v1/webhooks/{webhook_id}/test"): RequestBody(TestBody, {"mode": "delivery"}),
    ("post", "/v1/webhooks/{webhook_id}/rotate-secret"): RequestBody(RotateBody, {"overlap_seconds": 86_400}),
    ("post", "/v1/webhooks/{webhook_id}/preview"): RequestBody(
        PreviewBody, {"payload_template": {"text": "New lead: $profile.name.value"}}
    ),
    ("post", "/v1/webhooks/{webhook_id}/replay"): RequestBody(
        ReplayBody, {"since": "2026-01-31T00:00:00Z", "status": "failed"}
    ),
    ("post", "/v1/erase"): RequestBody(EraseBody, {"contact": "ada@example.com"}),
    ("post", "/v1/chat"): RequestBody(ChatBody, {"message": "Which webhooks are failing?"}),
    ("post", "/v1/chat/{conversation_id}/resume"): _APPROVAL,
    ("post", "/v1/assistants"): RequestBody(AssistantDraft, {"name": "Shop assistant", "instructions": "Be brief."}),
    ("patch", "/v1/assistants/{assistant_id}"): RequestBody(AssistantPatch, {"instructions": "Be brief and kind."}),
    ("post", "/v1/assistants/{assistant_id}/triggers"): RequestBody(TriggerDraft, _ORDER_STATUS),
    ("post", "/v1/assistants/{assistant_id}/triggers/import"): RequestBody(
        ImportBody, {"curl": "curl https://erp.company.com/api/orders/1001 -H 'Authorization: Bearer …'"}
    ),
    ("patch", "/v1/triggers/{trigger_id}"): RequestBody(TriggerPatch, {"integration": {"timeout_ms": 5000}}),
    ("post", "/v1/triggers/{trigger_id}/run"): RequestBody(
        RunRequest, {"arguments": {"order_number": "A-1001"}, "dry_run": True}
    ),
    ("put", "/v1/secrets/{name}"): RequestBody(SecretDraft, {"value": "the-api-key", "hosts": ["erp.company.com"]}),
    ("post", "/session"): RequestBody(
        SessionDraft, {"assistant_id": "ast_…", "client_data": {"user_id": "usr_999", "plan": "enterprise"}}
    ),
    ("put", "/session/{session_id}"): RequestBody(SessionUpdate, {"client_data": {"plan": "enterprise"}}),
    ("post", "/session/{session_id}/messages"): RequestBody(
        SessionMessage, {"message": "Where is my order A-1001?", "images": ["https://example.com/photo.jpg"]}
    ),
    ("post", "/session/{session_id}/resume"): _APPROVAL,
}


def install(app: FastAPI) -> None:
    """Let the app's OpenAPI document name the bodies and the key that routes ask for."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(plain())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to change the document


def _described(document: dict[str, Any]) -> dict[str, Any]:
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]
    schemas |= problem_schema.schemas(_SCHEMAS)
    for (method, path), body in REQUEST_BODIES.items():
        operation = document["paths"].get(path, {}).get(method)
        if operation is None:
            continue
        schema = body.model.model_json_schema(ref_template=_SCHEMAS)
        schemas |= schema.pop("$defs", {})
        schemas[body.model.__name__] = schema
        media = {"schema": {"$ref": _SCHEMAS.format(model=body.model.__name__)}, "example": body.example}
        operation["requestBody"] = {"required": True, "content": {"application/json": media}}
    return document
