"""Row X06: a parked endpoint is tried at once when a test passes, or what may have been wrong is corrected."""

from typing import Any

import pytest

from tests.serving import Api, Receiver

pytestmark = pytest.mark.both_databases

BREAKER = {"consecutive_failures": 1, "cool_down_seconds": 3_600}
RETRY = {"strategy": "schedule", "schedule": [1], "max_retries": 1}


async def parked(api: Api, receiver: Receiver, endpoint: str) -> str:
    webhook = await api.webhook(endpoint, circuit_breaker=BREAKER, retry=RETRY)
    receiver.status = 500
    await api.event()
    await api.webhook_until(webhook["id"], lambda found: found["breaker_state"] == "open")
    receiver.status = 200
    return str(webhook["id"])


@pytest.mark.parametrize("remedy", ["test", "url"])
async def test_x06_a_remedy_ends_the_wait(api: Api, receiver: Receiver, endpoint: str, remedy: str):
    webhook = await parked(api, receiver, endpoint)
    if remedy == "test":
        assert (await api.post(f"/v1/webhooks/{webhook}/test", {"mode": "delivery"}))["ok"]
    else:
        await api.patch(f"/v1/webhooks/{webhook}", {"url": f"{endpoint}/new"})
    [delivery] = await api.deliveries(1, status="delivered")
    assert len(delivery["attempts"]) == 2
    found: dict[str, Any] = await api.get(f"/v1/webhooks/{webhook}")
    assert found["breaker_state"] == "closed"
