"""Ordering keys: one under way per webhook and key, in the order of acceptance; everything else goes on beside it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from server.receiver import Received, Receiver
from tests.listening import serving_app
from tests.processes import environment, free_port, server_process
from tests.serving import Api, until
from tests.webhooks.rows import delivery_rows
from webhooks.wakeup import Wakeup
from webhooks.worker import Worker

QUICK = {"max_retries": 2, "schedule": [0.1, 0.1]}
KEY = "hwk_test_key_of_the_ordering_test"


class Till:
    """An endpoint that takes its time, and notes per key what came in and how many were there at once."""

    def __init__(self) -> None:
        self.seen: dict[str | None, list[int]] = defaultdict(list)
        self.refused: set[tuple[str | None, int]] = set()
        self.most_at_once: Counter[str | None] = Counter()
        self._here: Counter[str | None] = Counter()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/", self._answer)
        async with serving_app(app) as url:
            yield f"{url}/"

    async def _answer(self, request: web.Request) -> web.Response:
        said = (await request.json())["data"]
        key, number = said["key"], said["n"]
        self._here[key] += 1
        self.most_at_once[key] = max(self.most_at_once[key], self._here[key])
        await asyncio.sleep(0.003)
        self._here[key] -= 1
        self.seen[key].append(number)
        return web.Response(status=500 if (key, number) in self.refused else 200)


def event(key: str | None, number: int) -> dict:
    said = {"type": "purchase", "payload": {"key": key, "n": number}}
    return said if key is None else {**said, "ordering_key": key}


@pytest.mark.both_databases
async def test_each_key_is_delivered_in_order_one_at_a_time_by_several_workers(api: Api):
    till, platform = Till(), api.platform
    more = [Worker(platform.database, platform.columns, platform.egress, Wakeup()) for _ in range(2)]
    async with till.serve() as url:
        await api.webhook(url)
        tasks = [asyncio.create_task(worker.run()) for worker in more]
        for start in range(0, 40, 10):
            batch = [event(f"account-{k}", n) for n in range(start, start + 10) for k in range(6)]
            await api.post("/v1/events", batch + [event(None, n) for n in range(start, start + 10)])
        await until(lambda: _seen(till, 7 * 40), seconds=60)
        for worker in more:
            worker.stop()
        await asyncio.gather(*tasks)
    for key in (f"account-{k}" for k in range(6)):
        assert till.seen[key] == list(range(40))
        assert till.most_at_once[key] == 1
    assert sorted(till.seen[None]) == list(range(40))


async def _seen(till: Till, count: int) -> bool | None:
    return True if sum(map(len, till.seen.values())) >= count else None


@pytest.mark.both_databases
async def test_a_failure_blocks_its_key_until_it_is_final_and_no_other(api: Api):
    till = Till()
    till.refused = {("a", 1)}
    async with till.serve() as url:
        webhook = await api.webhook(url, retry=QUICK)
        await api.post("/v1/events", [event(key, n) for n in range(4) for key in ("a", "b")])
        await until(lambda: _seen(till, 10))
        await api.deliveries(7, "delivered")
    assert till.seen["a"] == [0, 1, 1, 1, 2, 3]
    assert till.seen["b"] == [0, 1, 2, 3]
    rows = await delivery_rows(api, webhook["id"])
    assert [row["status"] for row in rows if row["ordering_key"] == "a"] == ["delivered", "failed", *["delivered"] * 2]


@pytest.mark.both_databases
async def test_a_replay_keeps_the_order_of_each_key(api: Api):
    till = Till()
    async with till.serve() as url:
        webhook = await api.webhook(url)
        await api.post("/v1/events", [event(key, n) for n in range(8) for key in ("a", "b", "c")])
        await api.deliveries(24, "delivered")
        again = {"since": "2020-01-01T00:00:00Z", "status": "all"}
        await api.post(f"/v1/webhooks/{webhook['id']}/replay", again)
        await until(lambda: _seen(till, 48))
    for key in ("a", "b", "c"):
        assert till.seen[key] == [*range(8), *range(8)]
        assert till.most_at_once[key] == 1


async def test_the_key_is_shown_with_its_event_and_refused_when_it_is_too_long(api: Api):
    accepted = await api.event(ordering_key="account-1")
    assert (await api.get(f"/v1/events/{accepted['id']}"))["ordering_key"] == "account-1"
    [error] = await api.refused("POST", "/v1/events", {"type": "purchase", "payload": {}, "ordering_key": "k" * 201})
    assert error["field"] == "ordering_key"


async def test_sigkill_repeats_at_most_the_one_under_way_and_keeps_the_order(tmp_path: Path):
    seen: dict[str, list[int]] = defaultdict(list)

    def note(received: Received) -> None:
        said = received.json["data"]
        seen[said["key"]].append(said["n"])

    async def came(count: int) -> bool | None:
        return True if sum(map(len, seen.values())) >= count else None

    environ, log = environment(tmp_path, free_port(), KEY), tmp_path / "server.log"
    async with Receiver(delay_seconds=0.01, on_request=note).serve() as url:
        async with server_process(environ, log) as first:
            base = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
            headers = {"Authorization": f"Bearer {KEY}"}
            async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=20) as client:
                (await client.post("/v1/webhooks", json={"name": "till", "url": url})).raise_for_status()
                body = [event(key, n) for n in range(60) for key in ("a", "b", "c")]
                (await client.post("/v1/events", json=body)).raise_for_status()
            await until(lambda: came(30))
            first.kill()
            await first.wait()
        async with server_process(environ, log):
            await until(lambda: came(180), seconds=30)
            await until(lambda: _complete(seen, 60), seconds=30)
    for numbers in seen.values():
        assert numbers == sorted(numbers)
        assert set(numbers) == set(range(60))
        assert len(numbers) <= 61


async def _complete(seen: dict[str, list[int]], count: int) -> bool | None:
    return True if all(len(set(numbers)) == count for numbers in seen.values()) else None
