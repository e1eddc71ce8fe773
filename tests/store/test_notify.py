"""Waking workers of other processes over LISTEN and NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from store.notify import CHANNEL, Notifier
from store.session import driver_url
from tests import databases
from tests.postgres_server import private_server
from tests.serving import until


@pytest.fixture
def url() -> Iterator[str]:
    made = databases.cluster().create_empty()
    yield made
    databases.cluster().drop(made)


@asynccontextmanager
async def notifier(url: str, heard: list[str] | None = None, name: str = "") -> AsyncIterator[Notifier]:
    """Run a notifier; each ring that it hears adds its name, the first one when it begins to listen."""
    made = Notifier(driver_url(url))
    task = asyncio.create_task(made.run(None if heard is None else lambda: heard.append(name)))
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])


async def grown(heard: list[str], count: int) -> None:
    async def check() -> bool | None:
        return True if len(heard) >= count else None

    await until(check)


async def test_a_ring_is_heard_by_all_others_and_not_by_itself(url: str):
    heard: list[str] = []
    async with notifier(url, heard, "one") as one, notifier(url, heard, "two"), notifier(url, heard, "three"):
        await grown(heard, 3)
        heard.clear()
        one.ring()
        await grown(heard, 2)
    assert sorted(heard) == ["three", "two"]


async def test_many_rings_are_few_notifications(url: str):
    heard: list[str] = []
    async with notifier(url) as teller, notifier(url, heard, "listener"):
        await grown(heard, 1)
        for _ in range(5000):
            teller.ring()
            await asyncio.sleep(0)
        await grown(heard, 2)
        counted = len(heard)
        teller.ring()
        await grown(heard, counted + 1)
    assert len(heard) < 500


async def test_a_connection_that_was_cut_is_made_anew(url: str):
    heard: list[str] = []
    admin = await asyncpg.connect(url)
    try:
        async with notifier(url) as teller, notifier(url, heard, "listener"):
            await grown(heard, 1)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await grown(heard, 2)  # it listens again
            counted = len(heard)
            teller.ring()
            await grown(heard, counted + 1)
    finally:
        await admin.close()


async def test_a_server_that_was_killed_is_found_again():
    heard: list[str] = []
    with private_server(fsync="off") as server:
        async with notifier(server.url) as teller, notifier(server.url, heard, "listener"):
            await grown(heard, 1)
            server.kill()
            teller.ring()  # while there is nobody to tell
            await asyncio.to_thread(server.start)
            await grown(heard, 2)
            counted = len(heard)
            teller.ring()
            await grown(heard, counted + 1)


async def test_a_process_without_a_worker_only_tells(url: str):
    admin = await asyncpg.connect(url)
    try:
        async with notifier(url) as teller:
            teller.ring()

            async def told() -> bool | None:
                sql = (
                    "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                queries = [row["query"] for row in await admin.fetch(sql)]
                assert f'LISTEN "{CHANNEL}"' not in queries
                return True if f"NOTIFY {CHANNEL}" in queries else None

            await until(told)
    finally:
        await admin.close()
