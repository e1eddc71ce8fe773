"""Waking workers of other processes over LISTEN and NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy.engine import make_url

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


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long a notifier has waited before each of its connections but the first."""
    found: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float, *more: object) -> None:
        if seconds >= 0.1:
            found.append(seconds)
        await sleep(seconds, *more)

    monkeypatch.setattr(asyncio, "sleep", noted)
    return found


@asynccontextmanager
async def refusing(url: str) -> AsyncIterator[str]:
    """Open a way to the server that breaks off whoever wants to notify, and nobody else."""
    place = make_url(url)
    writers: list[asyncio.StreamWriter] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if b"NOTIFY" in data:
                break
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(place.host, place.port or 5432)
        writers.extend((writer, forth))
        await asyncio.gather(relay(reader, forth), relay(back, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield place.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        server.close()
        for writer in writers:
            writer.close()


async def waited(pauses: list[float]) -> None:
    async def check() -> bool | None:
        return True if len(pauses) >= 4 else None

    await until(check)
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]


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


async def test_a_standby_is_asked_less_and_less_often_until_it_is_the_primary(pauses: list[float]):
    heard: list[str] = []
    with private_server(standby=True, fsync="off") as server:
        async with notifier(server.url, heard, "listener"):
            await waited(pauses)
            assert heard == []
            admin = await asyncpg.connect(server.url)
            assert await admin.fetchval("SELECT pg_promote()")
            await admin.close()
            await grown(heard, 1)


async def test_a_process_without_a_worker_asks_a_standby_less_and_less_often(pauses: list[float]):
    with private_server(standby=True, fsync="off") as server:
        async with notifier(server.url) as teller:
            teller.ring()
            await waited(pauses)


async def test_where_one_can_listen_but_not_notify_connections_are_made_less_and_less_often(
    url: str, pauses: list[float]
):
    heard: list[str] = []
    async with refusing(url) as through, notifier(through, heard, "one") as one:
        await grown(heard, 1)
        one.ring()
        await waited(pauses)
    assert len(heard) >= 4, "it has listened each time"


async def test_what_was_lost_after_it_had_worked_is_connected_again_soon(url: str, pauses: list[float]):
    heard: list[str] = []
    admin = await asyncpg.connect(url)
    of_others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    async def notified() -> bool | None:
        rows = await admin.fetch(f"SELECT query, state {of_others}")
        return True if [tuple(row) for row in rows] == [(f"NOTIFY {CHANNEL}", "idle")] else None

    async with notifier(url, heard, "one") as one:
        for times in range(1, 5):
            await grown(heard, times)
            one.ring()
            await until(notified)
            await admin.execute(f"SELECT pg_terminate_backend(pid) {of_others}")
        await grown(heard, 5)
    await admin.close()
    assert pauses == [0.1] * 4
