"""The circuit breaker at work: what it parks, what it lets through, and who else is affected."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from server.receiver import Receiver
from tests.serving import Api, until
from tests.webhooks.rows import delivery_rows, set_webhook, webhook_row
from webhooks.wakeup import Wakeup
from webhooks.worker import Worker

pytestmark = pytest.mark.both_databases
QUICK = {"max_retries": 3, "schedule": [0.5, 0.5, 0.5]}
MOST_UNDER_WAY = 16


@asynccontextmanager
async def workers(api: Api, count: int) -> AsyncIterator[None]:
    """Run more workers beside the server's own."""
    platform = api.platform
    more = [Worker(platform.database, platform.columns, platform.egress, Wakeup()) for _ in range(count)]
    tasks = [asyncio.create_task(worker.run()) for worker in more]
    try:
        yield
    finally:
        for worker in more:
            worker.stop()
        await asyncio.gather(*tasks)


async def events(api: Api, count: int) -> None:
    await api.post("/v1/events", [{"type": "purchase", "payload": {"n": n}} for n in range(count)])


async def parked(api: Api, webhook_id: str) -> dict:
    async def opened() -> dict | None:
        row = await webhook_row(api, webhook_id)
        held = [one for one in await delivery_rows(api, webhook_id) if one["worker_id"]]
        return row if row["breaker_until"] is not None and not held else None

    return await until(opened)


async def test_ten_failures_park_the_endpoint_and_what_waits_spends_nothing(
    api: Api, receiver: Receiver, endpoint: str
):
    other = Receiver()
    receiver.status = 500
    webhook = await api.webhook(endpoint, retry=QUICK)
    async with other.serve() as healthy:
        await api.webhook(healthy, name="healthy")
        await events(api, 200)
        row = await parked(api, webhook["id"])
        await other.wait_for(200)
    assert row["breaker_trips"] == 1
    assert 10 <= len(receiver.received) <= 10 + 2 * MOST_UNDER_WAY
    waiting = [one for one in await delivery_rows(api, webhook["id"]) if not one["attempts"]]
    assert len(waiting) == 200 - len(receiver.received)
    assert all(one["retries_used"] == 0 and one["run_at"] and not one["worker_id"] for one in waiting)


async def test_half_open_lets_one_through_and_its_success_lets_all_through(api: Api, receiver: Receiver, endpoint: str):
    receiver.status = 500
    webhook = await api.webhook(endpoint, retry=QUICK)
    async with workers(api, 2):
        await events(api, 100)
        await parked(api, webhook["id"])
        before = len(receiver.received)
        await set_webhook(api, webhook["id"], breaker_until=datetime.now(UTC) - timedelta(seconds=1))

        async def tripped() -> dict | None:
            row = await webhook_row(api, webhook["id"])
            return row if row["breaker_trips"] == 2 else None

        row = await until(tripped)
        assert len(receiver.received) == before + 1
        assert row["breaker_until"] - datetime.now(UTC) > timedelta(seconds=40)
        receiver.status = 200
        await set_webhook(api, webhook["id"], breaker_until=datetime.now(UTC) - timedelta(seconds=1))
        await api.deliveries(100, "delivered")
    row = await webhook_row(api, webhook["id"])
    assert (row["breaker_until"], row["breaker_trips"]) == (None, 0)


async def test_a_retry_that_a_person_asks_for_tries_a_parked_endpoint_at_once(
    api: Api, receiver: Receiver, endpoint: str
):
    receiver.status = 500
    webhook = await api.webhook(endpoint, retry={"max_retries": 0})
    await events(api, 40)
    await parked(api, webhook["id"])
    receiver.status = 200
    failed = [one for one in await delivery_rows(api, webhook["id"]) if one["status"] == "failed"]
    await api.post(f"/v1/deliveries/{failed[0]['id']}/retry")
    await api.deliveries(40 - len(failed) + 1, "delivered")


async def test_switched_off_it_parks_nothing(api: Api, receiver: Receiver, endpoint: str):
    receiver.status = 500
    webhook = await api.webhook(endpoint, retry={"max_retries": 0})
    await set_webhook(api, webhook["id"], breaker={"consecutive_failures": 0})
    await events(api, 60)
    await api.deliveries(60, "failed")
    assert (await webhook_row(api, webhook["id"]))["breaker_until"] is None
