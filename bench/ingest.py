"""Durable ingest: events per second and latency of `POST /v1/events`, answered after the commit, with 64 clients.

    python -m bench.ingest [--requests 8000] [--runs 3] [--stores SQLite PostgreSQL]

A real `hookwright serve --no-worker` in a process of its own, over real HTTP, with one webhook whose filters take every
event: each request checks the key, validates, filters, and stores an event with its delivery. The clients are one light
process, which says how much of the processor it took itself. In each run, bare FastAPI routes that only store the body
as one row of the same kind of database are measured too, with a commit per request and with a group commit.
"""

import asyncio
import json
import secrets
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path

import httpx2
import uvloop

from bench.figures import Figure, arguments, percentile, tell
from bench.load import Load, load
from bench.reference import reference
from bench.servers import POSTGRESQL, SQLITE, free_port, postgres, serving, store

GOAL_RATE, GOAL_MS = 3000, 50
CLIENTS = 64
BATCH = 100
EVENT = {"type": "purchase", "payload": {"properties": {"value": 100, "currency": "USD", "note": "x" * 900}}}
WEBHOOK = {
    "name": "bench",
    "url": "http://127.0.0.1:9/hook",
    "conditions": [{"field": "properties.value", "operator": "gte", "value": 100}],
}
ONE, MANY = json.dumps(EVENT).encode(), json.dumps([EVENT] * BATCH).encode()


@asynccontextmanager
async def _bare(mode: str, database_url: str) -> AsyncIterator[str]:
    """Run a bare route in a process of its own."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare_ingest", mode, database_url, str(port)
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient() as client:
            for _ in range(400):
                try:
                    await client.get(f"{url}/readyz")
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _loaded(url: str, key: str, body: bytes, requests: int, clients: int = CLIENTS) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "body"
        await load(url, "/v1/events", key, body, clients=clients, requests=min(requests, 200), body_file=file)
        return await load(url, "/v1/events", key, body, clients=clients, requests=requests, body_file=file)


async def _run(kind: str, server_url: str | None, requests: int) -> dict[str, Load]:
    """Measure Hookwright and the bare routes on one kind of database, each on an empty one."""
    found: dict[str, Load] = {}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(await _store(stack, kind, server_url), "--no-worker"))
        async with server.client() as client:
            (await client.post("/v1/webhooks", json=WEBHOOK)).raise_for_status()
        found["one"] = await _loaded(server.url, server.key, ONE, requests)
        found["batch"] = await _loaded(server.url, server.key, MANY, max(requests // BATCH, 20), clients=4)
    for name in ("", "-group"):
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(_bare(kind.lower() + name, await _store(stack, kind, server_url)))
            found["bare" + name] = await _loaded(url, secrets.token_hex(8), ONE, requests)
    for name, one in found.items():
        if one.refused:
            raise RuntimeError(f"{name}: {one.refused} requests were refused")
    return found


async def _store(stack: AsyncExitStack, kind: str, server_url: str | None) -> str:
    return await stack.enter_async_context(store(kind, server_url))


def _figures(kind: str, runs: list[dict[str, Load]]) -> list[Figure]:
    rate = {name: statistics.median(run[name].rate for run in runs) for name in runs[0]}
    p50, p99 = (statistics.median(percentile(run["one"].latencies, s) * 1e3 for run in runs) for s in (0.5, 0.99))
    share = statistics.median(run["one"].cpu_seconds / run["one"].seconds for run in runs)
    ratios = {
        name: statistics.median(run["one"].rate / run[name].rate for run in runs) for name in ("bare", "bare-group")
    }
    return [
        Figure(
            f"durable ingest, {kind}, {CLIENTS} clients",
            f"≥ {GOAL_RATE:,} events/s, p99 < {GOAL_MS} ms",
            f"{rate['one']:,.0f} events/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms",
            met=rate["one"] >= GOAL_RATE and p99 < GOAL_MS,
        ),
        Figure(f"  {kind}, batches of {BATCH}, 4 clients", "", f"{rate['batch'] * BATCH:,.0f} events/s"),
        Figure(
            f"  {kind}, versus a bare FastAPI route, a commit per request",
            "",
            f"{ratios['bare']:.2f} × its {rate['bare']:,.0f}/s",
        ),
        Figure(
            f"  {kind}, versus the same with a group commit",
            "",
            f"{ratios['bare-group']:.2f} × its {rate['bare-group']:,.0f}/s",
        ),
        Figure(f"  {kind}, the load generator's own share of a core", "", f"{share:.0%}"),
    ]


async def main() -> None:
    """Measure in turn and print medians."""
    parser = arguments(__doc__)
    parser.add_argument("--requests", type=int, default=8000)
    parser.add_argument("--stores", nargs="+", choices=(SQLITE, POSTGRESQL), default=[SQLITE, POSTGRESQL])
    options = parser.parse_args()
    runs: dict[str, list[dict[str, Load]]] = {kind: [] for kind in options.stores}
    with postgres() if POSTGRESQL in options.stores else nullcontext() as server_url:
        speed = await reference()
        for number in range(options.runs):
            for kind in options.stores:
                runs[kind].append(await _run(kind, server_url, options.requests))
                print(
                    f"run {number + 1}, {kind}: " + ", ".join(f"{k} {v.rate:,.0f}/s" for k, v in runs[kind][-1].items())
                )
    figures = [figure for kind in options.stores for figure in _figures(kind, runs[kind])]
    tell(figures, reference=speed, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
