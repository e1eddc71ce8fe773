"""A clock that was set back leaves nothing waiting for the old time to come again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from store import clock_step, workers
from store.tables import Webhook
from tests.store.shelf import Shelf

webhooks = Webhook.__table__  # type: ignore[attr-defined]

SILENCE = timedelta(seconds=6)
HOURS = timedelta(hours=3)


async def follow(shelf: Shelf, now: datetime) -> timedelta | None:
    async with shelf.database.write() as connection:
        return await clock_step.follow(connection, now)


async def beat_and_recover(shelf: Shelf, worker: str, now: datetime) -> int:
    async with shelf.database.write() as connection:
        await workers.beat(connection, worker, now)
        return await workers.recover(connection, now, SILENCE)


async def test_what_waits_on_sqlite_moves_with_the_clock(shelf: Shelf) -> None:
    now = datetime.now(UTC)
    await shelf.webhook("wh_1", breaker_until=now + timedelta(minutes=1))
    [due] = await shelf.deliveries("wh_1", 1, run_at=now - timedelta(minutes=1))
    [later] = await shelf.deliveries("wh_1", 1, run_at=now + timedelta(minutes=1))
    await beat_and_recover(shelf, "wrk_1", now)
    assert await follow(shelf, now + timedelta(seconds=2)) is None
    assert await follow(shelf, now - HOURS) == HOURS
    assert await shelf.where(lambda row: row["run_at"] <= now - HOURS) == {due}
    assert await shelf.where(
        lambda row: row["id"] == later and _near(row["run_at"], now - HOURS + timedelta(minutes=1))
    )
    async with shelf.database.read() as connection:
        until = (await connection.execute(select(webhooks.c.breaker_until))).scalar_one()
    assert _near(until, now - HOURS + timedelta(minutes=1))
    assert await follow(shelf, now - HOURS + timedelta(seconds=2)) is None


async def test_a_worker_that_died_before_the_step_is_found_by_its_silence(shelf: Shelf) -> None:
    now = datetime.now(UTC)
    await shelf.webhook("wh_1")
    [held] = await shelf.deliveries("wh_1", 1, worker_id="wrk_dead")
    await beat_and_recover(shelf, "wrk_dead", now)
    assert await follow(shelf, now - HOURS) == HOURS
    assert await beat_and_recover(shelf, "wrk_new", now - HOURS) == 0, "it may be alive: its next beat would tell"
    assert await beat_and_recover(shelf, "wrk_new", now - HOURS + SILENCE * 2) == 1
    assert await shelf.where(lambda row: row["worker_id"] is None) == {held}


@pytest.mark.usefixtures("postgres")
async def test_on_postgresql_heartbeats_alone_are_set_right(shelf: Shelf) -> None:
    now = datetime.now(UTC)
    await shelf.webhook("wh_1")
    [later] = await shelf.deliveries("wh_1", 1, run_at=now + HOURS)
    await beat_and_recover(shelf, "wrk_1", now)
    assert await follow(shelf, now - HOURS) is None, "its clock is the database's"
    async with shelf.database.write() as connection:
        await connection.execute(update(workers.workers).values(heartbeat_at=now + HOURS))
    step = await follow(shelf, now)
    assert step is not None
    assert HOURS - timedelta(minutes=1) < step <= HOURS
    assert await follow(shelf, now) is None
    assert await shelf.where(lambda row: row["run_at"] == now + HOURS) == {later}


def _near(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < timedelta(milliseconds=2)
