"""Deliveries of webhooks that are disabled and enabled while they are under way, and replays that overlap."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from server.receiver import Receiver
from tests.serving import Api, until

pytestmark = pytest.mark.both_databases

RETRY = {"schedule": [0.1, 0.1], "jitter": 0}


async def in_flight(api: Api, receiver: Receiver, endpoint: str) -> str:
    """Have one delivery wait for an answer that will be a 500; returns its webhook's path."""
    webhook = await api.webhook(endpoint, retry=RETRY)
    receiver.status, receiver.delay_seconds = 500, 0.7
    await api.event()
    await receiver.wait_for(1)
    receiver.status, receiver.delay_seconds = 200, 0
    return f"/v1/webhooks/{webhook['id']}"


async def test_disabled_and_enabled_during_an_attempt_the_delivery_is_retried(
    api: Api, receiver: Receiver, endpoint: str
):
    path = await in_flight(api, receiver, endpoint)
    await api.patch(path, {"enabled": False})
    await api.patch(path, {"enabled": True})
    [delivery] = await api.deliveries(1, "delivered")
    assert len(delivery["attempts"]) == 2


async def test_an_attempt_that_ends_while_its_webhook_is_disabled_is_retried_once_it_is_enabled(
    api: Api, receiver: Receiver, endpoint: str
):
    path = await in_flight(api, receiver, endpoint)
    await api.patch(path, {"enabled": False})
    [delivery] = await api.deliveries(1, "retrying")
    assert delivery["next_attempt_at"] is None
    await asyncio.sleep(0.5)  # the retry would have been due by now
    assert len(receiver.received) == 1
    await api.patch(path, {"enabled": True})
    await api.deliveries(1, "delivered")


async def test_enabling_and_disabling_all_the_time_strands_nothing(api: Api, receiver: Receiver, endpoint: str):
    path = f"/v1/webhooks/{(await api.webhook(endpoint))['id']}"

    async def send() -> None:
        for _ in range(20):
            await api.event()

    async def toggle() -> None:
        for n in range(20):
            await api.patch(path, {"enabled": bool(n % 2)})
            await api.patch(path, {"enabled": True})

    async with asyncio.timeout(60):
        await asyncio.gather(send(), toggle())
    accepted = (await api.get("/v1/deliveries"))["total"]
    await api.deliveries(accepted, "delivered")
    assert len(receiver.received) == accepted


async def test_replays_that_overlap_send_each_delivery_once(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry={"max_retries": 0})
    receiver.status = 500
    count = 8  # fewer than open the circuit breaker
    await api.post("/v1/events", [{"type": "purchase", "payload": {}, "id": f"evt_{n}"} for n in range(count)])
    await api.deliveries(count, "failed")
    receiver.status, receiver.received = 200, []
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    path = f"/v1/webhooks/{webhook['id']}/replay"
    answers = await asyncio.gather(*(api.post(path, {"since": since, "status": "failed"}) for _ in range(6)))
    await api.deliveries(count, "delivered")
    assert sum(next(iter(answer.values())) for answer in answers) == count, answers

    async def quiet() -> bool | None:
        total = (await api.get("/v1/deliveries", status="pending"))["total"]
        return True if total == 0 else None

    await until(quiet)
    ids = [received.headers["webhook-id"] for received in receiver.received]
    assert sorted(ids) == sorted(f"evt_{n}" for n in range(count))
