"""Which trigger a message is for, when its own words are in it; and what is said to a question back."""

import pytest
from shop import ALL, DESK, LOOK_UP, ORDER, Chat


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        ("open a ticket about order 77: late", "open_ticket", {"order_id": "77", "issue": "late"}),
        ("Open a ticket for order 77, the parcel is broken", "open_ticket", {"order_id": "77"}),
        ("please open a ticket: order 77 never arrived", "open_ticket", {"order_id": "77"}),
        ("can you open a ticket, the status of my order 77 is wrong", "open_ticket", {"order_id": "77"}),
        ("store feedback: you are great", "store_feedback", {"message": "you are great"}),
        ("I want to complain about the rude courier", "store_feedback", {"message": "the rude courier"}),
        ("I'd like to complain, the shop was dirty", "store_feedback", {}),
        ("what is the order status of 77", "order_status", {"order_number": "77"}),
    ],
)
def test_a_trigger_s_own_words_win(said: str, name: str, arguments: dict[str, str]):
    chat = Chat(DESK)
    chat.say(said)
    assert [called for called, _ in chat.calls] == [name]
    assert arguments.items() <= chat.calls[0][1].items()


def test_a_trigger_that_is_named_asks_for_what_it_needs_not_which_is_meant():
    chat = Chat(DESK)
    assert "What is the order ID?" in chat.say("open a ticket: the parcel is broken")
    chat.say("77")
    assert chat.calls == [("open_ticket", {"order_id": "77", "issue": "the parcel is broken"})]


@pytest.mark.parametrize(
    "said", ["don't open a ticket", "what happens if I open a ticket about order 77: late?", "I opened a ticket"]
)
def test_a_trigger_that_is_named_but_not_asked_for_is_not_called(said: str):
    chat = Chat(DESK)
    chat.say(said)
    assert "open_ticket" not in [name for name, _ in chat.calls]


@pytest.mark.parametrize(
    "back",
    [
        "What do you need?",
        "what for?",
        "Which order number?",
        "why do you need that?",
        "huh?",
        "What was the question?",
    ],
)
def test_a_question_back_is_answered_with_the_question_and_what_it_is_for(back: str):
    chat = Chat(DESK)
    chat.say("where is my order?")
    assert chat.say(back).startswith("I need the order number to look up where an order is. What is the order number?")
    chat.say("1042")
    assert chat.calls == [("order_status", {"order_number": "1042"})]


def test_a_question_back_is_not_taken_for_the_description():
    chat = Chat(DESK)
    chat.say("open a ticket about order 77")
    assert "I need the issue to open a ticket" in chat.say("what do you need?")
    assert chat.calls == []
    chat.say("the zip is broken")
    assert chat.calls == [("open_ticket", {"order_id": "77", "issue": "the zip is broken"})]


def test_a_question_back_repeats_a_confirmation_and_a_choice():
    chat = Chat(ALL)
    asked = chat.say("what if I cancel subscription SUB-1")
    assert chat.say("What do you mean?") == asked
    chat = Chat([ORDER, LOOK_UP])
    asked = chat.say("my order 1042")
    assert "What shall I do" in asked
    assert chat.say("what do you need?") == asked
    chat.say("the second one")
    assert chat.calls == [("order_status", {"order_number": "1042"})]
