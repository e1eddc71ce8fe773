"""Conditions said in everyday words: a comparison stays with what it was said of, and the named webhook is kept."""

from typing import Any

import pytest
from trade import suggestions, trade


def condition(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": f"properties.{field}", "operator": operator, "value": value}


_AMOUNT = condition("amount", "gt", 100)


@pytest.mark.parametrize(
    ("said", "webhook", "conditions"),
    [
        (
            "only send billing if amount > 100 and currency is EUR",
            "wh_3",
            [_AMOUNT, condition("currency", "eq", "EUR")],
        ),
        ("only send billing if amount > 100 and status is paid", "wh_3", [_AMOUNT, condition("status", "eq", "paid")]),
        ("only send stock if quantity is below 10", "wh_2", [condition("quantity", "lt", 10)]),
        ("only send stock if quantity is 10", "wh_2", [condition("quantity", "eq", 10)]),
        (
            "only send stock if quantity is between 10 and 20",
            "wh_2",
            [condition("quantity", "gte", 10), condition("quantity", "lte", 20)],
        ),
        (
            "send stock only when the quantity is below 10 and amount is at least 5",
            "wh_2",
            [condition("quantity", "lt", 10), condition("amount", "gte", 5)],
        ),
        ("only send stock if cart weight is over 5", "wh_2", [condition("cart_weight", "gt", 5)]),
        ("send stock only when the cart weight is below 5", "wh_2", [condition("cart_weight", "lt", 5)]),
        ("only send stock where shipping country is DE", "wh_2", [condition("shipping_country", "eq", "DE")]),
        (
            "only send billing if amount > 100 and invoice status is paid",
            "wh_3",
            [_AMOUNT, condition("invoice_status", "eq", "paid")],
        ),
    ],
)
def test_an_unknown_word_is_confirmed_as_a_payload_field(said: str, webhook: str, conditions: list[Any]):
    world = trade()
    answer = world.say(said)
    assert world.acts == []
    assert "I take that to be about properties." in answer.text
    assert len(suggestions(answer)) == 1
    world.say("yes")
    assert world.acts == [("set_conditions", {"webhook_id": webhook, "conditions": conditions})]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("only send stock below 10", "under 10"),
        ("only send stock over 100", "over 100"),
        ("only send purchases over 200 to stock", "over 200"),
        ("only send stock where my own shelf is over 5 and properties.quantity at most 3", "over 5"),
    ],
)
def test_a_number_said_of_nothing_is_asked_about_as_it_was_said(said: str, kept: str):
    world = trade()
    answer = world.say(said)
    assert world.acts == []
    assert len(suggestions(answer)) == 2
    for offered in suggestions(answer):
        assert kept in offered
        assert offered.endswith('"stock"')


def test_one_condition_or_the_other_is_not_made_into_both():
    world = trade()
    answer = world.say("only send properties.a over 1 or properties.b under 5 to stock")
    assert world.acts == []
    assert "have to hold" in answer.text


def test_an_unknown_word_in_a_command_that_is_no_filter_makes_no_condition():
    world = trade()
    assert suggestions(world.say("disable stock if errors > 5")) == ['Disable "stock"']


def test_a_new_webhook_gets_the_condition_that_was_said():
    world = trade()
    world.say("create webhook parcels to https://x.example.com/in for purchases with amount > 100")
    [(_, made)] = world.acts
    assert made["conditions"] == [_AMOUNT]
