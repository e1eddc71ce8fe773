"""An API call inside a conversation, done over the public API and observed from both ends."""

import json
from collections.abc import Callable
from typing import Any

from server.commands.observer import Observer
from server.commands.shop import TOKEN, Shop, triggers


class CallJob:
    """One conversation of a customer with an assistant that calls a shop's API.

    Args:
        url: The server.
        key: An API key.
        shop: The API that is called, in this process.
        shop_url: Where it listens.
        say: Prints a line.

    """

    def __init__(self, url: str, key: str, shop: Shop, shop_url: str, say: Callable[[str], None]) -> None:
        self._api = Observer(url, key, say)
        self._shop = shop
        self._shop_url = shop_url

    async def run(self) -> None:
        """Do every step; raises NotSeenError at the first that was not seen."""
        async with self._api.client:
            assistant = await self._set_up()
            body = {"assistant_id": assistant, "client_data": {"plan": "pro"}}
            session = (await self._api.post("/session", body))["id"]
            await self._look_up(session)
            await self._open_ticket(session)
            await self._read_log(session)

    async def _set_up(self) -> str:
        secret = await self._api.put("/v1/secrets/shop_token", {"value": TOKEN, "hosts": ["127.0.0.1"]})
        assistant = await self._api.post("/v1/assistants", {"name": "Shop support"})
        for trigger in triggers(self._shop_url):
            await self._api.post(f"/v1/assistants/{assistant['id']}/triggers", trigger)
        shown = "$shop_token, for 127.0.0.1 only, never shown"
        self._api.see(TOKEN not in json.dumps(secret), "a secret for the shop's API is in the vault", shown, secret)
        return str(assistant["id"])

    async def _look_up(self, session: str) -> None:
        reply = await self._say(session, "Where is my order 1042?")
        called = self._shop.seen[-1:] == [("GET", "/orders/1042", f"Bearer {TOKEN}")]
        self._api.see(
            called, "“Where is my order 1042?” calls the shop's API", reply["reply"], [reply, self._shop.seen]
        )
        known = (await self._api.get(f"/session/{session}"))["client_data"]
        step = "what the shop returned for the session is known to later calls"
        self._api.see(known.get("last_order") == "1042", step, json.dumps(known), known)

    async def _open_ticket(self, session: str) -> None:
        before = len(self._shop.seen)
        await self._say(session, "The blender in it is broken. Please open a support ticket, I am ana@example.com")
        reply = await self._api.get(f"/session/{session}")
        waits = reply["interrupt"] is not None and len(self._shop.seen) == before
        self._api.see(waits, "a call that writes waits for the customer's yes", "nothing was sent yet", reply)
        reply = await self._say(session, "yes")
        opened = len(self._shop.seen) == before + 1 and "T-7001" in reply["reply"]
        self._api.see(opened, "and then opens one ticket", reply["reply"], reply)

    async def _read_log(self, session: str) -> None:
        log = await self._api.get(f"/session/{session}/logs")
        lines = [f"{call['trigger']} {call['status']} in {call['duration_ms']} ms" for call in log["items"]]
        clean = len(lines) == 2 and TOKEN not in json.dumps(log)
        self._api.see(clean, "both calls are in the session's log, without the secret", "; ".join(lines), log)

    async def _say(self, session: str, message: str) -> dict[str, Any]:
        return await self._api.post(f"/session/{session}/messages", {"message": message})
