"""SQLite's connections: a transaction begins with its first statement, and whatever happens, none outlives its user."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from store.session import Database

ADD = text("INSERT INTO entries VALUES (:owner, :part)")
COUNT = text("SELECT count(*) FROM entries")
PARTS = 4
CONNECTIONS = 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "test.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    found = Database(f"sqlite:///{file}?timeout=0.1", pool_size=CONNECTIONS)
    async with found.write() as connection:
        await connection.execute(text("CREATE TABLE entries (owner INTEGER, part INTEGER UNIQUE ON CONFLICT ROLLBACK)"))
    yield found
    await found.close()


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(COUNT)).scalar_one())


async def check_pool(database: Database) -> None:
    """Look at every connection of the pool: none has a transaction, nor is about to begin one."""
    taken = [await database.engine.connect().start() for _ in range(CONNECTIONS)]
    for connection in taken:
        found = (await connection.get_raw_connection()).driver_connection
        assert found is not None
        await found.run("SELECT 1", ())  # behind what nobody waited for
        assert not found.in_transaction
    for connection in taken:
        await connection.close()


async def test_a_reader_sees_one_state_throughout(database: Database):
    async with database.read() as reader:
        before = (await reader.execute(COUNT)).scalar_one()
        async with database.write() as writer:
            await writer.execute(ADD, {"owner": 1, "part": 1})
        assert (await reader.execute(COUNT)).scalar_one() == before == 0
    assert await count(database) == 1


async def test_a_look_sees_the_newest_and_leaves_no_transaction(database: Database):
    async with database.look() as reader:
        assert (await reader.execute(COUNT)).scalar_one() == 0
        async with database.write() as writer:
            await writer.execute(ADD, {"owner": 1, "part": 1})
        assert (await reader.execute(COUNT)).scalar_one() == 1
        await database.settle_file()
    await check_pool(database)


async def test_the_write_lock_is_taken_with_the_first_statement_even_of_one_that_reads(database: Database, file: Path):
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    async with database.write() as connection:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        await connection.execute(COUNT)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_a_lock_of_another_process_is_an_error_and_nothing_is_written_without_a_transaction(
    database: Database, file: Path
):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with database.write() as connection:
        with pytest.raises(OperationalError, match="locked"):
            await connection.execute(ADD, {"owner": 1, "part": 1})
        other.execute("ROLLBACK")
        await connection.execute(ADD, {"owner": 1, "part": 2})
        await connection.rollback()
    other.close()
    assert await count(database) == 0
    await check_pool(database)


async def test_nothing_follows_an_error_that_rolled_back(database: Database):
    async with database.write() as connection:
        await connection.execute(ADD, {"owner": 1, "part": 1})
    async with database.write() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(ADD, {"owner": 2, "part": 1})
        with pytest.raises(OperationalError, match="rolled back by an error before"):
            await connection.execute(ADD, {"owner": 2, "part": 2})
        await connection.rollback()
    assert await count(database) == 1
    await check_pool(database)


async def test_what_a_full_disk_has_rolled_back_is_not_called_saved(file: Path):
    database = Database(f"sqlite:///{file}", pool_size=1)
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE pages (content)"))
    async with database.look() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count = 10")

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO pages VALUES (1)"))
            with pytest.raises(OperationalError, match="full"):
                await connection.execute(text("INSERT INTO pages VALUES (zeroblob(100000))"))

    with pytest.raises(OperationalError, match="rolled back by an error before"):
        await write()
    assert database.space.is_full
    async with database.write() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM pages"))).scalar_one() == 0
    await database.close()


async def test_a_commit_that_fails_leaves_no_transaction_to_the_next(database: Database):
    async with database.write() as connection:
        reference = "REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED"
        await connection.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        await connection.execute(text(f"CREATE TABLE children (parent INTEGER {reference})"))
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO children VALUES (1)"))
    await check_pool(database)
    async with database.write() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM children"))).scalar_one() == 0


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_is_cancelled_wherever_leaves_all_or_nothing(database: Database, seed: int):
    chance, committed = Random(seed), set()

    async def write(owner: int) -> None:
        async with database.write() as connection:
            for part in range(PARTS):
                await connection.execute(ADD, {"owner": owner, "part": owner * PARTS + part})
        committed.add(owner)

    async def read(_: int) -> None:
        async with database.read() as connection:
            counts = {(await connection.execute(COUNT)).scalar_one() for _ in range(3)}
        assert len(counts) == 1
        assert counts.pop() % PARTS == 0

    async def look(_: int) -> None:
        async with database.look() as connection:
            await connection.execute(COUNT)

    for turn in range(20):
        jobs = [chance.choice([write, write, read, look]) for _ in range(8)]
        tasks = [asyncio.create_task(job(turn * 8 + number)) for number, job in enumerate(jobs)]
        for task in tasks:
            for _ in range(chance.choice([0, 1, 2, 3, 5, 8, 13])):
                await asyncio.sleep(chance.choice([0, 0, 0.0005]))
            for _ in range(chance.choice([0, 1, 2])):
                task.cancel()
                await asyncio.sleep(0)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(one) for one in ended} <= {type(None), asyncio.CancelledError}, ended
        await check_pool(database)
    async with database.read() as connection:
        stored = (await connection.execute(text("SELECT owner, count(*) FROM entries GROUP BY owner"))).all()
    assert {parts for _, parts in stored} == {PARTS}
    assert committed <= {owner for owner, _ in stored}


async def test_a_close_that_is_cut_short_leaves_no_task_waiting(database: Database):
    long = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n")

    begun: asyncio.Future[threading.Thread] = asyncio.get_running_loop().create_future()

    async def read() -> None:
        async with database.read() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            begun.set_result(driver._thread)  # noqa: SLF001 - it may outlive the test, and has nobody to tell then
            await connection.execute(long)

    task = asyncio.create_task(read())
    thread = await begun
    for _ in range(4):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    others = asyncio.all_tasks() - {asyncio.current_task()}
    _, waiting = await asyncio.wait(others, timeout=10) if others else ((), ())
    assert not waiting
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()


async def test_a_glance_sees_what_was_just_committed_and_nothing_else(database: Database):
    sql = "SELECT part FROM entries WHERE owner = ?"
    assert database.glance(sql, (1,)) == []
    async with database.write() as writer:
        await writer.execute(ADD, {"owner": 1, "part": 7})
        assert database.glance(sql, (1,)) == []
    assert database.glance(sql, (1,)) == [(7,)]


async def test_a_glance_that_cannot_be_had_at_once_makes_nobody_wait_and_is_had_later(file: Path, database: Database):
    sql = "SELECT count(*) FROM entries"
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        await database.close()  # else nobody gets it for themselves
        other.execute("BEGIN EXCLUSIVE")
        assert database.glance(sql, ()) is None
        other.execute("COMMIT")
    other.close()
    assert database.glance(sql, ()) == [(0,)]


async def test_a_glance_makes_no_file_and_shows_one_that_appears(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'a file #1%41.db'}")
    assert database.glance("SELECT 1", ()) is None
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE entries (owner INTEGER)"))
    assert database.glance("SELECT count(*) FROM entries", ()) == [(0,)]
    await database.close()


async def test_claims_need_not_be_on_the_disk_what_follows_them_does(database: Database):
    async with database.write(lazily=True) as connection:
        assert (await connection.execute(text("PRAGMA synchronous"))).scalar_one() == 1  # NORMAL
        await connection.execute(ADD, {"owner": 1, "part": 1})
    for _ in range(CONNECTIONS + 1):
        async with database.write() as connection:
            assert (await connection.execute(text("PRAGMA synchronous"))).scalar_one() == 2  # FULL
    assert await count(database) == 1


async def test_where_one_connection_cannot_be_closed_the_others_are(database: Database):
    async with database.look() as connection:
        other = (await connection.get_raw_connection()).driver_connection
    assert other is not None
    with ThreadPoolExecutor(1) as thread:  # what it has opened, only it may close
        assert thread.submit(database.glance, "SELECT 1", ()).result() == [(1,)]
        with pytest.raises(sqlite3.ProgrammingError, match="thread"):
            await database.close()
        with pytest.raises(ValueError, match="closed"):
            await other.run("SELECT 1", ())
        thread.submit(lambda: asyncio.run(database.close())).result()
