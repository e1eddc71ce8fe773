"""Webhooks whose name is a common word are found by it, and none is taken for another one."""

import pytest
from world import World, three, webhook


def house(name: str) -> World:
    """Give a conversation about "CRM sync", in a workspace where a webhook is called `name`."""
    world = World.of(*three(), webhook("wh_4", name))
    world.say("show wh_1")
    return world


@pytest.mark.parametrize("name", ["Webhook", "Endpoint", "Test", "Delivery", "Signups", "webhook"])
@pytest.mark.parametrize(
    ("command", "tool"),
    [
        ("disable {}", "set_enabled"),
        ("please delete {}", "delete_webhook"),
        ("test {}", "test_webhook"),
        ("rename {} to Foo", "edit_webhook"),
        ("set the timeout of {} to 5 seconds", "edit_webhook"),
        ("only send completed to {}", "set_event_filter"),
        ("turn off {}", "set_enabled"),
    ],
)
def test_a_common_word_that_is_a_name_names_its_webhook(name: str, command: str, tool: str):
    world = house(name)
    world.say(command.format(name))
    assert [(made, args["webhook_id"]) for made, args in world.acts] == [(tool, "wh_4")]


@pytest.mark.parametrize("name", ["Webhook", "Endpoint", "Test", "Signups"])
@pytest.mark.parametrize("question", ["show {}", "why is {} failing?"])
def test_a_common_word_that_is_a_name_is_looked_at(name: str, question: str):
    world = house(name)
    world.say(question.format(name))
    assert world.calls[-1][1] == {"webhook_id": "wh_4"}


def test_the_webhook_may_be_the_one_spoken_of_or_the_one_called_so():
    world = house("Webhook")
    answer = world.say("disable the webhook")
    assert world.acts == []
    assert answer.additional_kwargs["suggestions"] == ['Disable "CRM sync"', 'Disable "Webhook"']
    world.say("Webhook")
    assert world.acts == [("set_enabled", {"webhook_id": "wh_4", "enabled": False})]


@pytest.mark.parametrize("command", ["disable it", "disable this webhook"])
def test_it_and_this_webhook_stay_the_one_spoken_of(command: str):
    world = house("Webhook")
    world.say(command)
    assert world.acts == [("set_enabled", {"webhook_id": "wh_1", "enabled": False})]


@pytest.mark.parametrize("command", ["disable the webhook", "disable webhook", "disable Webhook"])
def test_without_such_a_name_the_word_means_the_one_spoken_of(command: str):
    world = house("Billing")
    world.say(command)
    assert world.acts == [("set_enabled", {"webhook_id": "wh_1", "enabled": False})]


@pytest.mark.parametrize("command", ["list the webhooks", "show webhooks", "set up a webhook", "create webhook"])
def test_webhooks_and_a_new_webhook_are_no_names(command: str):
    world = house("Webhook")
    world.say(command)
    assert "wh_4" not in str(world.calls)


@pytest.mark.parametrize("name", ["Checkout", "Delivery", "Customers", "Test", "Sessions"])
@pytest.mark.parametrize("command", ["disable {}", "test {}", "set the timeout of {} to 5 seconds"])
def test_a_name_in_small_letters_is_never_taken_for_another_webhook(name: str, command: str):
    world = house(name)
    answer = world.say(command.format(name.lower()))
    assert world.acts == []
    assert any(f'"{name}"' in one for one in answer.additional_kwargs["suggestions"])
