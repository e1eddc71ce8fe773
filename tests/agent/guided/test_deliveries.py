"""The delivery log in the chat: whose it is, what counts as failed, and what each row says."""

import pytest
from world import World, delivery, three

LATER = {"status": "retrying", "status_code": 500, "error": "HTTP 500"}


def log(text: str, *deliveries: dict[str, object], opening: str = "") -> tuple[World, str]:
    world = World.of(*three())
    world.deliveries = list(deliveries) or world.deliveries
    if opening:
        world.say(opening)
    return world, world.say(text).text


def asked_for(world: World) -> list[dict[str, object]]:
    return [args for name, args in world.calls if name == "list_deliveries"]


@pytest.mark.parametrize("opening", ["", "show wh_3"])
@pytest.mark.parametrize(
    "text",
    [
        "show deliveries of CRM",
        "show the deliveries of CRM sync",
        "show CRM deliveries",
        "CRM deliveries",
        "list deliveries from crm",
        "what are the deliveries of CRM?",
        "latest failures of crm",
    ],
)
def test_the_deliveries_of_a_webhook_named_without_quotes_are_its_own(text: str, opening: str):
    world, said = log(text, opening=opening)
    assert asked_for(world)
    assert all(args["webhook_id"] == "wh_1" for args in asked_for(world))
    assert "of “CRM sync”" in said


@pytest.mark.parametrize("text", ["show deliveries", "show failed deliveries", "show the deliveries of all webhooks"])
def test_a_list_over_all_webhooks_says_whose_each_delivery_is(text: str):
    world, said = log(text, delivery(9), delivery(8, webhook_id="wh_1"), opening="show wh_3")
    assert not any("webhook_id" in args for args in asked_for(world))
    assert "1. “Slack alerts” · interview.completed" in said
    assert "2. “CRM sync” · interview.completed" in said


def test_the_deliveries_of_an_unknown_webhook_are_asked_about():
    world, said = log("show deliveries of Foo Bar", opening="show wh_3")
    assert asked_for(world) == []
    assert "I don't know a webhook called “Foo Bar”" in said


@pytest.mark.parametrize("when", ["from Monday", "on Monday", "at noon"])
def test_a_time_is_no_webhook(when: str):
    world, _ = log(f"show deliveries {when}")
    assert [args for args in asked_for(world) if "webhook_id" not in args]


def test_a_retry_names_no_webhook_that_is_not_known():
    world, said = log("retry the last failed delivery of Foo", opening="show wh_3")
    assert world.acts == []
    assert "I don't know a webhook called “Foo”" in said


def test_what_is_retried_after_a_failure_is_among_the_failed():
    _, said = log("show failed deliveries", delivery(7), delivery(8, **LATER), delivery(6, status="delivered"))
    assert said.splitlines() == [
        "The latest failed or retrying deliveries:",
        "1. “Slack alerts” · interview.completed · retrying · HTTP 500 · 2999-01-08T00:00:00Z · dlv_8",
        "2. “Slack alerts” · interview.completed · failed · HTTP 401 · Unauthorized · 2999-01-07T00:00:00Z · dlv_7",
    ]


def test_a_delivery_of_that_list_is_retried_by_its_place():
    world, _ = log("show failed deliveries", delivery(7), delivery(8, **LATER))
    world.say("retry the second one")
    assert world.acts == [("retry_delivery", {"delivery_id": "dlv_7"})]


def test_the_last_failed_delivery_may_be_one_that_still_waits():
    world, _ = log("retry the last failed delivery", delivery(8, **LATER))
    assert world.acts == [("retry_delivery", {"delivery_id": "dlv_8"})]
