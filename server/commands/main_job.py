"""The main job, done over the public API and observed from outside: talk, webhook, event, delivery, failure, repair."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from server.commands.observer import Observer
from server.receiver import Receiver

_PATIENCE_SECONDS = 20.0


class MainJob:
    """One run of the main job.

    Args:
        url: The server.
        key: An API key.
        receiver: The endpoint, in this process.
        receiver_url: Where it listens.
        say: Prints a line.

    """

    def __init__(self, url: str, key: str, receiver: Receiver, receiver_url: str, say: Callable[[str], None]) -> None:
        self._api = Observer(url, key, say)
        self._receiver = receiver
        self._hook_url = f"{receiver_url}/hooks/crm"
        self._token = "Token " + secrets.token_urlsafe(12)
        self._conversations = 0

    async def run(self) -> None:
        """Do every step; raises NotSeenError at the first that was not seen."""
        async with self._api.client:
            perspective = await self._api.post(
                "/v1/perspectives", {"name": "Customer interviews", "kind": "interviewer"}
            )
            asked = await self._ask_for_webhook(perspective["id"])
            webhook = await self._save_form(asked)
            await self._deliver(perspective["id"])
            await self._break(perspective["id"], webhook["id"])
            repair = await self._fix(webhook["id"])
            await self._correct(webhook["id"])
            await self._test(repair, webhook["id"])

    async def _ask_for_webhook(self, perspective_id: str) -> dict[str, Any]:
        message = "set up a webhook on this perspective"
        asked = await self._api.post("/v1/chat", {"message": message, "perspective_id": perspective_id})
        interrupt = asked["interrupt"] or {}
        self._api.see(interrupt.get("kind") == "form", f"“{message}” opens a form", interrupt.get("title"), asked)
        return asked

    async def _save_form(self, asked: dict[str, Any]) -> dict[str, Any]:
        typed = {
            "url": self._hook_url,
            "auth_header": {"name": "Authorization", "value": self._token},
            "secret": "auto",
        }
        known = ("name", "perspective_id", "profile", "event_filter", "conditions", "tag_filter", "trust_score")
        prefill = asked["interrupt"].get("prefill") or {}
        form = {name: prefill[name] for name in known if prefill.get(name)}
        webhook = await self._api.post("/v1/webhooks", {"name": "CRM sync", **form, **typed})
        self._receiver.secret, self._receiver.auth_header = webhook["secret"], ("Authorization", self._token)
        self._api.see(bool(webhook["id"]), "the form is saved over REST", f"{webhook['id']}, nothing sent yet", webhook)
        answer = {"interrupt_id": asked["interrupt"]["id"], "value": {"webhook_id": webhook["id"]}}
        resumed = await self._api.post(f"/v1/chat/{asked['conversation_id']}/resume", answer)
        self._api.see(resumed["interrupt"] is None, "the turn is resumed", resumed["reply"], resumed)
        return webhook

    async def _deliver(self, perspective_id: str) -> None:
        count = len(self._receiver.received)
        await self._end_conversation(perspective_id)
        received = await self._receiver.wait_for(count + 1)
        seen = f"{received.json['event']}, header checked and {received.how}"
        self._api.see(
            received.verified is True, "a conversation ends and the receiver verifies the request", seen, received
        )

    async def _break(self, perspective_id: str, webhook_id: str) -> None:
        self._receiver.auth_header = ("Authorization", "Token changed-on-the-other-side")
        await self._end_conversation(perspective_id)
        await self._end_conversation(perspective_id)
        webhook = await self._until(webhook_id, lambda found: found["health"]["consecutive_failures"] >= 2)
        health = webhook["health"]
        seen = f"{webhook['state']}, {health['consecutive_failures']} in a row: {health['last_error']}"
        self._api.see(
            webhook["state"] == "failing", "the receiver answers 401 and the webhook turns failing", seen, webhook
        )

    async def _fix(self, webhook_id: str) -> dict[str, Any]:
        repair = await self._api.post(f"/v1/webhooks/{webhook_id}/fix", {})
        diagnosis = await self._api.get(f"/v1/webhooks/{webhook_id}/diagnosis")
        named = diagnosis["cause"] == "unauthorized" and "401" in repair["reply"]
        self._api.see(named, f"fix names the cause, {diagnosis['cause']}", repair["reply"], [repair, diagnosis])
        return repair

    async def _correct(self, webhook_id: str) -> None:
        self._token = "Token changed-on-the-other-side"  # noqa: S105 - the demonstration's own, worth nothing
        header = {"auth_header": {"name": "Authorization", "value": self._token}}
        response = await self._api.client.patch(f"/v1/webhooks/{webhook_id}", json=header)
        webhook = response.json()
        set_again = webhook.get("auth_header") == {"name": "Authorization", "set": True}
        self._api.see(set_again, "the header is corrected", "Authorization, set and never shown", webhook)

    async def _test(self, repair: dict[str, Any], webhook_id: str) -> None:
        tested = await self._api.post("/v1/chat", {"message": "test it", "conversation_id": repair["conversation_id"]})
        passed = any(call["name"] == "test_webhook" and call["result"].get("ok") for call in tested["tool_calls"])
        self._api.see(passed, "the assistant's test passes", tested["reply"], tested)
        webhook = await self._until(webhook_id, lambda found: found["state"] == "healthy")
        cleared = webhook["health"]["last_error"] is None and webhook["state"] == "healthy"
        self._api.see(cleared, "the state is healthy again", f"{webhook['state']}, no error", webhook)

    async def _end_conversation(self, perspective_id: str) -> None:
        self._conversations += 1
        ending = {"status": "completed", "tags": ["pricing"], "trust_score": 91, "summary": "Would upgrade."}
        await self._api.post(f"/v1/perspectives/{perspective_id}/conversations/demo-{self._conversations}/end", ending)

    async def _until(self, webhook_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            webhook = await self._api.get(f"/v1/webhooks/{webhook_id}")
            if condition(webhook) or asyncio.get_running_loop().time() > end:
                return webhook
            await asyncio.sleep(0.05)
