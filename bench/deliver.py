"""Deliveries per second with everything on (SQLite, signing, filters, log), versus the bare HTTP client.

    python -m bench.deliver [--events 6000] [--runs 3]

Both send the same number of 1 KB POSTs with the same headers, in turn, from this process to a receiver in another one;
the bare client signs, stores and decides nothing.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop

from bench.machine import machine
from bench.sink import sink
from rules.actor import Actor
from rules.ids import new_id
from rules.webhook_spec import WebhookDraft
from server.commands.demonstrating import local
from server.commands.serving import settle_memory
from server.settings import Settings
from server.wiring import Platform, wire
from store.migrate import migrate
from webhooks.intake import NewEvent
from webhooks.request import USER_AGENT
from webhooks.worker import Worker

IN_FLIGHT = 64
BODY = {"properties": {"value": 100, "currency": "USD", "note": "x" * 900}}


async def bare(url: str, count: int) -> float:
    """Send `count` POSTs, 64 at a time, and return how many went out per second."""
    body = b'{"type":"purchase","data":"' + b"x" * 990 + b'"}'
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, "webhook-id": new_id("evt")}
    headers |= {"webhook-timestamp": "1700000000", "webhook-signature": "v1," + "x" * 44}
    left = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def lane() -> None:
            for _ in left:
                async with session.post(url, data=body, headers=headers) as response:
                    await response.read()

        started = time.perf_counter()
        await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))
        return count / (time.perf_counter() - started)


async def full(url: str, count: int) -> float:
    """Deliver `count` stored events and return how many were settled per second."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, database_url=f"sqlite:///{folder}/bench.db", home=Path(folder), port=0)
        platform = wire(local(settings))
        await migrate(platform.database)
        workspace = await platform.gatekeeper.default_workspace()
        conditions = [{"field": "properties.value", "operator": "gte", "value": 100}]
        draft = WebhookDraft.model_validate({"name": "bench", "url": url, "conditions": conditions})
        webhook = (await platform.registry.create(workspace, draft, Actor("cli"))).webhook
        for start in range(0, count, 1000):
            batch = min(1000, count - start)
            await platform.intake.accept(workspace, [NewEvent("purchase", BODY) for _ in range(batch)])
        rate = await _drain(platform, workspace, webhook.id, count)
        await platform.egress.close()
        await platform.database.close()
        return rate


async def _drain(platform: Platform, workspace: str, webhook_id: str, count: int) -> float:
    worker = Worker(platform.database, platform.columns, platform.egress, platform.wakeup, observer=platform.watchers)
    started = time.perf_counter()
    running = asyncio.create_task(worker.run())
    while (await platform.registry.get(workspace, webhook_id)).health.total < count:  # noqa: ASYNC110 - polled as a client would
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - started
    worker.stop()
    await running
    return count / seconds


async def main() -> None:
    """Measure in turn and print medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    settle_memory()
    rates: list[tuple[float, float]] = []
    with sink() as url:
        for run in range(options.runs):
            rates.append((await bare(url, options.events), await full(url, options.events)))
            print(f"run {run + 1}: bare {rates[-1][0]:,.0f}/s, Hookwright {rates[-1][1]:,.0f}/s")
    client, ours = (statistics.median(column) for column in zip(*rates, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in rates)
    print(f"\nmedian of {options.runs}: bare aiohttp {client:,.0f}/s, Hookwright on SQLite {ours:,.0f}/s")
    print(f"ratio {ratio:.2f} (goal 0.60)\n{machine()}")


if __name__ == "__main__":
    uvloop.run(main())
