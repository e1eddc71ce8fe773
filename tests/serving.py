"""A real server, a real receiver and a client for the tests."""

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from server.commands.serving import running
from server.receiver import Receiver
from server.settings import Settings
from server.wiring import Platform
from tests.databases import url_for

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
PATIENCE = 15.0

Found = TypeVar("Found")


def local_settings(home: Path, **overrides: Any) -> Settings:
    """Settings that see nothing of the developer's environment and may call loopback over plain HTTP."""
    known = {
        "database_url": url_for(home),
        "home": home,
        "host": "127.0.0.1",
        "port": 0,
        "api_key": None,
        "master_key": None,
        "egress_allow": LOOPBACK,
        "egress_allow_http": True,
        "egress_proxy": None,
        "egress_ca_file": None,
        "model": None,
        "openai_base_url": None,
        "openai_api_key": None,
    }
    return Settings(_env_file=None, **{**known, **overrides})


@dataclass
class Api:
    """A running server as a caller with one key sees it."""

    url: str
    key: str
    platform: Platform
    client: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.as_caller(self.key)

    def as_caller(self, key: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    async def call(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        response = await self.client.request(method, path, json=body)
        expected = {status} if status else set(range(200, 300))
        assert response.status_code in expected, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def get(self, path: str, **params: Any) -> Any:
        response = await self.client.get(path, params=params)
        assert response.status_code == 200, f"GET {path}: {response.status_code} {response.text}"
        return response.json()

    async def post(self, path: str, body: Any = None, *, status: int | None = None) -> Any:
        return await self.call("POST", path, {} if body is None else body, status=status)

    async def patch(self, path: str, body: Any, *, status: int | None = None) -> Any:
        return await self.call("PATCH", path, body, status=status)

    async def refused(self, method: str, path: str, body: Any, status: int = 422) -> list[dict[str, str]]:
        """Expect a problem and return its field errors."""
        response = await self.client.request(method, path, json=body)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert {"type", "title", "status", "detail", "errors"} <= problem.keys()
        return problem["errors"]

    async def perspective(self, kind: str = "interviewer", name: str = "Customer interviews") -> str:
        return (await self.post("/v1/perspectives", {"name": name, "kind": kind}))["id"]

    async def webhook(self, url: str, **fields: Any) -> dict[str, Any]:
        return await self.post("/v1/webhooks", {"name": "CRM sync", "url": url, **fields})

    async def end_conversation(self, perspective: str, conversation: str = "c1", **ending: Any) -> str:
        path = f"/v1/perspectives/{perspective}/conversations/{conversation}/end"
        return (await self.post(path, {"status": "completed", **ending}))["event_id"]

    async def event(
        self, type_: str = "purchase", payload: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        body = {"type": type_, "payload": payload or {"properties": {"value": 100}}, **more}
        return (await self.post("/v1/events", body))["events"][0]

    async def deliveries(self, count: int, status: str | None = None, **filters: Any) -> list[dict[str, Any]]:
        """Wait until there are `count` deliveries (in `status`) and return them with their attempts, oldest first."""

        async def enough() -> list[dict[str, Any]] | None:
            chosen = {**filters, **({"status": status} if status else {})}
            found = (await self.get("/v1/deliveries", limit=200, **chosen))["items"]
            return found if len(found) >= count else None

        found = await until(enough)
        return [await self.get(f"/v1/deliveries/{entry['id']}") for entry in reversed(found)]

    async def webhook_until(self, webhook_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async def held() -> dict[str, Any] | None:
            webhook = await self.get(f"/v1/webhooks/{webhook_id}")
            return webhook if condition(webhook) else None

        return await until(held)

    async def say(self, message: str, conversation_id: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a chat message and return the whole reply."""
        body = {"message": message, "conversation_id": conversation_id, **more}
        return await self.post("/v1/chat", {name: value for name, value in body.items() if value is not None})

    async def answer(self, reply: dict[str, Any], value: Any) -> dict[str, Any]:
        """Answer the question that a reply ended with."""
        path = f"/v1/chat/{reply['conversation_id']}/resume"
        return await self.post(path, {"interrupt_id": reply["interrupt"]["id"], "value": value})


async def until(check: Callable[[], Awaitable[Found | None]], seconds: float = PATIENCE) -> Found:
    """Poll until a check gives something, and return it."""
    end = time.monotonic() + seconds
    while True:
        found = await check()
        if found is not None:
            return found
        assert time.monotonic() < end, f"not seen within {seconds} s"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def serving(home: Path, *, with_worker: bool = True, **overrides: Any) -> AsyncIterator[Api]:
    """Run a server in this process until the block ends."""
    async with running(local_settings(home, **overrides), with_worker=with_worker) as (url, platform):
        _, key = await platform.gatekeeper.create_key(platform.workspace_id, "tests")
        api = Api(url, key, platform)
        async with api.client:
            yield api


__all__ = ["Api", "Receiver", "local_settings", "serving", "until"]
