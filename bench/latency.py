"""From `POST /v1/events` to the first byte at the endpoint, on an idle system.

    python -m bench.latency [--events 200] [--runs 3]

One event at a time over real HTTP, with a pause between two of them that lets everything fall asleep. The clock runs
from before the request is sent, so key check, validation, filters, commit, claim and signature are in it. The receiver
is in this process, so both times are of one clock.
"""

import asyncio
import random
import statistics
import time
from contextlib import AsyncExitStack, nullcontext

import aiohttp
import uvloop

from bench.figures import Figure, arguments, percentile, tell
from bench.reference import reference
from bench.servers import POSTGRESQL, SQLITE, postgres, serving, store, working

GOAL_P50_MS, GOAL_P99_MS = 5, 20
PAUSE_SECONDS = (0.02, 0.08)
SETUPS = (SQLITE, POSTGRESQL, "PostgreSQL, separate worker")
PAYLOAD = {"properties": {"value": 100, "currency": "USD", "note": "x" * 900}}


class _Endpoint(asyncio.Protocol):
    """Tells when the first byte of a request came, and answers 204 when the request is whole."""

    def __init__(self, arrived: asyncio.Queue[float]) -> None:
        self._arrived = arrived
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if not self._data:
            self._arrived.put_nowait(now)
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) >= length:
            self._data = b""
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[attr-defined]


async def _measure(setup: str, server_url: str | None, events: int) -> list[float]:
    """Return the milliseconds of each event."""
    arrived: asyncio.Queue[float] = asyncio.Queue()
    endpoint = await asyncio.get_running_loop().create_server(lambda: _Endpoint(arrived), "127.0.0.1", 0)
    port = endpoint.sockets[0].getsockname()[1]
    async with AsyncExitStack() as stack:
        stack.callback(endpoint.close)
        kind = SQLITE if setup == SQLITE else POSTGRESQL
        url = await stack.enter_async_context(store(kind, server_url))
        apart = setup == SETUPS[2]
        server = await stack.enter_async_context(serving(url, *(["--no-worker"] if apart else [])))
        if apart:
            await stack.enter_async_context(working(url))
        headers = {"Authorization": f"Bearer {server.key}"}
        client = await stack.enter_async_context(aiohttp.ClientSession(server.url, headers=headers))
        webhook = {"name": "bench", "url": f"http://127.0.0.1:{port}/hook"}
        (await client.post("/v1/webhooks", json=webhook)).raise_for_status()
        for _ in range(5):
            await _one(client, arrived)
        return [await _one(client, arrived) for _ in range(events)]


async def _one(client: aiohttp.ClientSession, arrived: asyncio.Queue[float]) -> float:
    await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
    started = time.perf_counter()
    async with client.post("/v1/events", json={"type": "purchase", "payload": PAYLOAD}) as response:
        response.raise_for_status()
        await response.read()
    return (await asyncio.wait_for(arrived.get(), 30) - started) * 1000


def _figure(setup: str, runs: list[list[float]]) -> Figure:
    p50 = statistics.median(percentile(run, 0.5) for run in runs)
    p99 = statistics.median(percentile(run, 0.99) for run in runs)
    return Figure(
        f"enqueue → first byte at the endpoint, idle, {setup}",
        f"p50 < {GOAL_P50_MS} ms, p99 < {GOAL_P99_MS} ms",
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        met=p50 < GOAL_P50_MS and p99 < GOAL_P99_MS,
    )


async def main() -> None:
    """Measure in turn and print medians."""
    parser = arguments(__doc__)
    parser.add_argument("--events", type=int, default=200, help="events in each run")
    parser.add_argument("--setups", nargs="+", choices=SETUPS, default=SETUPS)
    options = parser.parse_args()
    runs: dict[str, list[list[float]]] = {setup: [] for setup in options.setups}
    with postgres() if options.setups != [SQLITE] else nullcontext() as server_url:
        speed = await reference()
        for number in range(options.runs):
            for setup in options.setups:
                runs[setup].append(await _measure(setup, server_url, options.events))
                print(f"run {number + 1}, {setup}: p50 {percentile(runs[setup][-1], 0.5):.1f} ms")
    tell([_figure(setup, found) for setup, found in runs.items()], reference=speed, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
