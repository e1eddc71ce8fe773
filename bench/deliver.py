"""Deliveries per second with everything on (signing, filters, log), versus the bare HTTP client.

    python -m bench.deliver [--events 10000] [--runs 3] [--stores SQLite PostgreSQL]

All send the same number of 1 KB POSTs, in turn, to a receiver in another process. The bare client sends the same
headers and signs, stores and decides nothing. On SQLite, the worker is in this process, as the client is; on
PostgreSQL, one or two `hookwright worker` processes deliver what was stored before, and the receiver's clock counts.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path

import aiohttp
import uvloop

from bench.figures import Figure, arguments, tell
from bench.servers import POSTGRESQL, SQLITE, postgres, serving, store, working
from bench.sink import seen, sink
from rules.actor import Actor
from rules.ids import new_id
from rules.webhook_spec import WebhookDraft
from server.commands.demonstrating import local
from server.settings import Settings
from server.settling import settle_memory
from server.wiring import Platform, wire
from store.migrate import migrate
from webhooks.intake import NewEvent
from webhooks.request import USER_AGENT
from webhooks.worker import Worker

IN_FLIGHT = 64
GOALS = {SQLITE: 0.60, f"{POSTGRESQL}, one worker": 0.70, f"{POSTGRESQL}, two workers": 1.0}
_WORKERS = dict(zip(GOALS, (0, 1, 2), strict=True))  # processes of their own; on SQLite, it is in this one
BODY = {"properties": {"value": 100, "currency": "USD", "note": "x" * 900}}
WEBHOOK = {"name": "bench", "conditions": [{"field": "properties.value", "operator": "gte", "value": 100}]}
_BATCH = 500
_PATIENCE_SECONDS = 180


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


async def on_sqlite(url: str, count: int) -> float:
    """Deliver `count` stored events from this process and return how many were settled per second."""
    with tempfile.TemporaryDirectory(prefix="hookwright-bench-") as folder:
        settings = Settings(_env_file=None, database_url=f"sqlite:///{folder}/bench.db", home=Path(folder), port=0)
        platform = wire(local(settings))
        await migrate(platform.database)
        workspace = await platform.gatekeeper.default_workspace()
        draft = WebhookDraft.model_validate({**WEBHOOK, "url": url})
        webhook = (await platform.registry.create(workspace, draft, Actor("cli"))).webhook
        for start in range(0, count, _BATCH):
            batch = [NewEvent("purchase", BODY) for _ in range(min(_BATCH, count - start))]
            await platform.intake.accept(workspace, batch)
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


async def on_postgresql(server_url: str, url: str, count: int, workers: int) -> float:
    """Store `count` events for a disabled webhook, enable it, and return how many its receiver got per second."""
    async with AsyncExitStack() as stack:
        database_url = await stack.enter_async_context(store(POSTGRESQL, server_url))
        server = await stack.enter_async_context(serving(database_url, "--no-worker"))
        client = await stack.enter_async_context(server.client())
        hook = (await client.post("/v1/webhooks", json={**WEBHOOK, "url": url})).raise_for_status().json()
        for start in range(0, count, _BATCH):
            batch = [{"type": "purchase", "payload": BODY}] * min(_BATCH, count - start)
            (await client.post("/v1/events", json=batch)).raise_for_status()
        await client.patch(f"/v1/webhooks/{hook['id']}", json={"enabled": False})
        for _ in range(workers):
            await stack.enter_async_context(working(database_url))
        await asyncio.to_thread(seen, url, forget=True)
        (await client.patch(f"/v1/webhooks/{hook['id']}", json={"enabled": True})).raise_for_status()
        return await _received(url, count)


async def _received(url: str, count: int) -> float:
    end = time.monotonic() + _PATIENCE_SECONDS
    while (found := await asyncio.to_thread(seen, url)).count < count:
        if time.monotonic() > end:
            raise RuntimeError(f"only {found.count} of {count} were delivered")
        await asyncio.sleep(0.1)
    return found.rate


def _figure(name: str, pairs: Sequence[tuple[float, float]]) -> Figure:
    client, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    got = f"{ratio:.2f} ({ours:,.0f}/s; bare aiohttp {client:,.0f}/s)"
    return Figure(f"deliveries/s, {name}", f"≥ {GOALS[name]:.2f} of bare", got, met=ratio >= GOALS[name])


async def main() -> None:
    """Measure in turn and print medians and ratios."""
    parser = arguments(__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--stores", nargs="+", choices=(SQLITE, POSTGRESQL), default=[SQLITE, POSTGRESQL])
    options = parser.parse_args()
    settle_memory()
    pairs: dict[str, list[tuple[float, float]]] = {}
    with postgres() if POSTGRESQL in options.stores else nullcontext() as server_url, sink() as url:
        for run in range(options.runs):
            for name in [name for name in GOALS if name.split(",")[0] in options.stores]:
                client = await bare(url, options.events)
                if server_url is None or name == SQLITE:
                    rate = await on_sqlite(url, options.events)
                else:
                    rate = await on_postgresql(server_url, url, options.events, _WORKERS[name])
                pairs.setdefault(name, []).append((client, rate))
                print(f"run {run + 1}: bare {client:,.0f}/s, {name} {rate:,.0f}/s", flush=True)
    speed = statistics.median(client for those in pairs.values() for client, _ in those)
    tell([_figure(name, those) for name, those in pairs.items()], reference=speed, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
