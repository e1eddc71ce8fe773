"""Webhooks that are switched off for their owner: endpoints that are gone, or fail for too long (X06, E07)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rules.breaker import BreakerPolicy
from store import webhooks as webhook_store
from tests.faultlab import FaultLab
from tests.serving import Api, Receiver, until

pytestmark = pytest.mark.both_databases

SLOW = {"strategy": "schedule", "schedule": [3600], "jitter": 0}
QUICK = {"strategy": "schedule", "schedule": [0.1] * 5, "jitter": 0}


async def disabled(api: Api, webhook_id: str) -> dict[str, Any]:
    return await api.webhook_until(webhook_id, lambda webhook: not webhook["enabled"])


async def failing_for(api: Api, webhook_id: str, hours: float) -> None:
    """Let a webhook's first failure lie some time back."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with api.platform.database.write() as connection:
        await webhook_store.set_values(connection, webhook_id, {"failing_since": since})


async def topics(api: Api) -> dict[str, dict[str, Any]]:
    """The newest alert of each topic."""
    items = (await api.get("/v1/alerts"))["items"]
    return {alert["topic"]: alert for alert in reversed(items)}


async def fail(api: Api, receiver: Receiver, webhook_id: str, count: int = 1) -> dict[str, Any]:
    """Send an event that fails, and wait until the webhook has `count` failures in a row."""
    receiver.status = 500
    await api.event()
    return await api.webhook_until(webhook_id, lambda hook: hook["health"]["consecutive_failures"] >= count)


async def test_x06_an_endpoint_that_is_gone_is_disabled_with_notice(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=SLOW)
    await fail(api, receiver, webhook["id"])
    receiver.status = 410
    await api.event()
    seen = await disabled(api, webhook["id"])
    assert (seen["state"], seen["disabled_reason"]) == ("disabled", "gone")
    statuses = {d["status"]: d["next_attempt_at"] for d in (await api.get("/v1/deliveries"))["items"]}
    assert statuses == {"failed": None, "retrying": None}, "the open delivery is parked"

    [change, _] = (await api.get("/v1/changes", webhook_id=webhook["id"]))["items"]
    assert (change["actor"], change["action"], change["undoable"]) == ("system", "disable", True)
    assert {(d["field"], d["before"], d["after"]) for d in change["diff"]} == {
        ("enabled", True, False),
        ("disabled_reason", None, "gone"),
    }
    alert = (await topics(api))["endpoint.disabled"]
    assert (alert["subject_id"], alert["cause"], alert["closed_at"]) == (webhook["id"], "gone", None)
    assert alert["details"]["reason"] == "gone"
    assert alert["details"]["webhook_name"] == webhook["name"]


async def test_x06_undoing_the_disabling_delivers_what_was_parked(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=SLOW)
    await fail(api, receiver, webhook["id"])
    receiver.status = 410
    await api.event()
    await disabled(api, webhook["id"])
    receiver.status = 200
    change = (await api.get("/v1/changes"))["items"][0]
    undone = (await api.post(f"/v1/changes/{change['id']}/undo"))["webhook"]
    assert (undone["enabled"], undone["disabled_reason"], undone["failing_since"]) == (True, None, None)
    await api.deliveries(1, "delivered")
    assert (await topics(api))["endpoint.disabled"]["closed_at"] is not None


async def test_a_410_for_a_test_disables_nothing(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint)
    receiver.status = 410
    assert (await api.post(f"/v1/webhooks/{webhook['id']}/test"))["cause"] == "gone"
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["enabled"] is True


async def test_a_410_of_an_address_that_was_replaced_meanwhile_disables_nothing(api: Api, endpoint: str):
    lab = FaultLab()
    webhook = await api.webhook(await lab.status(410, delay=1))
    await api.event()

    async def asked() -> bool | None:
        return True if lab.requests else None

    await until(asked)
    await api.patch(f"/v1/webhooks/{webhook['id']}", {"url": endpoint})
    await api.deliveries(1, "failed")
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["enabled"] is True
    await lab.close()


async def test_x06_failing_since_is_the_first_failure_of_a_streak(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=QUICK)
    assert webhook["failing_since"] is None
    since = (await fail(api, receiver, webhook["id"]))["failing_since"]
    assert since is not None
    again = await api.webhook_until(webhook["id"], lambda hook: hook["health"]["consecutive_failures"] >= 3)
    assert again["failing_since"] == since
    receiver.status = 200
    healthy = await api.webhook_until(webhook["id"], lambda hook: hook["state"] == "healthy")
    assert healthy["failing_since"] is None


async def test_x06_failing_for_the_chosen_time_disables(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=SLOW, auto_disable_hours=48)
    await fail(api, receiver, webhook["id"])
    await failing_for(api, webhook["id"], 47.9)
    assert (await fail(api, receiver, webhook["id"], 2))["enabled"] is True
    await failing_for(api, webhook["id"], 48)
    await fail(api, receiver, webhook["id"], 3)
    seen = await disabled(api, webhook["id"])
    assert seen["disabled_reason"] == "failing"
    assert {d["next_attempt_at"] for d in (await api.get("/v1/deliveries"))["items"]} == {None}
    alerts = await topics(api)
    assert alerts["endpoint.disabled"]["closed_at"] is None
    assert alerts["endpoint.disabled"]["details"]["auto_disable_hours"] == 48
    assert alerts["endpoint.failing"]["closed_at"] is not None, "the one takes the place of the other"

    receiver.status = 200
    enabled = await api.patch(f"/v1/webhooks/{webhook['id']}", {"enabled": True})
    assert (enabled["disabled_reason"], enabled["failing_since"]) == (None, None)
    await api.deliveries(3, "delivered")
    assert (await topics(api))["endpoint.disabled"]["closed_at"] is not None


async def test_x06_enabling_starts_the_time_anew(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=QUICK, auto_disable_hours=1)
    await fail(api, receiver, webhook["id"])
    await failing_for(api, webhook["id"], 2)
    await disabled(api, webhook["id"])
    await api.patch(f"/v1/webhooks/{webhook['id']}", {"enabled": True})
    count = (await api.get(f"/v1/webhooks/{webhook['id']}"))["health"]["consecutive_failures"]
    assert (await fail(api, receiver, webhook["id"], count + 1))["enabled"] is True


async def test_x06_it_can_be_switched_off_for_a_webhook(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=SLOW, auto_disable_hours=None)
    assert webhook["auto_disable_hours"] is None
    await fail(api, receiver, webhook["id"])
    await failing_for(api, webhook["id"], 5_000)
    assert (await fail(api, receiver, webhook["id"], 2))["enabled"] is True
    assert (await topics(api))["endpoint.failing"]["details"]["disables_at"] is None


async def test_e07_people_hear_at_half_the_time_once_and_when_it_has_recovered(
    api: Api, receiver: Receiver, endpoint: str
):
    webhook = await api.webhook(endpoint, retry=SLOW)
    assert webhook["auto_disable_hours"] == 120
    await fail(api, receiver, webhook["id"])
    await failing_for(api, webhook["id"], 59.9)
    await fail(api, receiver, webhook["id"], 2)
    assert await topics(api) == {}
    for count in (3, 4):
        await failing_for(api, webhook["id"], 60)
        await fail(api, receiver, webhook["id"], count)
    [alert] = (await api.get("/v1/alerts"))["items"]
    assert (alert["topic"], alert["closed_at"], alert["cause"]) == ("endpoint.failing", None, "server_error")
    details = alert["details"]
    assert details["last_error"] == "HTTP 500"
    spared = datetime.fromisoformat(details["disables_at"]) - datetime.fromisoformat(details["failing_since"])
    assert spared == timedelta(hours=120)

    receiver.status = 200
    await api.event()
    await api.deliveries(1, "delivered")
    [recovered, failing] = (await api.get("/v1/alerts"))["items"]
    assert (recovered["topic"], failing["topic"]) == ("endpoint.recovered", "endpoint.failing")
    assert recovered["closed_at"] == recovered["opened_at"] == failing["closed_at"]


async def test_e07_a_passing_test_is_a_recovery_too(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry=SLOW)
    await fail(api, receiver, webhook["id"])
    await failing_for(api, webhook["id"], 60)
    await fail(api, receiver, webhook["id"], 2)
    receiver.status = 200
    await api.post(f"/v1/webhooks/{webhook['id']}/test")
    assert (await topics(api)).keys() == {"endpoint.failing", "endpoint.recovered"}
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["failing_since"] is None


async def test_e07_alerts_are_of_ones_own_workspace(api: Api, receiver: Receiver, endpoint: str):
    await api.webhook(endpoint)
    receiver.status = 410
    await api.event()
    await api.deliveries(1, "failed")
    assert (await api.get("/v1/alerts"))["total"] == 1
    other = await api.platform.gatekeeper.create_workspace("Other")
    _, key = await api.platform.gatekeeper.create_key(other, "theirs")
    async with api.as_caller(key) as theirs:
        assert (await theirs.get("/v1/alerts")).json()["items"] == []


async def test_a_person_disables_for_a_reason_of_their_own(api: Api, endpoint: str):
    webhook = await api.webhook(endpoint)
    assert webhook["disabled_reason"] is None
    path = f"/v1/webhooks/{webhook['id']}"
    changed = await api.patch(path, {"enabled": False})
    assert changed["disabled_reason"] == "user"
    change = await api.post(f"/v1/changes/{changed['change_id']}/undo")
    assert change["webhook"]["disabled_reason"] is None
    assert change["change"]["diff"] == [{"field": "enabled", "before": False, "after": True}]
    assert (await api.webhook(endpoint, enabled=False))["disabled_reason"] == "user"
    assert (await topics(api)) == {}


async def test_deleting_what_was_disabled_closes_its_alert_and_undo_opens_one(
    api: Api, receiver: Receiver, endpoint: str
):
    webhook = await api.webhook(endpoint)
    receiver.status = 410
    await api.event()
    await disabled(api, webhook["id"])
    await api.call("DELETE", f"/v1/webhooks/{webhook['id']}")
    assert (await topics(api))["endpoint.disabled"]["closed_at"] is not None
    change = (await api.get("/v1/changes"))["items"][0]
    await api.post(f"/v1/changes/{change['id']}/undo")
    assert (await topics(api))["endpoint.disabled"]["closed_at"] is None


async def test_the_settings_are_checked_shown_and_undone(api: Api, endpoint: str):
    webhook = await api.webhook(endpoint, circuit_breaker={"consecutive_failures": 3})
    share = {"failure_share": 0.75, "minimum_attempts": 20}
    assert webhook["circuit_breaker"] == {"consecutive_failures": 3, "cool_down_seconds": 30, **share}
    assert webhook["breaker_state"] == "closed"
    path = f"/v1/webhooks/{webhook['id']}"
    share = {"failure_share": 0.5, "minimum_attempts": 8}
    changed = await api.patch(path, {"circuit_breaker": {"cool_down_seconds": 60, **share}, "auto_disable_hours": 24})
    assert changed["circuit_breaker"] == {"consecutive_failures": 3, "cool_down_seconds": 60, **share}
    assert changed["auto_disable_hours"] == 24
    undone = await api.post(f"/v1/changes/{changed['change_id']}/undo")
    assert {d["field"] for d in undone["change"]["diff"]} == {"circuit_breaker", "auto_disable_hours"}
    assert undone["webhook"]["circuit_breaker"]["cool_down_seconds"] == 30
    default = await api.patch(path, {"circuit_breaker": None, "auto_disable_hours": None})
    assert default["circuit_breaker"] == BreakerPolicy().as_dict()
    assert default["auto_disable_hours"] is None
    for fields, field in (
        ({"auto_disable_hours": 0}, "auto_disable_hours"),
        ({"auto_disable_hours": 721}, "auto_disable_hours"),
        ({"circuit_breaker": {"consecutive_failures": 101}}, "circuit_breaker.consecutive_failures"),
        ({"circuit_breaker": {"cool_down_seconds": 0.5}}, "circuit_breaker.cool_down_seconds"),
        ({"circuit_breaker": {"failure_share": 1.01}}, "circuit_breaker.failure_share"),
        ({"circuit_breaker": {"minimum_attempts": 0}}, "circuit_breaker.minimum_attempts"),
        ({"circuit_breaker": {"open": True}}, "circuit_breaker.open"),
    ):
        [error] = await api.refused("PATCH", path, fields)
        assert error["field"] == field


async def test_the_breaker_is_seen_open_and_its_owner_may_switch_it_off(api: Api, receiver: Receiver, endpoint: str):
    breaker = {"consecutive_failures": 2, "cool_down_seconds": 3_600}
    webhook = await api.webhook(endpoint, circuit_breaker=breaker, retry=QUICK)
    await fail(api, receiver, webhook["id"], 2)
    await api.webhook_until(webhook["id"], lambda hook: hook["breaker_state"] == "open")
    receiver.status = 200
    off = await api.patch(f"/v1/webhooks/{webhook['id']}", {"circuit_breaker": {"consecutive_failures": 0}})
    assert off["breaker_state"] == "closed"
    await api.deliveries(1, "delivered")


async def test_the_breaker_opens_on_a_share_of_failures(api: Api, receiver: Receiver, endpoint: str):
    breaker = {"failure_share": 0.5, "minimum_attempts": 6, "cool_down_seconds": 3_600}
    webhook = await api.webhook(endpoint, circuit_breaker=breaker, retry={"max_retries": 0})
    for number in range(6):
        receiver.status = 200 if number % 2 else 500
        await api.event()
        await api.webhook_until(webhook["id"], lambda hook, made=number + 1: hook["health"]["total"] == made)
    assert (await api.webhook_until(webhook["id"], lambda _: True))["breaker_state"] == "closed"
    receiver.status = 500
    await api.event()
    await api.webhook_until(webhook["id"], lambda hook: hook["breaker_state"] == "open")


async def test_x06_the_list_and_the_chat_say_why(api: Api, receiver: Receiver, endpoint: str):
    await api.webhook(endpoint)
    receiver.status = 410
    await api.event()
    await api.deliveries(1, "failed")
    [listed] = (await api.get("/v1/webhooks"))["items"]
    assert (listed["state"], listed["disabled_reason"]) == ("disabled", "gone")
    said = (await api.say("list the webhooks"))["reply"]
    assert "disabled, because its endpoint answered that it is gone (410)" in said
