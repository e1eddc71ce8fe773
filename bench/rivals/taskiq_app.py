"""taskiq on Redis streams, which acknowledge: an async task with one aiohttp session."""

import asyncio
import time

import aiohttp
from taskiq_redis import RedisStreamBroker

from bench.rivals.message import BODY, QUEUE, signed

broker = RedisStreamBroker(url=QUEUE, xread_count=100)
_sessions: list[aiohttp.ClientSession] = []


def _session() -> aiohttp.ClientSession:
    if not _sessions:
        _sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    return _sessions[0]


@broker.task(task_name="deliver")
async def deliver(url: str, body: str) -> None:
    """Send one message."""
    data = body.encode()
    async with _session().post(url, data=data, headers=signed(data)) as response:
        response.raise_for_status()


async def _enqueue(count: int, url: str) -> float:
    await broker.startup()
    started = time.perf_counter()
    for start in range(0, count, 100):
        await asyncio.gather(*(deliver.kiq(url, BODY) for _ in range(min(100, count - start))))
    seconds = time.perf_counter() - started
    await broker.shutdown()
    return seconds


def enqueue(count: int, url: str) -> float:
    """Store jobs in batches."""
    return asyncio.run(_enqueue(count, url))
