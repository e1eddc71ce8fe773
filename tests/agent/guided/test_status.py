"""Whether everything is well: one answer that does not contradict what follows it."""

import pytest
from trade import suggestions, trade
from world import World, delivery

ASKED = ["is everything ok?", "everything ok?", "everything fine?", "how is everything going?", "is anything broken?"]


def world(**states: str) -> World:
    """Give the trade's webhooks, some in another state, with nothing that failed in the log."""
    found = trade()
    found.deliveries = []
    for one in found.webhooks.values():
        one["state"] = states.get(one["name"], one["state"])
    return found


@pytest.mark.parametrize("asked", ASKED)
def test_all_is_well(asked: str):
    assert world().say(asked).text.startswith("All is well: no webhook is failing; 3 in all.")


@pytest.mark.parametrize("asked", ASKED)
def test_only_what_fails_is_listed_when_something_does(asked: str):
    said = world(stock="failing").say(asked).text
    assert said.startswith("1 of 3 webhooks is failing:")
    assert "shipping" not in said


@pytest.mark.parametrize("asked", ASKED)
def test_deliveries_that_failed_are_not_kept_quiet_about(asked: str):
    quiet = world()
    quiet.deliveries = [delivery(9), delivery(8)]
    answer = quiet.say(asked)
    assert answer.text.startswith("No webhook is failing now, but 2 deliveries have failed and were not sent since.")
    assert "All is well" not in answer.text
    assert suggestions(answer)[:2] == ["Show the failed deliveries", "Retry the failed ones"]


def test_an_open_alert_is_no_all_clear():
    alarmed = world()
    alarmed.alerts = [{"summary": "The success rate of stock dropped to 40 %."}]
    said = alarmed.say("is everything ok?").text
    assert said.startswith("No webhook is failing now, but 1 alert is open:\n- The success rate of stock")
    assert "All is well" not in said


def test_a_webhook_that_was_disabled_for_failing_is_no_all_clear():
    stopped = world(stock="disabled")
    stopped.webhooks["wh_2"] |= {"enabled": False, "disabled_reason": "failing"}
    said = stopped.say("is everything ok?").text
    assert said.startswith("1 of 3 webhooks is failing:\n1. “stock” ")
    assert "disabled, because it failed for too long" in said


def test_a_webhook_that_somebody_disabled_is_well():
    stopped = world(stock="disabled")
    stopped.webhooks["wh_2"]["enabled"] = False
    said = stopped.say("is everything ok?").text
    assert said.startswith("All is well: no webhook is failing; 3 in all. 1 is disabled: “stock”.")
