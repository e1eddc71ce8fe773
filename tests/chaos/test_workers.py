"""Worker processes over one PostgreSQL, and an API that has none of its own (X05)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from server.receiver import Received, Receiver
from tests import databases
from tests.processes import environment, free_port, server_process, worker_process
from tests.serving import until

EVENTS = 500
CLAIMS = 1024
KEY = "hwk_key_of_the_worker_tests"


@pytest.fixture
def environ(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The environment that a server and its workers share: one PostgreSQL, one home, one master key."""
    with databases.using(databases.POSTGRESQL):
        yield environment(tmp_path, free_port(), KEY)


def api(environ: dict[str, str]) -> httpx2.AsyncClient:
    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=20)


async def publish(client: httpx2.AsyncClient, url: str, count: int, **webhook: object) -> set[str]:
    draft = {"name": "sink", "url": url, **webhook}
    (await client.post("/v1/webhooks", json=draft)).raise_for_status()
    events = [{"type": "purchase", "payload": {"n": n}, "id": f"evt_{n}"} for n in range(count)]
    (await client.post("/v1/events", json=events)).raise_for_status()
    return {event["id"] for event in events}


async def test_x05_two_workers_of_an_api_without_one_lose_nothing_when_one_is_killed(
    environ: dict[str, str], tmp_path: Path
) -> None:
    counts: Counter[str] = Counter()

    def count(received: Received) -> None:
        counts[received.headers["webhook-id"]] += 1

    receiver = Receiver(delay_seconds=0.05, on_request=count)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(receiver.serve())
        await stack.enter_async_context(server_process(environ, tmp_path / "api.log", "--no-worker", ready=False))
        client = await stack.enter_async_context(api(environ))
        assert (await client.get("/readyz")).status_code == 503, "no worker is alive yet"
        workers = [
            await stack.enter_async_context(worker_process(environ, tmp_path / f"worker{n}.log")) for n in range(2)
        ]
        assert (await client.get("/readyz")).status_code == 200, "a worker elsewhere makes the API ready"
        wanted = await publish(client, f"{url}/hook", EVENTS)

        async def under_way() -> bool | None:
            return True if len(counts) >= EVENTS // 10 else None

        async def settled() -> bool | None:
            total = (await client.get("/v1/deliveries", params={"status": "delivered"})).json()["total"]
            return True if total == EVENTS else None

        await until(under_way)
        workers[0].kill()
        await workers[0].wait()
        assert len(counts) < EVENTS, "the kill came too late to prove anything"
        await until(settled, seconds=40)
        workers[1].terminate()
        async with asyncio.timeout(10):
            assert await workers[1].wait() == 0
        assert counts.keys() == wanted
        assert counts.total() - EVENTS <= CLAIMS


async def test_an_idle_worker_of_another_process_is_told_of_each_event(environ: dict[str, str], tmp_path: Path) -> None:
    receiver = Receiver()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(receiver.serve())
        await stack.enter_async_context(server_process(environ, tmp_path / "api.log", "--no-worker", ready=False))
        await stack.enter_async_context(worker_process(environ, tmp_path / "worker.log", polls=False))
        client = await stack.enter_async_context(api(environ))
        await publish(client, f"{url}/hook", 1)
        await receiver.wait_for(1)
        for n in range(2, 12):
            await asyncio.sleep(0.05)  # idle again
            (await client.post("/v1/events", json={"type": "purchase", "payload": {}})).raise_for_status()
            await receiver.wait_for(n)


async def test_sigterm_lets_a_worker_finish_what_is_in_flight(environ: dict[str, str], tmp_path: Path) -> None:
    receiver = Receiver(delay_seconds=1.0)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(receiver.serve())
        await stack.enter_async_context(server_process(environ, tmp_path / "api.log", "--no-worker", ready=False))
        worker = await stack.enter_async_context(worker_process(environ, tmp_path / "worker.log"))
        client = await stack.enter_async_context(api(environ))
        await publish(client, f"{url}/hook", 100, max_in_flight=5)
        await receiver.wait_for(1)
        worker.terminate()
        async with asyncio.timeout(10):
            assert await worker.wait() == 0
        received = len(receiver.received)
        found = {
            status: (await client.get("/v1/deliveries", params={"status": status})).json()["total"]
            for status in ("delivered", "pending")
        }
    assert found == {"delivered": received, "pending": 100 - received}


async def test_worker_refuses_sqlite_and_a_missing_master_key(environ: dict[str, str], tmp_path: Path) -> None:
    sqlite = {**environ, "HOOKWRIGHT_DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    for wrong, words in ((sqlite, "hookwright migrate --from sqlite"), (environ, "HOOKWRIGHT_MASTER_KEY")):
        with pytest.raises(AssertionError, match=words):
            async with worker_process(wrong, tmp_path / f"{words[:10]}.log"):
                pass
