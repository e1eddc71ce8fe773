"""pgqueuer on PostgreSQL: an asyncpg connection, one aiohttp session, uvloop.

`python -m bench.rivals.pgqueuer_app BATCH_SIZE` is a worker: its own command `pgq run` fails with the newest typer.
"""

import asyncio
import json
import sys
import time

import aiohttp
import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from bench.rivals.message import BODY, QUEUE, signed


async def main() -> PgQueuer:
    """Build the consumer."""
    pgq = PgQueuer(AsyncpgDriver(await asyncpg.connect(QUEUE)))
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    @pgq.entrypoint("deliver")
    async def deliver(job: Job) -> None:
        message = json.loads(job.payload or b"{}")
        data = message["body"].encode()
        async with session.post(message["url"], data=data, headers=signed(data)) as response:
            response.raise_for_status()

    return pgq


async def _enqueue(count: int, url: str) -> float:
    connection = await asyncpg.connect(QUEUE)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    started = time.perf_counter()
    payload = json.dumps({"url": url, "body": BODY}).encode()
    for start in range(0, count, 1000):
        size = min(1000, count - start)
        await queries.enqueue(["deliver"] * size, [payload] * size, [0] * size)
    seconds = time.perf_counter() - started
    await connection.close()
    return seconds


def enqueue(count: int, url: str) -> float:
    """Store jobs in batches."""
    return asyncio.run(_enqueue(count, url))


async def _work(batch_size: int) -> None:
    await (await main()).run(batch_size=batch_size)


if __name__ == "__main__":
    uvloop.run(_work(int(sys.argv[1])))
