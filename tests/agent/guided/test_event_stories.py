"""A question about one event or one delivery is answered from its own deliveries."""

import pytest
from trade import suggestions
from world import World, delivery, three

OWN = "order-1001"


def world() -> World:
    found = World.of(*three())
    late = {"status": "retrying", "status_code": 500, "error": "HTTP 500"}
    found.deliveries = [
        delivery(9),
        delivery(8, event_id=OWN, event_type="purchase"),
        delivery(
            7, event_id=OWN, event_type="purchase", webhook_id="wh_3", status="delivered", status_code=200, error=""
        ),
        delivery(6, event_id="order-1002", webhook_id="wh_1", **late),
    ]
    return found


@pytest.mark.parametrize(
    "asked",
    [
        "why did order-1001 fail",
        "why was order-1001 not delivered?",
        "what happened to order-1001?",
        'what happened to "order-1001"?',
        "what happened with the event order-1001?",
        "where is order-1001?",
        "was order-1001 delivered?",
        "show me order-1001",
    ],
)
def test_an_event_of_our_own_naming(asked: str):
    told = world().say(asked).text
    assert told.splitlines()[:3] == [
        "The latest deliveries of the event order-1001:",
        "1. “Slack alerts” · purchase · failed · HTTP 401 · Unauthorized · 2999-01-08T00:00:00Z · dlv_8",
        "2. “Orders” · purchase · delivered · HTTP 200 · 2999-01-07T00:00:00Z · dlv_7",
    ]
    assert "dlv_9" not in told


@pytest.mark.parametrize("asked", ["why did evt_9 fail?", "what happened to evt_9", "diagnose evt_9", "show evt_9"])
def test_an_event_by_our_id(asked: str):
    told = world().say(asked).text
    assert "1. “Slack alerts” · interview.completed · failed" in told
    assert "dlv_8" not in told


def test_why_names_the_cause_and_the_fixes():
    ours = world()
    answer = ours.say("why did order-1001 fail?")
    assert ("diagnose_webhook", {"webhook_id": "wh_2"}) in ours.calls
    assert "“Slack alerts”: unauthorized." in answer.text
    assert ours.acts == []
    ours.say(suggestions(answer)[0])
    assert [name for name, _ in ours.acts] == ["edit_endpoint"]


def test_what_failed_can_be_retried():
    ours = world()
    answer = ours.say("what happened to order-1001?")
    assert suggestions(answer) == ["Retry dlv_8", 'Diagnose "Slack alerts"']
    ours.say("Retry dlv_8")
    assert ours.acts == [("retry_delivery", {"delivery_id": "dlv_8"})]


def test_an_event_that_nothing_is_known_of():
    ours = world()
    told = ours.say("why did order-7 fail?").text
    assert told.startswith("Among the latest deliveries there is none of the event order-7.")
    assert ours.acts == []


def test_a_webhook_that_is_called_so_is_meant_before_an_event():
    ours = world()
    ours.webhooks["wh_1"]["name"] = "order-1001"
    ours.say("why did order-1001 fail?")
    assert ours.calls[-1] == ("diagnose_webhook", {"webhook_id": "wh_1"})


@pytest.mark.parametrize("asked", ["why did dlv_8 fail?", "what happened to dlv_8", "show dlv_8"])
def test_a_delivery_by_its_id(asked: str):
    ours = world()
    answer = ours.say(asked)
    assert answer.text.startswith("Delivery dlv_8: interview.completed, failed.")
    assert suggestions(answer) == ["Retry dlv_8", "Diagnose wh_2"]
