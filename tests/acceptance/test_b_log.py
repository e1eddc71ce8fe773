"""Event-stream webhooks, rows B07 to B10: retries, statistics, the log, the dry run."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.talk import Talk
from tests.faultlab import FaultLab
from tests.serving import Api, Receiver, serving

pytestmark = pytest.mark.both_databases

FIELDS = {
    *("number", "event_id", "event_type", "status", "status_code", "duration_ms", "error", "cause"),
    *("attempted_at", "delivered_at", "request_headers", "response_headers", "response_body"),
}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_b07_the_first_retry_of_the_defaults_is_due_after_2_seconds(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, profile="perspection")
    policy = {"max_retries": 3, "strategy": "exponential", "base_seconds": 2.0, "retry_4xx": True}
    assert policy.items() <= webhook["retry"].items()
    receiver.status = 404
    await api.event()
    [delivery] = await api.deliveries(1, "retrying")
    waits = moment(delivery["next_attempt_at"]) - moment(delivery["attempts"][0]["attempted_at"])
    assert timedelta(seconds=2) <= waits < timedelta(seconds=3)


async def test_b07_delays_are_the_base_to_the_power_of_the_attempt(api: Api, receiver: Receiver, endpoint: str):
    retry = {"max_retries": 3, "strategy": "exponential", "base_seconds": 0.5}
    webhook = await api.webhook(endpoint, profile="perspection", retry=retry)
    receiver.status = 400
    await api.event()
    [delivery] = await api.deliveries(1, "failed")
    attempts = delivery["attempts"]
    assert [attempt["number"] for attempt in attempts] == [1, 2, 3, 4]
    assert [attempt["status"] for attempt in attempts] == ["retrying", "retrying", "retrying", "failed"]
    assert delivery["next_attempt_at"] is None
    starts = [moment(attempt["attempted_at"]) for attempt in attempts]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(starts)]
    assert all(gap >= least for gap, least in zip(gaps, (0.5, 0.25, 0.125), strict=True))
    health = (await api.get(f"/v1/webhooks/{webhook['id']}"))["health"]
    assert (health["total"], health["consecutive_failures"]) == (4, 4)


async def test_b07_zero_retries_fail_at_once(api: Api, lab: FaultLab):
    await api.webhook(await lab.refused(), profile="perspection", retry={"max_retries": 0})
    await api.event()
    [delivery] = await api.deliveries(1, "failed")
    assert len(delivery["attempts"]) == 1


async def test_b07_retries_go_on_after_a_restart_of_the_server(tmp_path: Path, receiver: Receiver, endpoint: str):
    home, receiver.status = tmp_path / "home", 500
    async with serving(home) as api:
        retry = {"schedule": [1] * 9, "jitter": 0}
        await api.webhook(endpoint, profile="perspection", retry=retry, secret="planted-secret")
        await api.event(id="before-the-restart")
        [first] = await api.deliveries(1, "retrying")
    before = len(receiver.received)
    receiver.status = 200
    async with serving(home) as api:
        [delivery] = await api.deliveries(1, "delivered")
    assert delivery["id"] == first["id"]
    assert [attempt["number"] for attempt in delivery["attempts"]] == [*range(1, before + 2)]
    again = receiver.received[before]
    assert again.body == receiver.received[0].body
    assert again.headers["x-perspection-delivery-attempt"] == str(before + 1)
    assert again.headers["x-perspection-signature"] == receiver.received[0].headers["x-perspection-signature"]


async def test_b07_what_was_accepted_while_no_worker_ran_is_delivered_later(
    tmp_path: Path, receiver: Receiver, endpoint: str
):
    home = tmp_path / "home"
    async with serving(home, with_worker=False) as api:
        await api.webhook(endpoint, profile="perspection")
        for number in range(5):
            await api.event(id=f"e{number}")
        assert (await api.get("/v1/deliveries", status="pending"))["total"] == 5
        assert (await api.client.get("/readyz")).status_code == 503
    async with serving(home) as api:
        await api.deliveries(5, "delivered")
        assert {received.headers["x-perspection-event-id"] for received in receiver.received} == {
            f"e{number}" for number in range(5)
        }


async def test_b08_statistics_and_status_icon(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, profile="perspection", retry={"max_retries": 0})
    path = f"/v1/webhooks/{webhook['id']}"
    assert (webhook["state"], webhook["status_icon"]) == ("never", "idle")
    assert webhook["health"]["success_rate"] is None
    for number, status in enumerate((200, 200, 500), 1):
        receiver.status = status
        await api.event()
        await api.webhook_until(webhook["id"], lambda found, number=number: found["health"]["total"] == number)
    failing = await api.get(path)
    health = failing["health"]
    assert (health["total"], health["successful"], health["failed"]) == (3, 2, 1)
    assert (health["success_rate"], health["last_error"]) == (66.7, "HTTP 500")
    assert datetime.now(UTC) - moment(health["last_delivery_at"]) < timedelta(minutes=1)
    assert (failing["state"], failing["status_icon"]) == ("failing", "failed")
    disabled = await api.patch(path, {"enabled": False})
    assert (disabled["state"], disabled["status_icon"]) == ("disabled", "idle")
    assert disabled["health"] == health


async def test_b08_a_retrying_webhook_and_a_delivered_one_show_it(api: Api, receiver: Receiver, endpoint: str):
    retry = {"schedule": [60]}
    webhook = await api.webhook(endpoint, profile="perspection", retry=retry)
    receiver.status = 503
    await api.event()
    retrying = await api.webhook_until(webhook["id"], lambda found: found["health"]["total"] == 1)
    assert retrying["status_icon"] == "retrying"
    receiver.status = 200
    await api.event()
    delivered = await api.webhook_until(webhook["id"], lambda found: found["health"]["total"] == 2)
    assert (delivered["status_icon"], delivered["state"]) == ("delivered", "healthy")
    assert delivered["health"]["success_rate"] == 50.0
    assert "50" in await Talk(api).say("show CRM sync")


async def test_b09_the_log_holds_every_attempt_newest_first(api: Api, lab: FaultLab):
    url = await lab.status(500, b'{"error": "out of stock"}')
    webhook = await api.webhook(url, profile="perspection", retry={"schedule": [0.1], "jitter": 0})
    await api.event("purchase", id="order-1")
    await api.deliveries(1, "failed")
    log = await api.get(f"/v1/webhooks/{webhook['id']}/attempts")
    assert (log["total"], log["limit"], log["offset"]) == (2, 50, 0)
    newest, oldest = log["items"]
    assert newest.keys() >= FIELDS
    assert [(entry["number"], entry["status"]) for entry in log["items"]] == [(2, "failed"), (1, "retrying")]
    assert (newest["event_id"], newest["event_type"]) == ("order-1", "purchase")
    assert (newest["status_code"], newest["error"], newest["delivered_at"]) == (500, "HTTP 500", None)
    assert newest["response_body"] == '{"error": "out of stock"}'
    assert moment(newest["attempted_at"]) > moment(oldest["attempted_at"])
    said = await Talk(api).say("show the failed deliveries")
    assert "purchase" in said
    assert "500" in said


async def test_b09_a_timeout_has_no_status_and_a_delivery_has_its_time(
    api: Api, lab: FaultLab, receiver: Receiver, endpoint: str
):
    slow = await api.webhook(
        await lab.never_answers(), profile="perspection", timeout_ms=1000, retry={"max_retries": 0}
    )
    good = await api.webhook(endpoint, profile="perspection")
    await api.event()
    [timed_out] = await api.deliveries(1, "failed", webhook_id=slow["id"])
    [attempt] = timed_out["attempts"]
    assert (attempt["status_code"], attempt["cause"], attempt["delivered_at"]) == (None, "response_timeout", None)
    [delivered] = await api.deliveries(1, "delivered", webhook_id=good["id"])
    [attempt] = delivered["attempts"]
    assert moment(attempt["delivered_at"]) >= moment(attempt["attempted_at"])
    assert isinstance(attempt["duration_ms"], int)
    assert receiver.received


async def test_b09_deliveries_page_newest_first_and_filter(api: Api):
    webhook = await api.webhook("http://127.0.0.1:9/", profile="perspection", retry={"max_retries": 0})
    types = ["purchase", "track", "purchase", "track", "purchase"]
    for number, name in enumerate(types):
        await api.event(name, id=f"e{number}")
    await api.deliveries(5, "failed")
    first = await api.get("/v1/deliveries", limit=2)
    rest = await api.get("/v1/deliveries", limit=3, offset=2)
    assert [entry["event_id"] for entry in first["items"] + rest["items"]] == ["e4", "e3", "e2", "e1", "e0"]
    assert (first["total"], first["limit"], rest["offset"]) == (5, 2, 2)
    filters: list[tuple[dict[str, Any], int]] = [
        ({"event_type": "track"}, 2),
        ({"event_id": "e3"}, 1),
        ({"webhook_id": webhook["id"], "status": "failed"}, 5),
        ({"status": "delivered"}, 0),
        ({"since": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, 0),
        ({"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, 5),
    ]
    for chosen, total in filters:
        assert (await api.get("/v1/deliveries", **chosen))["total"] == total, chosen


async def test_b10_a_sample_is_run_through_the_filters_without_sending(api: Api, receiver: Receiver, endpoint: str):
    stream = await api.perspective("event_stream")
    rules = [
        {"field": "properties.value", "operator": "gt", "value": 1000},
        {"field": "properties.currency", "operator": "eq", "value": "USD"},
    ]
    fields = {"event_filter": {"events": ["purchase"]}, "conditions": rules}
    webhook = await api.webhook(endpoint, perspective_id=stream, **fields)
    path = f"/v1/webhooks/{webhook['id']}/test"
    report = await api.post(path, {"mode": "filters", "event_type": "purchase"})
    assert report["matched"] is False
    assert [rule["passed"] for rule in report["conditions"]] == [False, True]
    assert report["conditions"][0]["reason"] == "`properties.value` is 149.5, which is not greater than 1000."
    own = {"properties": {"value": 1001, "currency": "USD"}}
    assert (await api.post(path, {"mode": "filters", "event_type": "purchase", "event": own}))["matched"] is True
    other = await api.post(path, {"mode": "filters", "event_type": "page_view"})
    assert "`page_view` is not among the selected `purchase`" in other["event_filter"]["reason"]
    talk = Talk(api, stream)
    said = await talk.say("would a purchase pass the filters?")
    assert "149.5, which is not greater than 1000" in said
    assert "page_view" in await talk.say("would a page_view pass?")
    assert receiver.received == []
    assert (await api.get("/v1/deliveries"))["total"] == 0
