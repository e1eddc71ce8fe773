"""Numbers with a unit: the unit is kept, converted or asked about, never dropped."""

import pytest
from trade import suggestions, trade


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2 hours", "7200"),
        ("5 hours", "18000"),
        ("2 h", "7200"),
        ("2hrs", "7200"),
        ("2-hours", "7200"),
        ("two hours", "7200"),
        ("0.5 h", "1800"),
        ("2 days", "172800"),
        ("1 week", "604800"),
        ("2 months", "5184000"),
        ("3 minutes", "180"),
        ("an hour", "3600"),
        ("a minute", "60"),
        ("one week", "604800"),
    ],
)
def test_a_timeout_out_of_range_is_refused_in_any_unit(said: str, seconds: str):
    world = trade()
    answer = world.say(f"set timeout of shipping to {said}")
    assert world.acts == []
    assert answer.text == f"A timeout can be 1 to 30 seconds; {seconds} is outside of that. How many seconds?"
    assert suggestions(answer) == ['Set the timeout of "shipping" to 30 seconds']


def test_what_is_offered_in_place_of_too_little_is_one_second():
    answer = trade().say("set timeout of shipping to 100 ms")
    assert suggestions(answer) == ['Set the timeout of "shipping" to 1 second']


@pytest.mark.parametrize(
    ("said", "ms"),
    [("9 seconds", 9000), ("a second", 1000), ("1500 ms", 1500), ("0.25 min", 15000), ("ten", 10000)],
)
def test_a_timeout_within_range_is_converted(said: str, ms: int):
    world = trade()
    world.say(f"set timeout of shipping to {said}")
    assert world.acts == [("edit_webhook", {"webhook_id": "wh_1", "timeout_ms": ms})]


@pytest.mark.parametrize(
    "said",
    [
        "set timeout of shipping to 5%",
        "set timeout of shipping to 1 minute 30 seconds",
        "set timeout of shipping from 5 to 10 seconds",
        "set retries of shipping to 3 seconds",
        "set retries of shipping to 3 hours",
        "only send properties.duration over 5 seconds to stock",
        "only send properties.duration over 2 minutes to stock",
        "only send stock trust at least 30 seconds",
        "disable stock for 30 seconds",
        "disable stock for 2 months",
    ],
)
def test_a_unit_that_does_not_fit_changes_nothing(said: str):
    world = trade()
    world.say(said)
    assert world.acts == []


def test_seconds_do_not_become_a_trust_score():
    world = trade()
    world.say("only send trust at least 70 to stock")
    assert [name for name, _ in world.acts] == ["set_trust_filter"]
    world.say("make it 30 seconds")
    assert world.acts == []


def test_no_offer_drops_a_unit_that_stands_apart():
    world = trade()
    answer = world.say("set timeout of shipping to 2 and a half minutes")
    assert world.acts == []
    assert suggestions(answer)[0] == 'Change the timeout of "shipping"'
