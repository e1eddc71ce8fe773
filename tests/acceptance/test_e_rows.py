"""The portal, rows E04, E05, E08 and E09: tests, secrets and their rotation, sending again, named failures."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from server.receiver import Received
from tests.acceptance.talk import Talk
from tests.faultlab import FaultLab, certificates
from tests.serving import Api, Receiver, serving

pytestmark = pytest.mark.both_databases

ONCE = {"max_retries": 0}
HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def verifies(received: Received, secret: str) -> bool:
    try:
        standardwebhooks.Webhook(secret).verify(received.body, received.headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize("kind", ["contact_center", "event_stream", "interviewer", "funnel"])
async def test_e04_a_test_of_every_subscribed_type_shows_result_code_and_error(
    api: Api, receiver: Receiver, endpoint: str, kind: str
):
    types = [item["name"] for item in (await api.get("/v1/event-types", kind=kind))["items"]]
    perspective = await api.perspective(kind)
    chosen = {"event_filter": {"events": types}, "profile": "standard"}
    webhook = await api.webhook(endpoint, perspective_id=perspective, **chosen)
    for name in types:
        tested = await api.post(f"/v1/webhooks/{webhook['id']}/test", {"event_type": name})
        assert (tested["ok"], tested["status_code"], tested["error"]) == (True, 200, None)
        assert tested["duration_ms"] >= 0
        body = receiver.received[-1].json
        assert (body["type"], body["test"]) == (name, True)
        assert verifies(receiver.received[-1], webhook["secret"])
    receiver.status = 418
    tested = await api.post(f"/v1/webhooks/{webhook['id']}/test", {})
    assert (tested["ok"], tested["status_code"], tested["error"]) == (False, 418, "HTTP 418")
    assert tested["response_body"] == '{"error": "this receiver was told to answer 418"}'


async def test_e04_a_test_of_a_named_type_by_talking(api: Api, receiver: Receiver, endpoint: str):
    perspective = await api.perspective("contact_center")
    await api.webhook(endpoint, perspective_id=perspective)
    talk = Talk(api, perspective)
    assert "HTTP 200" in await talk.say("send a test call.failed event")
    assert receiver.received[0].json["type"] == "call.failed"
    receiver.status = 500
    assert "HTTP 500" in await talk.say("test it again")


async def test_e05_a_generated_secret_is_shown_once(api: Api):
    created = await api.webhook("http://127.0.0.1:9/")
    assert created["secret"].startswith("whsec_")
    path = f"/v1/webhooks/{created['id']}"
    later = [await api.get(path), await api.get("/v1/webhooks"), await api.get("/v1/changes")]
    later += [await api.patch(path, {"name": "Other"}), await api.get(f"{path}/diagnosis", probe=False)]
    assert "whsec_" not in str(later)
    assert later[0]["has_secret"] is True


async def test_e05_rotation_with_overlap_lets_both_secrets_verify(api: Api, receiver: Receiver, endpoint: str):
    created = await api.webhook(endpoint)
    path = f"/v1/webhooks/{created['id']}"
    rotated = await api.post(f"{path}/rotate-secret", {"overlap_seconds": 3600})
    assert rotated["secret"] != created["secret"]
    await api.event()
    received = await receiver.wait_for(1)
    assert verifies(received, created["secret"])
    assert verifies(received, rotated["secret"])
    assert len(received.headers["webhook-signature"].split()) == 2
    assert "whsec_" not in str([await api.get(path), await api.get("/v1/changes")])


async def test_e05_rotation_without_overlap_ends_the_old_secret_at_once(api: Api, receiver: Receiver, endpoint: str):
    created = await api.webhook(endpoint)
    path = f"/v1/webhooks/{created['id']}/rotate-secret"
    kept = await api.post(path, {})
    last = await api.post(path, {"overlap_seconds": 0})
    await api.event()
    received = await receiver.wait_for(1)
    verdicts = [verifies(received, secret) for secret in (created["secret"], kept["secret"], last["secret"])]
    assert verdicts == [False, False, True]


async def test_e05_the_old_secret_ends_when_the_overlap_does(api: Api, receiver: Receiver, endpoint: str):
    created = await api.webhook(endpoint)
    rotated = await api.post(f"/v1/webhooks/{created['id']}/rotate-secret", {"overlap_seconds": 1})
    end = datetime.now(UTC) + timedelta(seconds=1)
    while True:
        await api.event()
        received = await receiver.wait_for(len(receiver.received) + 1)
        assert verifies(received, rotated["secret"])
        if not verifies(received, created["secret"]):
            break
        assert datetime.now(UTC) < end + timedelta(seconds=5)
    assert datetime.now(UTC) >= end


async def test_e08_one_delivery_is_retried_by_hand(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=ONCE)
    receiver.status = 500
    await api.event(id="order-1")
    [delivery] = await api.deliveries(1, "failed")
    receiver.status = 200
    again = await api.post(f"/v1/deliveries/{delivery['id']}/retry")
    assert again["status"] == "pending"
    [delivered] = await api.deliveries(1, "delivered")
    assert delivered["id"] == delivery["id"]
    assert [attempt["number"] for attempt in delivered["attempts"]] == [1, 2]
    assert receiver.received[0].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["state"] == "healthy"


async def test_e08_a_retry_by_hand_restores_the_retries(api: Api, receiver: Receiver, endpoint: str):
    await api.webhook(endpoint, retry={"schedule": [0.1], "jitter": 0})
    receiver.status = 500
    await api.event()
    [delivery] = await api.deliveries(1, "failed")
    await api.post(f"/v1/deliveries/{delivery['id']}/retry")
    await receiver.wait_for(4)
    [delivery] = await api.deliveries(1, "failed")
    assert [attempt["status"] for attempt in delivery["attempts"]] == ["retrying", "failed"] * 2


async def failed_three(api: Api, receiver: Receiver, endpoint: str) -> str:
    """Make a webhook with one delivered and three failed deliveries, two of them purchases."""
    webhook = await api.webhook(endpoint, retry=ONCE)
    await api.event("purchase", id="good")
    await api.deliveries(1, "delivered")
    receiver.status = 500
    for name in ("purchase", "track", "purchase"):
        await api.event(name)
    await api.deliveries(3, "failed")
    receiver.status = 200
    receiver.received = []
    return webhook["id"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [({}, 3), ({"event_type": "purchase"}, 2), ({"status": "all"}, 4), ({"until": HOUR_AGO[:10] + "T00:00:00Z"}, 0)],
)
async def test_e08_a_time_range_is_replayed(
    api: Api, receiver: Receiver, endpoint: str, wanted: dict[str, Any], count: int
):
    webhook_id = await failed_three(api, receiver, endpoint)
    since = "2020-01-01T00:00:00Z"
    assert await api.post(f"/v1/webhooks/{webhook_id}/replay", {"since": since, **wanted}) == {"count": count}
    if count:
        await receiver.wait_for(count)
    assert len(await api.deliveries(min(4, 1 + count), "delivered")) == min(4, 1 + count)
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert await api.post(f"/v1/webhooks/{webhook_id}/replay", {"since": later}) == {"count": 0}


async def test_e08_retry_and_replay_by_talking(api: Api, receiver: Receiver, endpoint: str):
    await failed_three(api, receiver, endpoint)
    talk = Talk(api)
    await talk.say("retry the last failed delivery")
    await api.deliveries(2, "delivered")
    await talk.say("replay everything that failed in the last hour")
    assert talk.asked["kind"] == "approval"
    assert "2 finished" in str(talk.asked["diff"])
    await talk.answer(approved=True)
    await api.deliveries(4, "delivered")
    assert len(receiver.received) == 3


async def test_e08_a_delivery_under_way_or_of_a_disabled_webhook_is_not_sent_again(
    api: Api, receiver: Receiver, endpoint: str
):
    webhook = await api.webhook(endpoint, retry=ONCE)
    receiver.status = 500
    await api.event()
    [delivery] = await api.deliveries(1, "failed")
    await api.patch(f"/v1/webhooks/{webhook['id']}", {"enabled": False})
    for path, body in (
        (f"/v1/deliveries/{delivery['id']}/retry", {}),
        (f"/v1/webhooks/{webhook['id']}/replay", {"since": HOUR_AGO}),
    ):
        answer = await api.client.post(path, json=body)
        assert answer.status_code == 409
        assert "is disabled" in answer.json()["detail"]
    assert len(receiver.received) == 1


Where = Callable[[FaultLab], Awaitable[str]]
CAUSES: dict[str, tuple[Where, str, str]] = {
    "unavailable": (FaultLab.refused, "connection_refused", "Nothing accepts connections"),
    "dropped": (FaultLab.reset, "connection_reset", "connection"),
    "timeout": (FaultLab.never_answers, "response_timeout", "within 1 s"),
    "invalid response": (lambda lab: lab.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "invalid_response", "HTTP"),
    "TLS problem": (lambda lab: lab.status(200, tls=certificates.ending_in(-1)), "tls_expired", "certificate"),
    "payload rejected": (lambda lab: lab.status(422), "bad_request", "HTTP 422"),
    "too large": (lambda lab: lab.status(413), "payload_too_large", "HTTP 413"),
}


async def test_e09_failure_causes_are_named(tmp_path: Path, lab: FaultLab):
    authority = certificates.write_authority(tmp_path)
    async with serving(tmp_path / "home", egress_ca_file=authority) as api:
        names = {
            (await api.webhook(await where(lab), name=name, retry=ONCE, timeout_ms=1000))["id"]: name
            for name, (where, _, _) in CAUSES.items()
        }
        await api.event()
        for delivery in await api.deliveries(len(CAUSES), "failed"):
            _, cause, words = CAUSES[names[delivery["webhook_id"]]]
            assert (delivery["cause"], delivery["attempts"][0]["cause"]) == (cause, cause)
            assert words in delivery["error"]
            webhook = await api.get(f"/v1/webhooks/{delivery['webhook_id']}")
            assert webhook["health"]["last_cause"] == cause
            assert webhook["health"]["last_error"] == delivery["error"]
