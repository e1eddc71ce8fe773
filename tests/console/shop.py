"""A shop's assistant with two triggers over a stub API: what the pages about integrations are shown."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.acceptance.stub import StubApi
from tests.serving import Api

SECRET = "planted-token-5d1c77"
ORDER = {
    "type": "object",
    "properties": {"order_number": {"type": "string", "description": "As on the invoice", "pattern": "^[A-Z0-9-]+$"}},
    "required": ["order_number"],
}
TICKET = {
    "type": "object",
    "properties": {
        "issue_title": {"type": "string"},
        "priority": {"enum": ["low", "high"]},
        "urgent": {"type": "boolean"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "extra": {"type": "object"},
    },
    "required": ["issue_title", "priority"],
}


@dataclass
class Shop:
    """The shop's ids, and the API that it calls."""

    api: Api
    stub: StubApi
    assistant: str
    order_status: str
    create_ticket: str

    async def session(self, **fields: Any) -> str:
        return (await self.api.post("/session", {"assistant_id": self.assistant, **fields}))["id"]

    async def look_up(self, session: str, order: str = "A-1001") -> dict[str, Any]:
        body = {"arguments": {"order_number": order}, "session_id": session}
        return await self.api.post(f"/v1/triggers/{self.order_status}/run", body)


async def open_shop(api: Api, stub: StubApi) -> Shop:
    """Set the shop up; `$erp_token` is in the vault and bound to the stub's host, `$helpdesk_key` is nowhere."""
    host = urlsplit(stub.url).hostname
    await api.call("PUT", "/v1/secrets/erp_token", {"value": SECRET, "hosts": [host]})
    assistant = (await api.post("/v1/assistants", {"name": "Shop assistant", "instructions": "Be brief."}))["id"]
    path = f"/v1/assistants/{assistant}/triggers"
    order = {
        "name": "order_status",
        "description": "Look up where an order is.",
        "parameters": ORDER,
        "integration": {
            "type": "WEBHOOK",
            "url": f"{stub.url}/api/orders/$order_number?plan=$plan",
            "method": "GET",
            "headers": [{"key": "Authorization", "value": "Bearer $erp_token"}],
            "responseDirective": "Inform the customer of the order status clearly.",
        },
    }
    ticket = {
        "name": "create_ticket",
        "description": "Open a support ticket.",
        "parameters": TICKET,
        "confirm": True,
        "interpret_response": False,
        "integration": {
            "type": "WEBHOOK",
            "url": f"{stub.url}/api/tickets",
            "method": "POST",
            "headers": [{"key": "X-Api-Key", "value": "$helpdesk_key"}],
            "body": {"title": "$issue_title", "priority": "$priority", "urgent": "$urgent", "token": "$erp_token"},
        },
    }
    ids = [(await api.post(path, trigger))["id"] for trigger in (order, ticket)]
    return Shop(api, stub, assistant, *ids)
