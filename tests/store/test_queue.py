"""The queue under several workers at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from rules.health import AttemptResult
from store import claims, health, workers
from store import deliveries as store
from store import webhooks as webhook_store
from store.claims import Ask, Lane
from tests.store.shelf import Shelf

pytestmark = pytest.mark.both_databases

SILENCE = timedelta(seconds=6)


async def claim(
    shelf: Shelf, worker: str, webhook: str, limit: int, meet: Callable[[], Awaitable[object]] | None = None
) -> set[str]:
    """Claim in one transaction; `meet` is awaited before it commits."""
    async with shelf.database.write() as connection:
        rows = await claims.claim(connection, worker, [Ask(webhook, Lane.FIRST, limit)], datetime.now(UTC))
        if meet is not None:
            await meet()
    return {row.id for row in rows}


async def test_two_workers_that_claim_at_once_get_different_deliveries(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    every = set(await shelf.deliveries(webhook, 30))
    barrier = asyncio.Barrier(2)
    meet = None if shelf.database.is_sqlite else barrier.wait  # on SQLite, the second begins when the first has ended
    async with asyncio.timeout(10):
        one, two = await asyncio.gather(*(claim(shelf, f"wrk_{n}", webhook, 10, meet) for n in (1, 2)))
    assert (len(one), len(two), len(one | two)) == (10, 10, 20)
    assert await claim(shelf, "wrk_3", webhook, 100) == every - one - two
    assert await shelf.where(lambda row: row["worker_id"] == "wrk_1") == one


async def test_many_workers_share_a_queue_without_overlap(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    every = await shelf.deliveries(webhook, 200)

    async def work(worker: str) -> list[str]:
        mine: list[str] = []
        while batch := await claim(shelf, worker, webhook, 7):
            mine += batch
        return mine

    taken = await asyncio.gather(*(work(f"wrk_{n}") for n in range(5)))
    everything = sorted(id_ for mine in taken for id_ in mine)
    assert everything == sorted(set(everything)), "none is claimed twice"
    rest = await claim(shelf, "wrk_last", webhook, 1000)  # what was locked when the others looked
    assert sorted([*everything, *rest]) == sorted(every)


async def test_only_the_claims_of_silent_workers_are_given_back(shelf: Shelf):
    webhook, now = await shelf.webhook("wh_1"), datetime.now(UTC)
    await shelf.deliveries(webhook, 20)
    async with shelf.database.write() as connection:
        for worker in ("wrk_live", "wrk_gone"):
            await workers.beat(connection, worker, now)
    live, gone = await claim(shelf, "wrk_live", webhook, 8), await claim(shelf, "wrk_gone", webhook, 8)
    await age(shelf, "wrk_gone", 7)
    recovered = await asyncio.gather(*(recover(shelf) for _ in range(3)))
    assert sorted(recovered) == [0, 0, 8]
    assert await shelf.where(lambda row: row["worker_id"] is not None) == live
    assert await claim(shelf, "wrk_live", webhook, 100) >= gone


async def test_claims_of_workers_that_nobody_knows_are_found(shelf: Shelf):
    webhook, other = await shelf.webhook("wh_1"), await shelf.webhook("wh_2")
    await shelf.deliveries(webhook, 5)
    await shelf.deliveries(other, 3)
    async with shelf.database.write() as connection:
        await workers.beat(connection, "wrk_known", datetime.now(UTC))
    await claim(shelf, "wrk_known", webhook, 5)
    forgotten = await claim(shelf, "wrk_forgotten", other, 2)
    async with shelf.database.write() as connection:
        assert await workers.has_orphans(connection)
        assert await workers.release_orphans(connection) == 2
        assert not await workers.has_orphans(connection)
    assert await claim(shelf, "wrk_known", other, 5) >= forgotten


async def age(shelf: Shelf, worker: str, seconds: int) -> None:
    """Make a worker's last heartbeat older."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    statement = workers.workers.update().where(workers.workers.c.id == worker).values(heartbeat_at=moment)
    async with shelf.database.write() as connection:
        await connection.execute(statement)


async def recover(shelf: Shelf) -> int:
    async with shelf.database.write() as connection:
        return await workers.recover(connection, datetime.now(UTC), SILENCE)


async def test_newest_heartbeat_is_the_youngest(shelf: Shelf):
    async with shelf.database.write() as connection:
        assert await workers.newest_heartbeat(connection) is None
        for worker in ("wrk_1", "wrk_2"):
            await workers.beat(connection, worker, datetime.now(UTC))
    await age(shelf, "wrk_1", 60)
    async with shelf.database.read() as connection:
        beat = await workers.newest_heartbeat(connection)
    assert beat is not None
    assert timedelta(0) <= datetime.now(UTC) - beat < timedelta(seconds=30)


async def test_parking_leaves_what_is_under_way_and_unparking_brings_the_rest_back(shelf: Shelf):
    webhook, other = await shelf.webhook("wh_1"), await shelf.webhook("wh_2")
    await shelf.deliveries(webhook, 10)
    elsewhere = set(await shelf.deliveries(other, 3))
    held = await claim(shelf, "wrk_1", webhook, 4)
    async with shelf.database.write() as connection:
        await store.park(connection, webhook)
    assert await shelf.where(lambda row: row["run_at"] is not None) == held | elsewhere
    async with shelf.database.read() as connection:
        assert [due.id for due in await claims.due_webhooks(connection, datetime.now(UTC))] == [other]
    async with shelf.database.write() as connection:
        await store.unpark(connection, webhook, datetime.now(UTC))
    assert len(await claim(shelf, "wrk_2", webhook, 100)) == 6


async def test_what_a_disabled_webhooks_worker_gives_back_waits_parked(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    await shelf.deliveries(webhook, 5)
    held = await claim(shelf, "wrk_1", webhook, 5)
    async with shelf.database.write() as connection:
        await webhook_store.set_values(connection, webhook, {"enabled": False})
        await store.park(connection, webhook)
        await workers.release(connection, "wrk_1")
    assert await shelf.where(lambda row: row["run_at"] is None and row["worker_id"] is None) == held


async def test_two_workers_fold_into_the_same_webhooks_without_deadlock(shelf: Shelf):
    hooks = [await shelf.webhook(f"wh_{n}") for n in range(4)]
    result = AttemptResult("delivered", 5, datetime.now(UTC))

    async def fold(order: list[str]) -> None:
        for _ in range(25):
            async with shelf.database.write() as connection:
                await claims.lock(connection, order)
                for webhook in order:
                    await health.fold(connection, {webhook: [result]})

    async with asyncio.timeout(30):
        await asyncio.gather(fold(hooks), fold(hooks[::-1]), fold(hooks[1:]))
    async with shelf.database.read() as connection:
        totals = [row["total"] for row in await webhook_store.by_ids(connection, hooks)]
    assert sorted(totals) == [50, 75, 75, 75]


async def test_a_result_is_not_written_over_a_claim_that_was_given_to_another(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    await shelf.deliveries(webhook, 1)
    [delivery] = await claim(shelf, "wrk_slow", webhook, 1)
    async with shelf.database.write() as connection:
        await workers.release(connection, "wrk_slow")
    assert await claim(shelf, "wrk_new", webhook, 1) == {delivery}
    late: dict[str, object] = dict.fromkeys(("again_at", "code", "message", "named"))
    late |= {"finished_id": delivery, "by": "wrk_slow", "new_status": "failed", "made": 1, "used": 1, "next_lane": 0}
    late["ended_at"] = datetime.now(UTC)
    async with shelf.database.write() as connection:
        await store.finish(connection, [late], [])
    assert await shelf.where(lambda row: row["worker_id"] == "wrk_new" and row["status"] == "pending") == {delivery}


async def test_events_that_are_sent_twice_at_once_are_stored_once_in_whatever_order(shelf: Shelf):
    now = datetime.now(UTC)
    event = {"workspace_id": "ws_1", "type": "a", "payload": "{}", "occurred_at": now, "created_at": now}
    ids = [f"evt_{n}" for n in range(300)]

    async def send(seed: int) -> set[str]:
        order = Random(seed).sample(ids, len(ids))
        async with shelf.database.write() as connection:
            return await store.add_events(connection, [{"id": id_, **event} for id_ in order])

    async with asyncio.timeout(30):
        made = await asyncio.gather(*(send(seed) for seed in range(6)))
    assert sorted(id_ for new in made for id_ in new) == sorted(ids)
