"""Connections to PostgreSQL that ended, or went dead, while they lay in the pool."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from store.session import STORE_FAILURES, Database, is_store_failure
from tests import databases
from tests.postgres_server import private_server
from tests.serving import until

CONNECTIONS = 3
END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def url() -> Iterator[str]:
    made = databases.cluster().create_empty()
    yield made
    databases.cluster().drop(made)


class Line:
    """A way to the server whose connections can go dead: what is sent is lost, and nobody is told."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._alive: list[bool] = []

    def cut(self) -> None:
        """Let the connections that there are go dead; new ones work."""
        self._alive = [False] * len(self._alive)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Listen on a port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self._alive)
        self._alive.append(True)
        back, forth = await asyncio.open_connection(*self._place)
        ways = [asyncio.create_task(self._pass(number, *way)) for way in ((reader, forth), (back, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        forth.close()
        writer.close()

    async def _pass(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self._alive[number]:
                writer.write(data)
                await writer.drain()


async def answer(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.exec_driver_sql("SELECT 1")).scalar_one())


async def fill(database: Database) -> list[Any]:
    """Have the pool open all of its connections, and return them as their driver knows them."""
    taken = [await database.engine.connect().start() for _ in range(CONNECTIONS)]
    opened = [(await connection.get_raw_connection()).driver_connection for connection in taken]
    for connection in taken:
        await connection.close()
    return opened


async def test_what_the_server_has_closed_is_not_used_again(url: str):
    database, other = Database(url, pool_size=CONNECTIONS), Database(url, pool_size=1)
    opened = await fill(database)

    async def told() -> bool | None:
        return True if all(one.is_closed() for one in opened) else None

    async with other.read() as connection:
        assert (await connection.exec_driver_sql(END_OTHERS)).scalar_one() == CONNECTIONS
    await until(told)
    for _ in range(2):
        assert await asyncio.gather(*(answer(database) for _ in range(2 * CONNECTIONS))) == [1] * 2 * CONNECTIONS
    await database.close()
    await other.close()


async def test_what_went_dead_without_a_word_fails_once(url: str):
    place = make_url(url)
    line = Line(place.host or "127.0.0.1", place.port or 5432)
    async with line.open() as port:
        through = place.set(host="127.0.0.1", port=port)
        database = Database(through, pool_size=CONNECTIONS, statement_seconds=0.3)
        await fill(database)
        line.cut()
        first = await asyncio.gather(*(answer(database) for _ in range(CONNECTIONS)), return_exceptions=True)
        assert all(isinstance(one, STORE_FAILURES) for one in first), first
        assert await asyncio.gather(*(answer(database) for _ in range(2 * CONNECTIONS))) == [1] * 2 * CONNECTIONS
        await database.close()


@pytest.mark.parametrize("then", ["SELECT pg_sleep(5)", None], ids=["statement", "commit"])
async def test_a_connection_that_ends_within_a_transaction_fails_once(url: str, then: str | None):
    database, other = Database(url, pool_size=1), Database(url, pool_size=1)

    async def use() -> None:
        async with database.write() as connection:
            pid = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
            async with other.read() as killer:
                await killer.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
            if then:
                await connection.exec_driver_sql(then)

    with pytest.raises(SQLAlchemyError) as caught:
        await use()
    assert is_store_failure(caught.value)
    assert await answer(database) == 1
    await database.close()
    await other.close()


async def test_a_server_that_takes_no_more_connections_is_a_failure_of_the_store():
    with private_server(max_connections="4", superuser_reserved_connections="0") as server:
        taken, database = Database(server.url, pool_size=4), Database(server.url, pool_size=1)
        others = [await taken.engine.connect().start() for _ in range(4)]
        with pytest.raises(STORE_FAILURES, match="too many clients"):
            await answer(database)
        for connection in others:
            await connection.close()
        await taken.close()
        await database.close()


async def test_what_cannot_be_stored_is_no_failure_of_the_store(url: str):
    database = Database(url, pool_size=1)
    with pytest.raises(DBAPIError) as caught:
        async with database.write() as connection:
            await connection.execute(text("SELECT CAST(:word AS text)"), {"word": "a\0b"})
    assert not is_store_failure(caught.value)
    await database.close()
