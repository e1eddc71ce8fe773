"""Transactions of PostgreSQL that meet half-way. On SQLite, which lets one write at a time, they cannot."""

import asyncio
from datetime import UTC, datetime

import pytest

from server.auth import Gatekeeper
from store import access, claims, workers
from store import deliveries as store
from store import webhooks as webhook_store
from store.migrate import migrate
from store.session import Database
from tests import databases
from tests.serving import until
from tests.store.shelf import Shelf, waiting

pytestmark = pytest.mark.usefixtures("postgres")


async def test_a_release_waits_for_a_webhook_that_is_being_enabled(shelf: Shelf):
    webhook = await shelf.webhook("wh_1", enabled=False)
    [delivery] = await shelf.deliveries(webhook, 1, worker_id="wrk_gone")

    async def release() -> None:
        async with shelf.database.write() as connection:
            await workers.release(connection, "wrk_gone")

    async with shelf.database.write() as enabling:
        await webhook_store.get(enabling, "ws_1", webhook, for_update=True)
        await webhook_store.set_values(enabling, webhook, {"enabled": True})
        await store.unpark(enabling, webhook, datetime.now(UTC))
        releasing = asyncio.create_task(release())
        await until(lambda: waiting(shelf.database))
    await releasing
    assert await shelf.where(lambda row: row["run_at"] is not None and row["worker_id"] is None) == {delivery}


async def test_a_replay_passes_over_what_another_replay_has_sent_meanwhile(shelf: Shelf):
    webhook, now = await shelf.webhook("wh_1"), datetime.now(UTC)
    ids = await shelf.deliveries(webhook, 5, status="failed", run_at=None, finished_at=now)
    both = ("failed", "delivered")
    async with shelf.database.write() as slow:
        started = datetime.now(UTC)
        chosen = await store.ids_to_replay(slow, "ws_1", {}, both, 100)
        async with shelf.database.write() as quick:
            assert await store.retry(quick, ids, datetime.now(UTC), both) == 5
        async with shelf.database.write() as worker:
            sent = store.deliveries.update().where(store.deliveries.c.id.in_(ids[:3]))
            await worker.execute(sent.values(status="delivered", run_at=None, finished_at=datetime.now(UTC)))
        assert chosen == ids
        assert await store.retry(slow, chosen, started, both) == 0
    assert await shelf.where(lambda row: row["status"] == "delivered") == set(ids[:3])


async def test_a_claim_does_not_wait_for_another_that_is_not_committed(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    await shelf.deliveries(webhook, 4)
    now = datetime.now(UTC)
    async with shelf.database.write() as one, shelf.database.write() as two, asyncio.timeout(5):
        first = await claims.claim(one, "wrk_1", [claims.Ask(webhook, claims.Lane.FIRST, 4)], now)
        assert len(first) == 4
        assert await claims.claim(two, "wrk_2", [claims.Ask(webhook, claims.Lane.FIRST, 4)], now) == []


async def test_giving_back_waits_for_a_claim_whose_commit_is_still_under_way(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    ids, now = await shelf.deliveries(webhook, 4), datetime.now(UTC)

    async def give_back() -> None:
        async with shelf.database.write() as connection:
            await claims.give_back(connection, "wrk_1", ids)

    async with shelf.database.write() as unanswered:
        await claims.claim(unanswered, "wrk_1", [claims.Ask(webhook, claims.Lane.FIRST, 4)], now)
        giving = asyncio.create_task(give_back())
        await until(lambda: waiting(shelf.database))
    await giving
    assert await shelf.where(lambda row: row["worker_id"] is None) == set(ids)


async def test_processes_that_start_at_once_on_an_empty_database_agree_on_its_schema_and_workspace():
    url = databases.cluster().create_empty()

    async def start() -> str:
        database = Database(url)
        try:
            await migrate(database)
            return await Gatekeeper(database).default_workspace("hwk_a_key_that_is_pinned")
        finally:
            await database.close()

    try:
        assert len(set(await asyncio.gather(*(start() for _ in range(4))))) == 1
        database = Database(url)
        async with database.read() as connection:
            assert len(await access.keys(connection)) == 1
        await database.close()
    finally:
        databases.cluster().drop(url)
