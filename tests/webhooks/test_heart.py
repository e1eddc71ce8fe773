"""Signs of life, and what is done about those who give none."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from server.receiver import Receiver
from store import workers as store
from store.claims import Ask, Lane, claim
from tests.serving import Api, serving, until
from tests.webhooks.rows import delivery_rows, set_deliveries
from webhooks import heart
from webhooks.limits import LANES, Limits
from webhooks.worker import Worker


@pytest.mark.both_databases
async def test_what_a_worker_that_nobody_knows_has_claimed_is_delivered(
    tmp_path: Path, receiver: Receiver, endpoint: str
):
    async with serving(tmp_path / "home", with_worker=False) as api:
        webhook = await api.webhook(endpoint)
        await api.event()
        await set_deliveries(api, webhook["id"], worker_id="wrk_forgotten")
    async with serving(tmp_path / "home") as api:
        await api.deliveries(1, "delivered")
        [row] = await delivery_rows(api, webhook["id"])
    assert (len(receiver.received), row["worker_id"]) == (1, None)


@pytest.mark.usefixtures("postgres")
async def test_a_worker_goes_on_beating_while_it_looks_for_what_a_dead_one_has_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    looking, found = asyncio.Event(), asyncio.Event()

    async def look_for_long(*_: object, **__: object) -> int:
        looking.set()
        await found.wait()
        return 0

    monkeypatch.setattr(heart, "HEARTBEAT", timedelta(seconds=0.05))
    monkeypatch.setattr(store, "recover", look_for_long)
    async with serving(tmp_path / "home") as api:
        await add_dead(api)
        await asyncio.wait_for(looking.wait(), 15)
        before = await newest_beat(api)

        async def later() -> bool | None:
            return True if await newest_beat(api) > before else None

        await until(later)
        found.set()


@pytest.mark.both_databases
async def test_a_worker_that_was_silent_sends_nothing_of_what_others_may_have_taken(
    tmp_path: Path, receiver: Receiver, endpoint: str
):
    receiver.delay_seconds = 0.2
    async with serving(tmp_path / "home", with_worker=False) as api:
        platform = api.platform
        webhook = await api.webhook(endpoint)
        await api.post("/v1/events", [{"type": "purchase", "payload": {}}] * 300)
        worker = Worker(platform.database, platform.columns, platform.egress, platform.wakeup)
        running = asyncio.create_task(worker.run())
        await receiver.wait_for(100)
        worker._heart._beat_at -= 60  # noqa: SLF001 - as if the process had been stopped for a minute
        async with platform.database.write() as connection:
            await store.release(connection, worker.id)
            asks = [Ask(webhook["id"], lane, 300) for lane in (Lane.FIRST, Lane.RETRY)]
            taken = {row.event_id for row in await claim(connection, "wrk_other", asks, datetime.now(UTC))}
        under_way = len(receiver.received) + LANES
        await asyncio.sleep(1)
        worker.stop()
        await running
        rows = await delivery_rows(api, webhook["id"])
    assert len(taken) > 100
    assert {row["event_id"] for row in rows if row["worker_id"] == "wrk_other"} == taken
    assert len(receiver.received) <= under_way


async def test_a_worker_that_was_silent_judges_nobody_before_all_could_be_heard(tmp_path: Path):
    async with serving(tmp_path / "home", with_worker=False) as api:
        one = heart.Heart("wrk_1", api.platform.database, Limits(16, 16), api.platform.wakeup)
        await add_dead(api)
        one._beat_at -= 60  # noqa: SLF001 - as if the process had been stopped for a minute
        assert one.has_lapsed
        await one.resume()
        assert not one.has_lapsed
        await one._recover()  # noqa: SLF001
        assert await known(api) == {"wrk_1", "wrk_dead"}
        one._judges_from = 0  # noqa: SLF001 - some seconds later
        await one._recover()  # noqa: SLF001
        assert await known(api) == {"wrk_1"}


async def add_dead(api: Api) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    dead = {"id": "wrk_dead", "started_at": long_ago, "heartbeat_at": long_ago}
    async with api.platform.database.write() as connection:
        await connection.execute(insert(store.workers).values(dead))


async def known(api: Api) -> set[str]:
    async with api.platform.database.read() as connection:
        return set((await connection.execute(select(store.workers.c.id))).scalars())


async def newest_beat(api: Api) -> datetime:
    async with api.platform.database.read() as connection:
        beats = await connection.execute(select(store.workers.c.heartbeat_at))
        return max(beats.scalars())
