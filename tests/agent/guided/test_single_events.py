"""One event that is to be sent is a test of that type; a filter is never changed on it."""

import pytest
from world import World, three


def said(text: str, *answers: str) -> World:
    world = World.of(*three())
    world.say(text)
    for answer in answers:
        world.say(answer)
    return world


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("send a purchase event to CRM", {"webhook_id": "wh_1", "event_type": "purchase"}),
        ("could you send an interview.completed event to crm sync", {"event_type": "interview.completed"}),
        ("fire a purchase at CRM", {"webhook_id": "wh_1", "event_type": "purchase"}),
        ("send a sample order.shipped event to Orders", {"webhook_id": "wh_3", "event_type": "order.shipped"}),
        ("send an event to CRM", {"webhook_id": "wh_1"}),
        ("trigger a purchase event on Orders", {"webhook_id": "wh_3", "event_type": "purchase"}),
    ],
)
def test_one_event_is_a_test_of_its_type(text: str, arguments: dict[str, str]):
    world = said(text)
    assert [name for name, _ in world.acts] == ["test_webhook"]
    assert arguments.items() <= world.acts[0][1].items()


@pytest.mark.parametrize(
    "text",
    [
        "send purchase to CRM",
        "send a purchase event every day to CRM",
        "send me a purchase event when somebody buys",
        "send a purchase event with trust 80 to CRM",
        "send some purchase events to CRM",
        "send two purchase events to CRM",
        "send a few purchase events to CRM",
        "don't send a purchase event to CRM",
        "never send a purchase event to CRM",
        "send a purchase event to CRM?",
        "send a purchase event",
        "send a purchase event to Foo",
    ],
)
def test_what_may_be_one_event_or_all_of_a_kind_is_asked_about(text: str):
    world = World.of(*three())
    assert world.say(text).additional_kwargs["suggestions"]
    assert world.acts == []


def test_the_question_offers_both_and_both_are_understood():
    assert said("send purchase to CRM", "1").acts == [
        ("test_webhook", {"webhook_id": "wh_1", "event_type": "purchase"})
    ]
    assert [name for name, _ in said("send purchase to CRM", "2").acts] == ["set_event_filter"]


def test_the_type_outlives_the_question_which_webhook():
    assert said("send a purchase event", "CRM sync").acts == [
        ("test_webhook", {"webhook_id": "wh_1", "event_type": "purchase"})
    ]


@pytest.mark.parametrize("text", ["send purchases to CRM", "send purchase events to CRM", "only send purchase to CRM"])
def test_events_of_a_kind_are_a_filter(text: str):
    assert [name for name, _ in said(text).acts] == ["set_event_filter"]
