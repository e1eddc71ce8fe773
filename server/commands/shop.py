"""A small shop with an HTTP API, for the demo's assistant to call: orders can be looked up, tickets opened."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "shop-demo-token"  # noqa: S105 - the demonstration's own, worth nothing
ORDERS = {
    "1042": {"status": "in_transit", "estimated_delivery": "2026-12-01", "carrier": "DHL"},
    "1041": {"status": "delivered", "delivered_on": "2026-11-18"},
}


def triggers(url: str) -> list[dict[str, Any]]:
    """Return what an assistant may call at the shop at `url`, as bodies for POST /v1/assistants/{id}/triggers."""
    headers = [{"key": "Authorization", "value": "Bearer $shop_token"}]
    order = {"type": "string", "pattern": "^[0-9]{3,8}$", "description": "The order number"}
    return [
        {
            "name": "order_status",
            "description": "Look up the status of an order by its number: where it is, and when it arrives.",
            "parameters": {"type": "object", "properties": {"order_number": order}, "required": ["order_number"]},
            "integration": {
                "url": f"{url}/orders/$order_number",
                "headers": headers,
                "responseDirective": "Say where the order is. If the status is 'delivered', congratulate the customer.",
            },
        },
        {
            "name": "open_ticket",
            "description": "Open a support ticket about a problem with an order or a product.",
            "parameters": {
                "type": "object",
                "properties": {
                    "problem": {"type": "string", "description": "What is wrong, in the customer's words"},
                    "email": {"type": "string", "format": "email", "description": "Where to write to"},
                },
                "required": ["problem", "email"],
            },
            "confirm": True,
            "integration": {
                "url": f"{url}/tickets",
                "method": "POST",
                "headers": headers,
                "body": {"problem": "$problem", "email": "$email", "plan": "$plan", "session": "$session.id"},
                "responseDirective": "Confirm the ticket number.",
            },
        },
    ]


@dataclass(slots=True)
class Shop:
    """The shop's server; `seen` holds (method, path, Authorization header) of what it was asked."""

    seen: list[tuple[str, str, str]] = field(default_factory=list)
    tickets: int = 7_000

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Listen on loopback, and give the base URL; `port` 0 takes a free one."""
        app = web.Application()
        app.router.add_get("/orders/{number}", self._order)
        app.router.add_post("/tickets", self._ticket)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _order(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        number = request.match_info["number"]
        if number not in ORDERS:
            return web.json_response({"error": "There is no order of that number."}, status=404)
        known = {"session": {"client_data": {"last_order": number}}}
        return web.json_response({"order_number": number, **ORDERS[number], **known})

    async def _ticket(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        await request.read()
        self.tickets += 1
        return web.json_response({"ticket_number": f"T-{self.tickets}"}, status=201)

    def _refusal(self, request: web.Request) -> web.Response | None:
        authorization = request.headers.get("Authorization", "")
        self.seen.append((request.method, request.path, authorization))
        if authorization == f"Bearer {TOKEN}":
            return None
        return web.json_response({"error": "The token is missing or wrong."}, status=401)
