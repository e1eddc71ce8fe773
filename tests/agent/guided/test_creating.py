"""The name of a new webhook: one word between "webhook" and its URL."""

import pytest
from trade import trade

_URL = "https://x.example.com/in"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (f"create webhook parcels to {_URL} for shipment.created", "parcels"),
        (f"create webhook mailing to {_URL}", "mailing"),
        (f"create webhook shipping to {_URL}", "shipping"),
        (f"new webhook refunds {_URL}", "refunds"),
        (f"create webhook Payments to {_URL}", "Payments"),
        (f"add webhook order-sync at {_URL}", "order-sync"),
        (f"create webhook refunds: {_URL}", "refunds"),
    ],
)
def test_the_word_before_the_url_is_the_name(said: str, name: str):
    world = trade()
    world.say(said)
    [(tool, made)] = world.acts
    assert (tool, made["name"], made["url"]) == ("create_webhook", name, _URL)


@pytest.mark.parametrize(
    "said",
    [
        f"create webhook to {_URL}",
        f"create a webhook that posts to {_URL}",
        f"set up a webhook pointing to {_URL}",
        f"set up a webhook please {_URL}",
        f"create a webhook for purchases to {_URL}",
        f"create webhook url {_URL}",
    ],
)
def test_other_words_are_no_name(said: str):
    world = trade()
    world.say(said)
    [(tool, made)] = world.acts
    assert tool == "create_webhook"
    assert "name" not in made
