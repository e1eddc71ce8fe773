"""Days of attempts on PostgreSQL: created ahead, dropped whole, while deliveries write."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import func, select, text

from rules.ids import new_id
from rules.spans import Span
from store import deliveries as store
from store import partitions
from store.deliveries import attempts
from store.migrate import alembic_config, migrate
from store.session import Database
from tests import databases
from tests.serving import until
from tests.store.shelf import Shelf
from webhooks.maintenance import Maintenance

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


def attempt(at: datetime, delivery_id: str = "dlv_1", **fields: Any) -> dict[str, Any]:
    row = {"id": new_id("att", now_ns=int(at.timestamp() * 1e9)), "workspace_id": "ws_1", "webhook_id": "wh_1"}
    row |= {"delivery_id": delivery_id, "event_id": "evt_1", "event_type": "a", "number": 1, "status": "delivered"}
    empty = dict.fromkeys(("status_code", "cause", "error", "delivered_at", "response_headers", "response_body"))
    return {**row, **empty, "duration_ms": 1, "attempted_at": at, "request_headers": "{}", **fields}


async def log(database: Database, *rows: dict[str, Any]) -> None:
    async with database.write() as connection:
        await store.log(connection, list(rows))


async def spans(database: Database) -> list[Span]:
    async with database.read() as connection:
        return [part.span for part in await partitions.parts(connection)]


async def rows_of(database: Database, table: str) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def execute(database: Database, sql: str) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql(sql)


@pytest.fixture
async def empty(postgres: None) -> AsyncIterator[Database]:  # noqa: ARG001 - chooses the database
    """A PostgreSQL database without tables."""
    url = databases.cluster().create_empty()
    database = Database(url)
    yield database
    await database.close()
    databases.cluster().drop(url)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "_PAUSE_SECONDS", 0.01)


async def to_revision(database: Database, revision: str, move: Any = command.upgrade) -> None:
    async with database.write() as connection:
        await connection.run_sync(lambda sync: move(alembic_config(sync), revision))


@pytest.mark.usefixtures("postgres")
async def test_a_week_of_days_is_there_ahead_and_asking_again_adds_none(shelf: Shelf):
    await partitions.extend(shelf.database, 30)
    there = await spans(shelf.database)
    assert set(there) >= {Span(TODAY + n * DAY, TODAY + (n + 1) * DAY) for n in range(-1, 8)}
    assert (
        len(there) - 9 <= (datetime.now(UTC) - TODAY).days
    )  # the template may be of before midnight, and so may TODAY
    await partitions.extend(shelf.database, 30)
    assert await spans(shelf.database) == there


@pytest.mark.usefixtures("postgres")
async def test_processes_that_start_at_once_create_each_day_once(empty: Database):
    await migrate(empty)
    others = [Database(empty.url) for _ in range(4)]
    await asyncio.gather(*(partitions.extend(database, 30) for database in (empty, *others)))
    assert len(await spans(empty)) == 9
    for database in others:
        await database.close()


async def test_after_weeks_without_a_process_rows_that_had_no_day_move_into_theirs(empty: Database):
    await migrate(empty)
    await log(empty, attempt(NOW), attempt(NOW + 3 * DAY), attempt(NOW - 40 * DAY), attempt(NOW + 400 * DAY))
    assert await rows_of(empty, "attempts_default") == 4
    await partitions.extend(empty, 30)
    assert await rows_of(empty, "attempts_default") == 2
    assert await rows_of(empty, f"attempts_{TODAY:%Y%m%d}") == 1
    assert await rows_of(empty, "attempts") == 4


async def test_a_clock_that_is_wrong_stops_no_delivery_and_loses_no_attempt(empty: Database):
    await migrate(empty)
    await partitions.extend(empty, 30)
    wrong = datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
    await log(empty, *(attempt(at, number=n) for n, at in enumerate((NOW, *wrong))))
    async with empty.read() as connection:
        found = await store.attempts_of(connection, "dlv_1", since=NOW, count=3)
        assert [row["number"] for row in found] == [0, 1, 2]
        assert (await store.attempt_page(connection, "wh_1", 10, 0)).total == 3
    assert dict(await Maintenance(empty, 30).prune()) == {"attempts": 1}


async def test_old_days_are_dropped_whole_and_younger_ones_stay(empty: Database, caplog: pytest.LogCaptureFixture):
    await migrate(empty)
    days = [(NOW - n * DAY).date() for n in (33, 32, 31, 30, 29)]
    await partitions.fill(empty, days)
    await partitions.extend(empty, 30)
    await log(empty, *(attempt(datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)) for day in days))
    caplog.set_level(logging.INFO, "hookwright.maintenance")
    assert not await Maintenance(empty, 30).prune(), "no row is deleted one by one"
    assert (await spans(empty))[0].begin == TODAY - 30 * DAY
    assert await rows_of(empty, "attempts") == 2
    assert sum("dropped the attempts" in record.message for record in caplog.records) == 3


@pytest.mark.usefixtures("no_pauses")
async def test_writers_go_on_while_a_day_waits_for_a_reader_and_when_it_goes(empty: Database):
    await migrate(empty)
    await partitions.fill(empty, [(NOW - 40 * DAY).date()])
    await partitions.extend(empty, 30)
    await log(empty, attempt(NOW - 40 * DAY))
    written, stop = 0, asyncio.Event()

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            await log(empty, attempt(datetime.now(UTC)))
            written += 1

    async def some_more(than: int) -> bool | None:
        return True if written > than + 5 else None

    writing = asyncio.create_task(write())
    async with empty.read() as backup:
        await backup.execute(select(func.count()).select_from(attempts))
        before = written
        assert await partitions.drop(empty, NOW - 30 * DAY) == []
        assert written - before >= 20, "one of them between any two tries, at least"
        assert not writing.done()
    before = written
    assert len(await partitions.drop(empty, NOW - 30 * DAY)) == 1
    await until(lambda: some_more(before))
    stop.set()
    await writing
    assert await rows_of(empty, "attempts") == written


@pytest.mark.usefixtures("no_pauses")
async def test_no_write_fails_while_the_days_that_it_belongs_to_are_created(empty: Database):
    await migrate(empty)
    done = asyncio.Event()

    async def write(days: int) -> int:
        written = 0
        while not done.is_set():
            await log(empty, attempt(NOW + (written % days) * DAY))
            written += 1
        return written

    writing = [asyncio.create_task(write(days)) for days in (1, 3, 8)]
    await until(lambda: some_rows(empty))
    await partitions.extend(empty, 30)
    done.set()
    written = sum(await asyncio.gather(*writing))
    assert await rows_of(empty, "attempts_default") == 0
    assert await rows_of(empty, "attempts") == written


async def some_rows(database: Database) -> bool | None:
    return True if await rows_of(database, "attempts") > 3 else None


async def test_what_was_stored_before_stays_where_it_is_both_ways(empty: Database):
    await to_revision(empty, "0004")
    rows = [attempt(NOW - 40 * DAY), attempt(NOW), attempt(NOW + 400 * DAY)]
    await log(empty, *rows)
    async with empty.read() as connection:
        file = "SELECT pg_relation_filepath('{}')"
        before = (await connection.exec_driver_sql(file.format("attempts"))).scalar_one()
    await to_revision(empty, "head")
    async with empty.read() as connection:
        assert (await connection.exec_driver_sql(file.format("attempts_before"))).scalar_one() == before
        found = {row.id for row in await connection.execute(attempts.select())}
    assert found == {row["id"] for row in rows}
    assert await rows_of(empty, "attempts_default") == 1, "the wrong clock's"
    await partitions.extend(empty, 30)
    assert (await spans(empty))[:2] == [Span(None, TODAY + DAY), Span(TODAY + DAY, TODAY + 2 * DAY)]
    assert dict(await Maintenance(empty, 30).prune()) == {"attempts": 1}
    await to_revision(empty, "0004", command.downgrade)
    assert await rows_of(empty, "attempts") == 2
    with pytest.raises(Exception, match="attempts_pkey"):
        await log(empty, rows[1])
    await to_revision(empty, "head")
    assert await rows_of(empty, "attempts") == 2
    await Maintenance(empty, 30).prune(NOW + 32 * DAY)
    assert (await spans(empty))[0].begin is not None, "it is dropped like a day when all of it is old"


@pytest.mark.both_databases
async def test_the_schema_is_that_of_the_tables(shelf: Shelf):
    await partitions.extend(shelf.database, 30)
    await to_revision(shelf.database, "", lambda config, _: command.check(config))


@pytest.mark.usefixtures("postgres")
async def test_a_delivery_is_looked_for_in_its_days_only(shelf: Shelf):
    await partitions.fill(shelf.database, [(NOW - n * DAY).date() for n in range(31)])
    statement = select(attempts).where(attempts.c.delivery_id == "dlv_1", attempts.c.attempted_at >= NOW - DAY)
    async with shelf.database.read() as connection:
        sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        plan = "\n".join([row[0] for row in await connection.exec_driver_sql(f"EXPLAIN {sql}")])
    assert f"attempts_{TODAY:%Y%m%d}" in plan
    assert f"attempts_{TODAY - 2 * DAY:%Y%m%d}" not in plan


async def test_sqlite_has_one_table(shelf: Shelf):
    await partitions.extend(shelf.database, 30)
    await partitions.fill(shelf.database, [NOW.date()])
    assert await spans(shelf.database) == []
    assert await partitions.drop(shelf.database, NOW) == []
