"""What a claim costs the database, and what it leaves behind."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event as events
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store import claims, workers
from store import deliveries as store
from store.claims import Ask, Lane, deliveries
from store.ordered_claims import Walk, claim_ordered
from tests.store.shelf import Shelf

ENDED = {"new_status": "delivered", "made": 1, "used": 0, "next_lane": 0, "again_at": None, "code": 200}
UNNAMED = {"message": None, "named": None}


async def claim(connection: AsyncConnection, limit: int, worker: str = "wrk_1") -> list[str]:
    rows = await claims.claim(connection, worker, [Ask("wh_1", Lane.FIRST, limit)], datetime.now(UTC))
    return [row.id for row in rows]


def ended(id_: str, worker: str = "wrk_1") -> dict[str, Any]:
    return {**ENDED, **UNNAMED, "finished_id": id_, "by": worker, "ended_at": datetime.now(UTC)}


@pytest.mark.both_databases
async def test_a_key_is_under_way_from_its_claim_to_its_end(shelf: Shelf):
    await shelf.webhook("wh_1")
    ids = await shelf.deliveries("wh_1", 4, lane=int(Lane.ORDERED))
    keyed = deliveries.update().where(deliveries.c.id.in_(ids)).values(ordering_key=deliveries.c.id)
    async with shelf.database.write() as connection:
        await connection.execute(keyed)
        await claim_ordered(connection, "wrk_1", Ask("wh_1", Lane.ORDERED, 3), datetime.now(UTC), Walk())
    assert await under_way(shelf) == set(ids[:3])
    async with shelf.database.write() as connection:
        await store.finish(connection, [ended(ids[0])], [])
        await claims.give_back(connection, "wrk_1", [ids[1]])
    assert await under_way(shelf) == {ids[2]}
    async with shelf.database.write() as connection:
        assert await workers.release(connection, "wrk_1") == 1
    assert await under_way(shelf) == set()


@pytest.mark.both_databases
async def test_claims_of_all_that_is_claimed_find_nothing(shelf: Shelf):
    await shelf.webhook("wh_1")
    ids = await shelf.deliveries("wh_1", 5)
    async with shelf.database.write() as connection:
        assert sorted(await claim(connection, 3)) == ids[:3]
        [due] = await claims.due_webhooks(connection, datetime.now(UTC))
        assert due.lanes == (Lane.FIRST,)
        assert sorted(await claim(connection, 100, "wrk_2")) == ids[3:]
        assert await claims.due_webhooks(connection, datetime.now(UTC)) == []
        assert await claim(connection, 100) == []


@pytest.mark.usefixtures("postgres")
async def test_a_claim_changes_no_index_of_postgresql(shelf: Shelf):
    await shelf.webhook("wh_1")
    await shelf.deliveries("wh_1", 200)
    changed = "SELECT pg_stat_get_xact_tuples_{}('deliveries'::regclass)"
    async with shelf.database.write() as connection:
        assert len(await claim(connection, 200, "wrk_01KAFX9Q2M5T8V1W3Y5Z7B9D2F")) == 200
        counts = [
            (await connection.exec_driver_sql(changed.format(kind))).scalar_one() for kind in ("updated", "hot_updated")
        ]
    assert counts == [200, 200]


@pytest.mark.usefixtures("postgres")
async def test_postgresql_goes_along_indexes_whatever_it_has_counted(shelf: Shelf):
    await shelf.webhook("wh_1")
    await shelf.deliveries("wh_1", 3_000, status="delivered", run_at=None, finished_at=datetime.now(UTC))
    [first, second, *_] = await shelf.deliveries("wh_1", 300)
    async with shelf.database.write() as connection:
        await claim(connection, 200)
        await connection.exec_driver_sql("ANALYZE deliveries")
        plans = await plans_of(shelf, connection, lambda: claim(connection, 10))
        assert "ix_deliveries_due" in plans[0]
        plans += await plans_of(shelf, connection, lambda: store.finish(connection, [ended(first)], []))
        plans += await plans_of(shelf, connection, lambda: store.finish(connection, [ended(first), ended(second)], []))
        assert all("deliveries_pkey" in plan for plan in plans[1:])
        plans += await plans_of(shelf, connection, lambda: workers.release(connection, "wrk_1"))
        ask, now = Ask("wh_1", Lane.ORDERED, 10), datetime.now(UTC)
        plans += await plans_of(shelf, connection, lambda: claim_ordered(connection, "wrk_1", ask, now, Walk()))
    assert len(plans) == 7
    assert not any("Seq Scan on deliveries" in plan for plan in plans), plans


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("before", ["ANALYZE deliveries", "SELECT 1"], ids=["counted when empty", "never counted"])
async def test_looking_for_what_is_due_reads_no_backlog(shelf: Shelf, before: str):
    await shelf.webhook("wh_1")
    await shelf.deliveries("wh_1", 1_000, status="delivered", run_at=None, finished_at=datetime.now(UTC))
    async with shelf.database.write() as connection:
        await connection.exec_driver_sql(before)
    await shelf.deliveries("wh_1", 2_000)
    read = text("SELECT pg_stat_get_xact_tuples_fetched('deliveries'::regclass)")
    async with shelf.database.read() as connection:
        assert len(await claims.due_webhooks(connection, datetime.now(UTC))) == 1
        assert (await connection.execute(read)).scalar_one() < 50


async def test_what_a_worker_holds_is_found_along_the_queue_on_sqlite(shelf: Shelf):
    async with shelf.database.write() as connection:
        [plan] = await plans_of(shelf, connection, lambda: workers.release(connection, "wrk_1"))
    assert "ix_deliveries_due" in plan
    assert "SCAN deliveries" not in plan


async def under_way(shelf: Shelf) -> set[str]:
    async with shelf.database.read() as connection:
        held = select(deliveries.c.key_under_way).where(deliveries.c.key_under_way.is_not(None))
        return set((await connection.execute(held)).scalars())


async def plans_of(shelf: Shelf, connection: AsyncConnection, job: Callable[[], Awaitable[object]]) -> list[str]:
    """Return how the database runs the statements of a job."""
    ran: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_rest: object) -> None:
        ran.append((sql, values[0] if isinstance(values, list) else values))

    engine = shelf.database.engine.sync_engine
    events.listen(engine, "before_cursor_execute", note)
    await job()
    events.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if shelf.database.is_sqlite else "EXPLAIN"
    rows = [await connection.exec_driver_sql(f"{explain} {sql}", values) for sql, values in ran]
    return ["\n".join(str(row[-1]) for row in plan) for plan in rows]
