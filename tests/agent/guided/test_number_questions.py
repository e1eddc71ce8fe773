"""A pending question for a number takes a number, with its unit, and nothing that is a message of its own."""

import pytest
from trade import suggestions, trade

_ASKED_FOR_TIMEOUT = "set timeout of shipping to 3 minutes"


@pytest.mark.parametrize(
    "said", ["12", "12 seconds", "twelve", "make it 12", "use 12 please", "ok then 12", "12000 ms", "0.2 min"]
)
def test_a_number_is_taken_with_its_unit(said: str):
    world = trade()
    world.say(_ASKED_FOR_TIMEOUT)
    world.say(said)
    assert world.acts == [("edit_webhook", {"webhook_id": "wh_1", "timeout_ms": 12000})]


@pytest.mark.parametrize(
    "said", ["pause shipping for 2 hours", "disable 2", "test stock 2", "show 5 deliveries", "list 5 webhooks"]
)
def test_a_message_with_its_own_command_is_no_answer(said: str):
    world = trade()
    world.say(_ASKED_FOR_TIMEOUT)
    world.say(said)
    assert world.acts == []


def test_the_command_in_between_is_carried_on_with():
    world = trade()
    world.say(_ASKED_FOR_TIMEOUT)
    answer = world.say("pause shipping for 2 hours")
    assert suggestions(answer) == ['Disable "shipping"']


@pytest.mark.parametrize("said", ["2 hours", "2 days", "y", "yes"])
def test_what_is_no_number_of_seconds_in_range_is_asked_about_again(said: str):
    world = trade()
    world.say(_ASKED_FOR_TIMEOUT)
    world.say(said)
    assert world.acts == []
    world.say("7")
    assert world.acts == [("edit_webhook", {"webhook_id": "wh_1", "timeout_ms": 7000})]


def test_hours_are_no_number_of_retries():
    world = trade()
    world.say("set retries of shipping to 30")
    world.say("3 hours")
    assert world.acts == []


def test_at_most_is_not_taken_as_at_least():
    world = trade()
    world.say("only send stock trust at least 150")
    world.say("at most 70")
    assert ("set_trust_filter", {"webhook_id": "wh_2", "min": 70}) not in world.acts
