"""Conversation automations, rows A01 to A06: set up, deliver, retry."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.talk import Talk
from tests.faultlab import FaultLab
from tests.serving import Api, Receiver, serving

pytestmark = pytest.mark.both_databases

ENDINGS = {"completed": "COMPLETE", "partial": "PARTIAL", "abandoned": "ABANDONED"}
EVENTS = [f"interview.{ending}" for ending in ENDINGS]
QUICK = {"strategy": "schedule", "schedule": [0.1, 0.1], "jitter": 0}
HEADER = {"name": "Authorization", "value": "Bearer planted-7f3a"}


@pytest.mark.parametrize("kind", ["interviewer", "concierge", "evaluator", "advocate"])
async def test_a01_each_ending_raises_its_event_on_a_new_webhook(
    api: Api, receiver: Receiver, endpoint: str, kind: str
):
    perspective = await api.perspective(kind)
    webhook = await api.webhook(endpoint, perspective_id=perspective)
    assert webhook["event_filter"] == {"mode": "include", "events": EVENTS}
    sent = {await api.end_conversation(perspective, f"c-{e}", status=e): f"interview.{e}" for e in ENDINGS}
    await receiver.wait_for(3)
    assert {(r.json["event"], r.json["status"]) for r in receiver.received} == {
        (f"interview.{ending}", status) for ending, status in ENDINGS.items()
    }
    for event_id, name in sent.items():
        assert (await api.get(f"/v1/events/{event_id}"))["type"] == name


async def test_a01_the_same_end_reported_twice_is_one_event(api: Api, receiver: Receiver, endpoint: str):
    perspective = await api.perspective()
    await api.webhook(endpoint, perspective_id=perspective)
    first = await api.end_conversation(perspective, tags=["pricing"])
    assert await api.end_conversation(perspective, tags=["pricing"]) == first
    assert len(await api.deliveries(1, "delivered")) == 1
    assert len(receiver.received) == 1


async def test_a01_conversations_of_another_perspective_are_not_sent(api: Api, endpoint: str):
    mine, other = await api.perspective(), await api.perspective("concierge")
    await api.webhook(endpoint, perspective_id=mine)
    event_id = await api.end_conversation(other)
    assert (await api.get("/v1/deliveries", event_id=event_id))["total"] == 0


async def test_a02_set_up_by_chat_opens_the_form_and_saving_it_makes_the_webhook_live(
    api: Api, receiver: Receiver, endpoint: str
):
    perspective = await api.perspective()
    talk = Talk(api, perspective)
    await talk.say("set up a webhook on this perspective")
    form = talk.asked
    assert form["kind"] == "form"
    assert form["prefill"]["perspective_id"] == perspective
    assert form["prefill"]["event_filter"]["events"] == EVENTS
    assert (await api.get("/v1/webhooks"))["total"] == 0

    webhook = await api.post("/v1/webhooks", {**form["prefill"], "url": endpoint, "auth_header": HEADER})
    said = await talk.answer(webhook_id=webhook["id"])
    assert webhook["name"] in said
    assert talk.reply["changes"] == [webhook["change_id"]]
    await api.end_conversation(perspective)
    assert (await receiver.wait_for(1)).headers["authorization"] == "Bearer planted-7f3a"
    told = str([webhook, talk.reply, await talk.transcript(), await api.get("/v1/chat"), await api.get("/v1/changes")])
    assert "planted-7f3a" not in told


async def test_a02_closing_the_form_saves_nothing(api: Api):
    talk = Talk(api, await api.perspective())
    await talk.say("set up a webhook on this perspective")
    assert "nothing was changed" in await talk.answer(cancelled=True)
    assert (await api.get("/v1/webhooks"))["total"] == 0


async def test_a02_the_form_takes_https_only_and_needs_no_auth_header(tmp_path: Path):
    async with serving(tmp_path / "home", egress_allow_http=False) as api:
        [error] = await api.refused("POST", "/v1/webhooks", {"name": "CRM", "url": "http://example.com/hook"})
        assert error["field"] == "url"
        assert "Use https." in error["message"]
        assert (await api.webhook("https://example.com/hook"))["auth_header"] is None


@pytest.mark.parametrize(
    "wording", ["edit the endpoint of CRM sync", "change its auth header", "update the auth token"]
)
async def test_a03_the_same_form_edits_and_never_shows_the_stored_value(
    api: Api, receiver: Receiver, endpoint: str, wording: str
):
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective, auth_header=HEADER)
    talk = Talk(api, perspective)
    await talk.say(wording)
    assert talk.asked["prefill"]["webhook_id"] == webhook["id"]
    assert talk.asked["prefill"]["auth_header"] == {"name": "Authorization", "set": True}
    typed = {"url": endpoint + "/new", "auth_header": {"name": "X-Token", "value": "planted-b1"}}
    saved = await api.patch(f"/v1/webhooks/{webhook['id']}", typed)
    assert saved["auth_header"] == {"name": "X-Token", "set": True}
    await talk.answer(webhook_id=webhook["id"])
    assert talk.reply["changes"] == [saved["change_id"]]
    await api.end_conversation(perspective)
    received = await receiver.wait_for(1)
    assert (received.path, received.headers["x-token"]) == ("/hook/new", "planted-b1")
    assert "authorization" not in received.headers
    assert "planted" not in str([saved, await talk.transcript(), await api.get("/v1/changes")])


async def test_a03_a_value_left_empty_stays_and_null_removes_it(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, auth_header=HEADER)
    path = f"/v1/webhooks/{webhook['id']}"
    await api.patch(path, {"auth_header": {"name": "X-Renamed"}})
    await api.post(f"{path}/test", {})
    assert receiver.received[-1].headers["x-renamed"] == HEADER["value"]
    assert (await api.patch(path, {"auth_header": None}))["auth_header"] is None
    await api.post(f"{path}/test", {})
    assert "x-renamed" not in receiver.received[-1].headers
    [error] = await api.refused("PATCH", path, {"auth_header": {"name": "X-Renamed"}})
    assert error == {"field": "auth_header.value", "message": "is required: no value is stored yet"}


async def test_a04_payload_holds_everything_known_of_the_conversation(api: Api, receiver: Receiver, endpoint: str):
    perspective = await api.perspective()
    await api.webhook(endpoint, perspective_id=perspective)
    known: dict[str, Any] = {
        "tags": ["pricing", "churn"],
        "trust_score": 82.5,
        "summary": "Would upgrade; “too dear” – 日本語",
        "structured_output": {"nps": 9, "nested": {"list": [1, None]}},
        "participant_metadata": {"email": "ada@example.com"},
        "returned_after_partial_conversation": True,
    }
    event_id = await api.end_conversation(perspective, "c-17", **known)
    body = (await receiver.wait_for(1)).json
    occurred_at = (await api.get(f"/v1/events/{event_id}"))["occurred_at"]
    assert body == {
        "event": "interview.completed",
        "status": "COMPLETE",
        "test": False,
        "timestamp": occurred_at,
        "research_id": perspective,
        "interview_id": "c-17",
        **known,
    }
    assert occurred_at.endswith("Z")


async def test_a04_what_is_not_known_is_null_or_empty(api: Api, receiver: Receiver, endpoint: str):
    perspective = await api.perspective()
    await api.webhook(endpoint, perspective_id=perspective)
    await api.end_conversation(perspective, status="abandoned")
    body = (await receiver.wait_for(1)).json
    assert (body["trust_score"], body["summary"], body["structured_output"]) == (None, None, None)
    assert (body["tags"], body["participant_metadata"]) == ([], {})
    assert body["returned_after_partial_conversation"] is False


async def test_a05_idempotency_key_is_stable_across_retries(api: Api, receiver: Receiver, endpoint: str):
    perspective = await api.perspective()
    await api.webhook(endpoint, perspective_id=perspective, auth_header=HEADER, retry=QUICK)
    receiver.status = 500
    await api.end_conversation(perspective, "c1")
    await receiver.wait_for(2)
    receiver.status = 200
    await api.deliveries(1, "delivered")
    await api.end_conversation(perspective, "c2")
    await api.deliveries(2, "delivered")
    *retried, other = receiver.received
    assert len(retried) == 3
    keys = {received.headers["x-idempotency-key"] for received in retried}
    assert len(keys) == 1
    assert other.headers["x-idempotency-key"] not in keys
    assert len({received.body for received in retried}) == 1
    for received in receiver.received:
        assert received.headers["content-type"] == "application/json"
        assert received.headers["authorization"] == "Bearer planted-7f3a"


async def test_a05_idempotency_key_is_absent_on_tests(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, perspective_id=await api.perspective(), auth_header=HEADER)
    await api.post(f"/v1/webhooks/{webhook['id']}/test", {})
    headers = receiver.received[0].headers
    assert "x-idempotency-key" not in headers
    assert (headers["content-type"], headers["authorization"]) == ("application/json", HEADER["value"])


async def endings(api: Api, urls: dict[str, str], **fields: Any) -> dict[str, dict[str, Any]]:
    """End one conversation with a webhook on each URL, and return each failed delivery."""
    perspective = await api.perspective()
    names = {
        (await api.webhook(url, name=name, perspective_id=perspective, **{"retry": QUICK, **fields}))["id"]: name
        for name, url in urls.items()
    }
    await api.end_conversation(perspective)
    return {names[delivery["webhook_id"]]: delivery for delivery in await api.deliveries(len(urls), "failed")}


async def test_a06_a_4xx_is_permanent(api: Api, lab: FaultLab):
    codes = (301, 400, 401, 404, 408, 410, 422, 429)
    failed = await endings(api, {str(code): await lab.status(code) for code in codes})
    for code in codes:
        delivery = failed[str(code)]
        assert [attempt["status_code"] for attempt in delivery["attempts"]] == [code]
        assert delivery["next_attempt_at"] is None


async def test_a06_a_5xx_and_a_network_error_are_transient(api: Api, lab: FaultLab):
    codes = ("500", "502", "503", "504")
    faults = {"refused": await lab.refused(), "reset": await lab.reset()}
    failed = await endings(api, {**{code: await lab.status(int(code)) for code in codes}, **faults})
    assert failed.keys() == {*codes, *faults}
    for name, delivery in failed.items():
        assert [attempt["status"] for attempt in delivery["attempts"]] == ["retrying", "retrying", "failed"]
        assert {attempt["status_code"] for attempt in delivery["attempts"]} == {int(name) if name in codes else None}


async def test_a06_a_timeout_is_transient_and_30_seconds_is_the_default(api: Api, lab: FaultLab):
    plain = await api.webhook("http://127.0.0.1:9/", perspective_id=await api.perspective(name="Other"))
    assert plain["timeout_ms"] == 30_000
    short = {"timeout_ms": 1000, "retry": {"schedule": [0.1]}}
    delivery = (await endings(api, {"slow": await lab.never_answers()}, **short))["slow"]
    assert [attempt["cause"] for attempt in delivery["attempts"]] == ["response_timeout"] * 2
    assert all(1000 <= attempt["duration_ms"] < 20_000 for attempt in delivery["attempts"])
