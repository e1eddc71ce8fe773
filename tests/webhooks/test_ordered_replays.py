"""Replays of what has an ordering key: paced like other replays, in order of acceptance, beside live events."""

import asyncio
from collections import Counter, defaultdict
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web

from server.receiver import Received, Receiver
from tests.processes import environment, free_port, server_process
from tests.serving import Api, until
from tests.webhooks.endpoints import serving_endpoint
from webhooks.wakeup import Wakeup
from webhooks.worker import Worker

AGAIN = {"since": "2020-01-01T00:00:00Z", "status": "all"}
REPLAYS_HELD = 16
KEY = "hwk_test_key_of_the_replay_test"


class Gate:
    """An endpoint that answers at once what it sees for the first time, and the rest when the gate is open."""

    def __init__(self) -> None:
        self.seen: dict[str | None, list[int]] = defaultdict(list)
        self.open = asyncio.Event()
        self.most_at_once: Counter[str | None] = Counter()
        self.most_replays = 0
        self._here: Counter[str | None] = Counter()
        self.replays = 0

    def serve(self) -> AbstractAsyncContextManager[str]:
        return serving_endpoint(self._answer, self.open)

    async def _answer(self, request: web.Request) -> web.Response:
        said = (await request.json())["data"]
        key, number = said["key"], said["n"]
        is_replay = number in self.seen[key]
        self.seen[key].append(number)
        self._here[key] += 1
        self.replays += is_replay
        self.most_at_once[key] = max(self.most_at_once[key], self._here[key])
        self.most_replays = max(self.most_replays, self.replays)
        if is_replay:
            await self.open.wait()
            await asyncio.sleep(0.003)
        self.replays -= is_replay
        self._here[key] -= 1
        return web.Response()

    async def held(self, count: int) -> bool | None:
        return True if self.replays >= count else None

    async def came(self, count: int) -> bool | None:
        return True if sum(map(len, self.seen.values())) >= count else None


def event(key: str | None, number: int) -> dict[str, Any]:
    said = {"type": "purchase", "payload": {"key": key, "n": number}}
    return said if key is None else {**said, "ordering_key": key}


async def send(api: Api, events: list[dict[str, Any]]) -> None:
    for start in range(0, len(events), 500):
        await api.post("/v1/events", events[start : start + 500])


async def replay(api: Api, webhook: dict[str, Any]) -> int:
    return (await api.post(f"/v1/webhooks/{webhook['id']}/replay", AGAIN))["count"]


async def none_open(api: Api) -> bool | None:
    found = [(await api.get("/v1/deliveries", status=status))["items"] for status in ("pending", "retrying")]
    return None if any(found) else True


@pytest.mark.both_databases
async def test_a_replay_holds_few_places_while_live_events_of_other_keys_go_on(api: Api):
    gate, keys = Gate(), [f"account-{k:03}" for k in range(300)]
    first = [event(key, n) for n in range(2) for key in keys] + [event(None, n) for n in range(50)]
    async with gate.serve() as url:
        webhook = await api.webhook(url)
        await send(api, first)
        await until(lambda: gate.came(650), seconds=60)
        await until(lambda: none_open(api), seconds=30)
        assert await replay(api, webhook) == 650
        await until(lambda: gate.held(REPLAYS_HELD))
        await send(api, [event(key, 2) for key in keys])  # more keys than a walk passes over at once
        for number in range(5):
            await send(api, [event("zebra", number)])
        await until(lambda: _all_there(gate, "zebra", 5))
        assert gate.replays == REPLAYS_HELD
        assert not any(2 in gate.seen[key] for key in keys)
        gate.open.set()
        await until(lambda: gate.came(650 + 650 + 300 + 5), seconds=60)
        await until(lambda: none_open(api), seconds=30)
    assert gate.most_replays == REPLAYS_HELD
    assert gate.seen["zebra"] == [0, 1, 2, 3, 4]
    assert Counter(gate.seen[None]) == Counter([*range(50)] * 2)
    for key in keys:
        assert gate.seen[key] == [0, 1, 0, 1, 2]
        assert gate.most_at_once[key] == 1


async def _all_there(gate: Gate, key: str, count: int) -> bool | None:
    return True if len(gate.seen[key]) == count else None


@pytest.mark.both_databases
async def test_several_workers_keep_the_order_of_live_and_replayed_deliveries_of_a_key(api: Api):
    gate, keys, platform = Gate(), ["a", "b", "c"], api.platform
    gate.open.set()
    more = [Worker(platform.database, platform.columns, platform.egress, Wakeup()) for _ in range(2)]
    async with gate.serve() as url:
        webhook = await api.webhook(url)
        tasks = [asyncio.create_task(worker.run()) for worker in more]
        await send(api, [event(key, n) for n in range(20) for key in keys])
        await until(lambda: gate.came(60), seconds=30)
        await until(lambda: none_open(api))
        assert await replay(api, webhook) == 60
        await send(api, [event(key, n) for n in range(20, 40) for key in keys])
        await until(lambda: gate.came(180), seconds=60)
        for worker in more:
            worker.stop()
        await asyncio.gather(*tasks)
    for key in keys:
        assert gate.seen[key] == [*range(20), *range(40)]
        assert gate.most_at_once[key] == 1


@pytest.mark.both_databases
async def test_a_second_replay_begins_each_key_anew_and_waits_for_what_is_under_way(api: Api):
    gate = Gate()
    async with gate.serve() as url:
        webhook = await api.webhook(url)
        await send(api, [event(key, n) for n in range(3) for key in ("a", "b")])
        await until(lambda: gate.came(6))
        await until(lambda: none_open(api))
        assert await replay(api, webhook) == 6
        await until(lambda: gate.held(2))
        assert await replay(api, webhook) == 0, "all of them are open"
        gate.open.set()
        await until(lambda: gate.came(12))
        await until(lambda: none_open(api))
        assert await replay(api, webhook) == 6
        await until(lambda: gate.came(18))
    assert dict(gate.seen) == {"a": [0, 1, 2] * 3, "b": [0, 1, 2] * 3}
    assert set(gate.most_at_once.values()) == {1}


async def test_sigkill_in_a_replay_repeats_at_most_what_was_under_way_and_keeps_the_order(tmp_path: Path):
    seen: dict[str, list[int]] = defaultdict(list)
    keys = [f"account-{k}" for k in range(30)]

    def note(received: Received) -> None:
        said = received.json["data"]
        seen[said["key"]].append(said["n"])

    async def came(count: int) -> bool | None:
        return True if sum(map(len, seen.values())) >= count else None

    async def again() -> bool | None:
        return True if all(len(set(numbers)) == 4 for numbers in seen.values()) and len(seen) == 30 else None

    environ, log = environment(tmp_path, free_port(), KEY), tmp_path / "server.log"
    async with Receiver(delay_seconds=0.01, on_request=note).serve() as url:
        base, headers = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}", {"Authorization": f"Bearer {KEY}"}
        async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=20) as client:
            async with server_process(environ, log) as first:
                webhook = (
                    (await client.post("/v1/webhooks", json={"name": "till", "url": url})).raise_for_status().json()
                )
                body = [event(key, n) for n in range(4) for key in keys]
                (await client.post("/v1/events", json=body)).raise_for_status()
                await until(lambda: came(120), seconds=30)
                await until(lambda: _none_open(client), seconds=30)
                seen.clear()
                path = f"/v1/webhooks/{webhook['id']}/replay"
                assert (await client.post(path, json=AGAIN)).raise_for_status().json()["count"] == 120
                await until(lambda: came(20))
                first.kill()
                await first.wait()
            async with server_process(environ, log):
                await until(again, seconds=30)
                await until(lambda: _none_open(client), seconds=30)
    assert all(numbers == sorted(numbers) for numbers in seen.values())
    assert sum(map(len, seen.values())) <= 120 + REPLAYS_HELD


async def _none_open(client: httpx2.AsyncClient) -> bool | None:
    pages = [
        (await client.get("/v1/deliveries", params={"status": status})).json() for status in ("pending", "retrying")
    ]
    return None if any(page["items"] for page in pages) else True
