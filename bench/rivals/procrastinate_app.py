"""Procrastinate on PostgreSQL: an async task with one aiohttp session."""

import asyncio
import time

import aiohttp
from procrastinate import App, PsycopgConnector

from bench.rivals.message import BODY, QUEUE, signed

app = App(connector=PsycopgConnector(conninfo=QUEUE, max_size=20))
_sessions: list[aiohttp.ClientSession] = []


def _session() -> aiohttp.ClientSession:
    if not _sessions:
        _sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    return _sessions[0]


@app.task(name="deliver")
async def deliver(url: str, body: str) -> None:
    """Send one message."""
    data = body.encode()
    async with _session().post(url, data=data, headers=signed(data)) as response:
        response.raise_for_status()


async def _enqueue(count: int, url: str) -> float:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        started = time.perf_counter()
        for start in range(0, count, 500):
            jobs = [{"url": url, "body": BODY}] * min(500, count - start)
            await deliver.batch_defer_async(*jobs)
        return time.perf_counter() - started


def enqueue(count: int, url: str) -> float:
    """Store jobs in batches."""
    return asyncio.run(_enqueue(count, url))
