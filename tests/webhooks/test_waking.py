"""What a person does in one process wakes the workers of the others at once, not when they next poll."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from store.notify import CHANNEL
from tests import databases
from tests.processes import environment, free_port, server_process

pytestmark = pytest.mark.usefixtures("postgres")

KEY = "hwk_test_key_of_the_waking_tests"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A caller of a server without a worker, in a process of its own."""
    environ = environment(tmp_path, free_port(), KEY)
    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    async with (
        server_process(environ, tmp_path / "server.log", "--no-worker", ready=False),
        httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as caller,
    ):
        yield caller


@pytest.fixture
async def rung(client: httpx2.AsyncClient, tmp_path: Path) -> AsyncIterator[asyncio.Event]:
    """What a worker elsewhere hears from the server."""
    assert (await client.get("/healthz")).status_code == 200
    heard = asyncio.Event()
    connection = await asyncpg.connect(databases.url_for(tmp_path))
    await connection.add_listener(CHANNEL, lambda *_: heard.set())
    yield heard
    await connection.close()


async def call(client: httpx2.AsyncClient, method: str, path: str, **body: object) -> str:
    answer = await client.request(method, path, json=body)
    assert answer.is_success, answer.text
    found = answer.json()
    return str(found.get("id", found.get("change_id", "")))


async def test_enabling_a_webhook_is_heard_elsewhere(client: httpx2.AsyncClient, rung: asyncio.Event):
    webhook = await call(client, "POST", "/v1/webhooks", name="CRM", url="http://127.0.0.1:9/", enabled=False)
    assert not rung.is_set()
    await call(client, "PATCH", f"/v1/webhooks/{webhook}", enabled=True)
    await asyncio.wait_for(rung.wait(), 30)


async def test_undoing_a_deletion_is_heard_elsewhere(client: httpx2.AsyncClient, rung: asyncio.Event):
    webhook = await call(client, "POST", "/v1/webhooks", name="CRM", url="http://127.0.0.1:9/")
    assert (await client.delete(f"/v1/webhooks/{webhook}")).is_success
    change = (await client.get("/v1/changes")).json()["items"][0]["id"]
    rung.clear()
    await call(client, "POST", f"/v1/changes/{change}/undo")
    await asyncio.wait_for(rung.wait(), 30)


async def test_a_passing_test_is_heard_elsewhere(client: httpx2.AsyncClient, rung: asyncio.Event, endpoint: str):
    webhook = await call(client, "POST", "/v1/webhooks", name="CRM", url=endpoint)
    rung.clear()
    await call(client, "POST", f"/v1/webhooks/{webhook}/test", mode="delivery")
    await asyncio.wait_for(rung.wait(), 30)
