"""Operational webhooks: they hear of alerts, and of nothing else (E07)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.alerting import Topic
from server.receiver import Receiver
from store import alerts as store
from tests.faultlab import FaultLab
from tests.serving import Api, until
from webhooks.operational import close_alert, open_alert
from webhooks.operational_webhooks import MAX_ENABLED

pytestmark = pytest.mark.both_databases

CONSOLE = "https://hooks.example"
ANYWHERE = "https://example.com/hook"
BEGINNING = "2020-01-01T00:00:00Z"
SLOW = {"strategy": "schedule", "schedule": [3600], "jitter": 0}


@pytest.fixture
async def lab() -> AsyncIterator[FaultLab]:
    faults = FaultLab()
    yield faults
    await faults.close()


async def told(receiver: Receiver, count: int = 1) -> list[dict[str, Any]]:
    """Wait until the receiver has been told so many operational events, and return their bodies."""
    await receiver.wait_for(count)
    assert len(receiver.received) == count
    return [request.json for request in receiver.received]


async def operational(api: Api, url: str, **fields: Any) -> dict[str, Any]:
    return await api.webhook(url, name="On call", operational=True, **fields)


async def tell(api: Api, webhook: dict[str, Any], topic: Topic = Topic.RATE, **more: Any) -> str:
    """Open an alert about a webhook, and return its id."""
    row = {
        "workspace_id": api.platform.workspace_id,
        "topic": str(topic),
        "subject_id": webhook["id"],
        "webhook_id": webhook["id"],
        "cause": "server_error",
        "details": {"webhook_name": webhook["name"], **more},
    }
    async with api.platform.database.write() as connection:
        await open_alert(connection, row, datetime.now(UTC), console=CONSOLE)
        return str((await store.all_open(connection, [topic]))[0]["id"])


async def over(api: Api, alert_id: str) -> None:
    async with api.platform.database.write() as connection:
        assert await close_alert(connection, alert_id, datetime.now(UTC), console=CONSOLE)


async def test_e07_an_endpoint_that_is_gone_is_told_signed(api: Api, receiver: Receiver, endpoint: str, lab: FaultLab):
    channel = await operational(api, endpoint)
    receiver.secret = channel["secret"]
    shop = await api.webhook(await lab.status(410), name="Shop")
    await api.event()
    [body] = await told(receiver)
    assert receiver.received[0].verified is True
    assert body["type"] == "endpoint.disabled"
    data = body["data"]
    assert (data["topic"], data["state"], data["cause"]) == ("endpoint.disabled", "open", "gone")
    assert data["webhook"] == {"id": shop["id"], "name": "Shop"}
    assert data["workspace"]["id"] == api.platform.workspace_id
    assert data["fix_url"].endswith(f"/#fix={shop['id']}")
    assert data["summary"] == "“Shop” was disabled: its endpoint is gone (HTTP 410)."
    assert data["details"]["reason"] == "gone"
    listed = (await api.get("/v1/alerts"))["items"][0]
    assert (listed["id"], listed["opened_at"]) == (data["alert_id"], data["opened_at"])


async def test_operational_webhooks_hear_no_ordinary_event_and_others_no_operational_one(
    api: Api, receiver: Receiver, endpoint: str
):
    channel = await operational(api, endpoint)
    ordinary = await api.webhook(f"{endpoint}/ordinary", name="Ordinary")
    await api.event("endpoint.failing", {"mine": True})
    await tell(api, ordinary)
    await told(receiver, 2)
    found = {(entry["webhook_id"], entry["event_type"]) for entry in (await api.get("/v1/deliveries"))["items"]}
    assert found == {(ordinary["id"], "endpoint.failing"), (channel["id"], "success_rate.dropped")}


async def test_nothing_posted_under_a_topic_reaches_an_operational_webhook(api: Api, receiver: Receiver, endpoint: str):
    channel = await operational(api, endpoint, payload_template={"told": "$payload"})
    path = f"/v1/webhooks/{channel['id']}"
    await api.webhook(f"{endpoint}/ordinary", name="Ordinary")
    for topic in Topic:
        await api.event(str(topic), {"operational": True, "topic": str(topic), "summary": "Posted."})
    body = {"type": "endpoint.failing", "payload": {}, "operational": True}
    assert [error["field"] for error in await api.refused("POST", "/v1/events", body)] == ["operational"]
    for delivery in await api.deliveries(len(Topic), "delivered"):
        assert delivery["webhook_id"] != channel["id"]
    assert (await api.post(f"{path}/replay", {"since": BEGINNING, "status": "all"}))["count"] == 0
    assert (await api.get("/v1/deliveries", webhook_id=channel["id"]))["total"] == 0
    assert "Posted." not in str((await api.post(f"{path}/preview"))["body"])
    assert (await api.get(f"{path}/diagnosis", probe="false"))["cause"] == "no_events_yet"
    assert {request.path for request in receiver.received} == {"/hook/ordinary"}


async def test_a_test_of_an_operational_webhook_cannot_hide_that_it_is_one(api: Api, receiver: Receiver, endpoint: str):
    channel = await operational(api, endpoint)
    body = {"event_type": "endpoint.disabled", "event": {"summary": "Typed.", "test": False}}
    await api.post(f"/v1/webhooks/{channel['id']}/test", body)
    [sent] = await told(receiver)
    assert (sent["type"], sent["test"]) == ("endpoint.disabled", True)


@pytest.mark.parametrize("answer", [200, 500])
async def test_a_webhook_with_events_in_its_log_does_not_become_operational(api: Api, lab: FaultLab, answer: int):
    shop = await api.webhook(await lab.status(answer), name="Shop", retry=SLOW)
    path = f"/v1/webhooks/{shop['id']}"
    await api.event("endpoint.failing", {"summary": "Posted."})
    await api.deliveries(1, "delivered" if answer == 200 else "retrying")
    for more in ({}, {"enabled": False}):
        [error] = await api.refused("PATCH", path, {"operational": True, **more})
        assert error["field"] == "operational"
        assert "create another one" in error["message"]
    assert (await api.get(path))["operational"] is False


async def test_undo_makes_no_webhook_with_events_operational_again(api: Api, receiver: Receiver, endpoint: str):
    channel = await operational(api, endpoint)
    await tell(api, await api.webhook(f"{endpoint}/shop", name="Shop"))
    await told(receiver)
    path = f"/v1/webhooks/{channel['id']}"
    for posted in (False, True):  # alerts in its log are no hindrance, what is posted is
        change = (await api.patch(path, {"operational": False}))["change_id"]
        if posted:
            await api.event("endpoint.failing")
            assert [e["field"] for e in await api.refused("POST", f"/v1/changes/{change}/undo", {})] == ["operational"]
        else:
            assert (await api.post(f"/v1/changes/{change}/undo"))["webhook"]["operational"] is True


async def fill(api: Api, count: int = MAX_ENABLED) -> list[dict[str, Any]]:
    """Make operational webhooks, so many in all."""
    return [await operational(api, ANYWHERE) for _ in range(count)]


async def test_one_operational_webhook_too_many_is_refused_wherever_it_would_come_from(api: Api):
    first, second, *_ = await fill(api)
    one_more = {"name": "On call", "url": ANYWHERE, "operational": True}

    async def refused(method: str, path: str, body: Any) -> None:
        [error] = await api.refused(method, path, body)
        assert error["field"] == "operational"
        assert f"the limit is {MAX_ENABLED}; disable or delete one" in error["message"]

    await refused("POST", "/v1/webhooks", one_more)
    off = await api.post("/v1/webhooks", {**one_more, "enabled": False})
    await refused("PATCH", f"/v1/webhooks/{off['id']}", {"enabled": True})
    ordinary = await api.webhook(ANYWHERE)
    await refused("PATCH", f"/v1/webhooks/{ordinary['id']}", {"operational": True})
    await api.patch(f"/v1/webhooks/{first['id']}", {"name": "Renamed"})

    await api.call("DELETE", f"/v1/webhooks/{first['id']}")
    change = (await api.get("/v1/changes", webhook_id=first["id"]))["items"][0]
    await api.patch(f"/v1/webhooks/{off['id']}", {"enabled": True})
    await refused("POST", f"/v1/changes/{change['id']}/undo", {})
    await api.patch(f"/v1/webhooks/{second['id']}", {"enabled": False})
    assert (await api.post(f"/v1/changes/{change['id']}/undo"))["webhook"]["operational"] is True


async def test_the_limit_is_of_one_workspace_and_of_operational_webhooks_only(api: Api):
    await fill(api)
    await api.webhook(ANYWHERE, name="Ordinary")
    workspace = await api.platform.gatekeeper.create_workspace("Another")
    _, key = await api.platform.gatekeeper.create_key(workspace, "theirs")
    async with api.as_caller(key) as other:
        body = {"name": "Theirs", "url": ANYWHERE, "operational": True}
        assert (await other.post("/v1/webhooks", json=body)).status_code == 201


async def test_the_last_place_is_given_once(api: Api):
    await fill(api, MAX_ENABLED - 1)
    body = {"name": "On call", "url": ANYWHERE, "operational": True}
    answers = await asyncio.gather(*(api.client.post("/v1/webhooks", json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[422] * 5]


async def test_the_event_filter_picks_topics(api: Api, receiver: Receiver, endpoint: str):
    await operational(api, endpoint, event_filter={"mode": "include", "events": ["event_type.failing"]})
    shop = await api.webhook(f"{endpoint}/shop", name="Shop")
    await tell(api, shop, Topic.RATE)
    await tell(api, shop, Topic.TYPE, event_type="refund")
    assert [body["type"] for body in await told(receiver)] == ["event_type.failing"]


async def test_conditions_see_the_payload(api: Api, receiver: Receiver, endpoint: str):
    shop = await api.webhook(f"{endpoint}/shop", name="Shop")
    desk = await api.webhook(f"{endpoint}/desk", name="Desk")
    await operational(api, endpoint, conditions=[{"field": "webhook.id", "operator": "eq", "value": desk["id"]}])
    await tell(api, shop)
    await tell(api, desk)
    assert [body["data"]["webhook"]["name"] for body in await told(receiver)] == ["Desk"]


async def test_one_on_a_perspective_hears_of_its_webhooks_only(api: Api, receiver: Receiver, endpoint: str):
    one, two = await api.perspective(), await api.perspective(name="Another")
    await operational(api, endpoint, perspective_id=one)
    mine = await api.webhook(f"{endpoint}/mine", name="Mine", perspective_id=one)
    await tell(api, await api.webhook(f"{endpoint}/not", name="Not mine", perspective_id=two))
    await tell(api, await api.webhook(f"{endpoint}/all", name="Of all"))
    await tell(api, mine)
    assert [body["data"]["webhook"]["name"] for body in await told(receiver)] == ["Mine"]


async def test_that_it_is_over_is_told_too(api: Api, receiver: Receiver, endpoint: str):
    await operational(api, endpoint)
    alert_id = await tell(api, await api.webhook(f"{endpoint}/shop", name="Shop"))
    await told(receiver)
    await over(api, alert_id)
    first, second = (body["data"] for body in await told(receiver, 2))
    assert (first["alert_id"], first["state"], first["closed_at"]) == (second["alert_id"], "open", None)
    assert second["state"] == "closed"
    assert second["closed_at"] is not None


async def test_a_recovery_names_the_alert_that_it_ends(api: Api, receiver: Receiver, endpoint: str, lab: FaultLab):
    await operational(api, endpoint)
    shop = await api.webhook(await lab.status(200), name="Shop")
    alert_id = await tell(api, shop, Topic.FAILING, failing_since="2026-05-01T12:00:00.000Z")
    await told(receiver)
    await api.post(f"/v1/webhooks/{shop['id']}/test")
    body = (await told(receiver, 2))[1]
    assert (body["type"], body["data"]["resolves"]) == ("endpoint.recovered", alert_id)


async def test_a_channel_never_hears_of_itself_and_its_failing_makes_no_loop(api: Api, lab: FaultLab):
    one = await operational(api, await lab.status(410), retry=SLOW)
    two = await operational(api, await lab.status(410), retry=SLOW)
    await tell(api, await api.webhook(await lab.status(200), name="Shop"))

    async def both_off() -> list[dict[str, Any]] | None:
        items = (await api.get("/v1/alerts", topic="endpoint.disabled", open="true"))["items"]
        return items if len(items) == 2 else None

    await until(both_off)
    made = (await api.get("/v1/deliveries", limit=200))["items"]
    heard = {(entry["webhook_id"], entry["event_type"]) for entry in made}
    assert (one["id"], "success_rate.dropped") in heard
    assert len(made) <= 3, "each of the shop's alert, and at most the second of the first one's end"
    assert all(entry["webhook_id"] in (one["id"], two["id"]) for entry in made)


async def test_words_of_the_endpoint_are_capped_lines(api: Api, receiver: Receiver, endpoint: str):
    await operational(api, endpoint)
    shop = await api.webhook(f"{endpoint}/shop", name="Shop")
    await tell(api, shop, Topic.DISABLED, reason="failing", last_error="line\r\nbreak " + "x" * 5_000)
    [body] = await told(receiver)
    assert len(body["data"]["summary"]) < 300
    assert "\n" not in body["data"]["summary"]


async def test_a_test_sends_an_operational_sample(api: Api, receiver: Receiver, endpoint: str):
    channel = await operational(api, endpoint)
    assert (await api.post(f"/v1/webhooks/{channel['id']}/test"))["ok"] is True
    [body] = await told(receiver)
    assert (body["type"], body["test"], body["data"]["topic"]) == ("endpoint.failing", True, "endpoint.failing")


async def test_templates_see_the_summary(api: Api, receiver: Receiver, endpoint: str):
    await operational(api, endpoint, payload_template={"text": "$summary $fix_url"})
    shop = await api.webhook(f"{endpoint}/shop", name="Shop")
    await tell(api, shop, attempts=10, success_rate=0)
    [body] = await told(receiver)
    link = f"{CONSOLE}/#fix={shop['id']}"
    assert body == {"text": f"“Shop” delivers only 0 % of its last 10 attempts (server_error). {link}"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event_filter": {"mode": "include", "events": ["purchase"]}}, "event_filter"),
        ({"event_filter": {"mode": "exclude", "events": list(map(str, Topic))}}, "event_filter"),
        ({"tag_filter": {"tags": ["feature_request"]}}, "tag_filter"),
        ({"trust_score": {"min": 50}}, "trust_score"),
    ],
)
async def test_filters_that_no_operational_event_passes_are_refused(api: Api, fields: dict[str, Any], field: str):
    body = {"name": "On call", "url": ANYWHERE, "operational": True, **fields}
    body |= {"perspective_id": await api.perspective()}
    assert [error["field"] for error in await api.refused("POST", "/v1/webhooks", body)] == [field]


async def test_one_on_a_perspective_takes_all_topics_in_standard_shape(api: Api):
    made = await operational(api, "https://example.com/hook", perspective_id=await api.perspective())
    assert (made["profile"], made["event_filter"]["events"], made["operational"]) == ("standard", [], True)


async def test_being_operational_is_edited_recorded_and_undone(api: Api):
    made = await api.webhook("https://example.com/hook")
    assert made["operational"] is False
    path = f"/v1/webhooks/{made['id']}"
    assert (await api.patch(path, {"operational": True}))["operational"] is True
    change = (await api.get("/v1/changes", webhook_id=made["id"]))["items"][0]
    assert [(d["field"], d["before"], d["after"]) for d in change["diff"]] == [("operational", False, True)]
    await api.post(f"/v1/changes/{change['id']}/undo")
    assert (await api.get(path))["operational"] is False
    [error] = await api.refused("PATCH", path, {"operational": None})
    assert "operational: cannot be null" in error["message"]


async def test_operational_events_are_none_of_an_ordinary_webhook_s_events(api: Api, receiver: Receiver, endpoint: str):
    await operational(api, endpoint)
    shop = await api.webhook(f"{endpoint}/shop", name="Shop")
    await tell(api, shop)
    await told(receiver)
    diagnosis = await api.get(f"/v1/webhooks/{shop['id']}/diagnosis")
    assert diagnosis["cause"] == "no_events_yet"


async def test_alerts_are_listed_by_state_topic_and_webhook(api: Api):
    one, two = [await api.webhook("https://example.com/hook", name=name) for name in ("One", "Two")]
    ended = await tell(api, one)
    await over(api, ended)
    await tell(api, two)
    await tell(api, two, Topic.TYPE, event_type="refund")

    async def found(**filters: Any) -> list[tuple[str, str]]:
        page = await api.get("/v1/alerts", **filters)
        assert page["total"] == len(page["items"])
        return [(alert["details"]["webhook_name"], alert["topic"]) for alert in page["items"]]

    assert len(await found()) == 3
    assert await found(open="true") == [("Two", "event_type.failing"), ("Two", "success_rate.dropped")]
    assert await found(open="false") == [("One", "success_rate.dropped")]
    assert await found(topic="success_rate.dropped", open="true") == [("Two", "success_rate.dropped")]
    assert await found(webhook_id=one["id"]) == [("One", "success_rate.dropped")]
    assert [e["field"] for e in await api.refused("GET", "/v1/alerts?topic=x", None)] == ["topic"]
    assert [e["field"] for e in await api.refused("GET", "/v1/alerts?open=maybe", None)] == ["open"]
