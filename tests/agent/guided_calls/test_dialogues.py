"""Whole conversations: questions, answers, changes of mind, and what is used again."""

from typing import Any

import pytest
from langchain_core.messages import SystemMessage
from shop import ALL, BOOK, CALLBACK, HOUSE, ORDER, SEED, TICKET, Chat, failure, success, text, tool


def test_a_missing_order_number_is_asked_for_and_the_answer_is_read_whole():
    chat = Chat(SEED)
    assert "What is the order number?" in chat.say("where is my order?")
    chat.say("it's 1042")
    assert chat.calls == [("check_order_status", {"order_number": "1042"})]
    chat.say("and 1043?")
    assert chat.calls == [("check_order_status", {"order_number": "1043"})]
    chat.say("sorry, I meant 1044")
    assert chat.calls == [("check_order_status", {"order_number": "1044"})]


def test_a_ticket_is_gathered_one_question_at_a_time():
    chat = Chat(SEED)
    assert "describe the issue" in chat.say("I want to open a support ticket")
    assert "Which priority: low, medium or high?" in chat.say("My screen flickers. It began yesterday.")
    assert chat.suggestions == ["Low", "Medium", "High"]
    assert "does not fit" in chat.say("urgent")
    assert "your name" in chat.say("High please")
    assert "your email" in chat.say("I'm Ana Smith")
    assert "e-mail address" in chat.say("ana at example")
    chat.say("sorry: ana@example.com")
    assert chat.calls == [
        (
            "create_support_ticket",
            {
                "issue_title": "My screen flickers",
                "issue_description": "My screen flickers. It began yesterday.",
                "priority": "high",
                "customer_name": "Ana Smith",
                "customer_email": "ana@example.com",
            },
        )
    ]


def test_an_answer_that_says_more_saves_questions():
    chat = Chat(SEED)
    chat.say("open a ticket")
    assert "priority" in chat.say("The door jams. My name is Ana Smith and my email is ana@example.com")
    chat.say("low")
    assert chat.calls[0][1]["customer_name"] == "Ana Smith"
    assert chat.calls[0][1]["issue_description"] == "The door jams."


def test_what_was_typed_earlier_is_used_again_and_that_is_said():
    chat = Chat(SEED)
    assert "I will use that" in chat.say("my email is bob@x.org")
    chat.say("open a ticket: the parcel is wet")
    chat.say("low")
    said = chat.say("Bob")
    assert chat.calls[0][1]["customer_email"] == "bob@x.org"
    assert "earlier" in said
    assert "bob@x.org" in said


def test_an_order_number_from_earlier_is_confirmed_before_something_is_done_with_it():
    chat = Chat([ORDER, *HOUSE])
    chat.say("where is order 1042?")
    chat.say("I want a refund, it came damaged")
    assert chat.calls == []
    chat.say("yes")
    assert chat.calls == [("request_refund", {"order_number": "1042", "reason": "damaged"})]


def test_never_mind_drops_the_request():
    chat = Chat(ALL)
    chat.say("cancel my subscription")
    assert "dropped" in chat.say("never mind")
    chat.say("SUB-12")
    assert chat.calls == []


def test_another_request_goes_first_and_then_the_question_comes_back():
    chat = Chat(SEED)
    chat.say("open a ticket")
    chat.say("my order never arrived")
    said = chat.say("where is order 1042?")
    assert chat.calls == [("check_order_status", {"order_number": "1042"})]
    assert "Which priority" in said
    assert "your name" in chat.say("low")


def test_a_description_may_name_another_deed():
    chat = Chat(SEED)
    chat.say("open a ticket")
    assert "Which priority" in chat.say("my order 1042 never arrived")
    assert chat.calls == []


def test_two_numbers_are_asked_about_and_one_is_picked_by_its_place():
    chat = Chat(SEED)
    assert "1042 or 1043" in chat.say("status of orders 1042 and 1043")
    chat.say("the second one")
    assert chat.calls == [("check_order_status", {"order_number": "1043"})]


def test_two_requests_in_one_message_are_asked_about():
    chat = Chat(ALL)
    assert "What shall I do" in chat.say("please check order 1042 and the weather in Paris")
    chat.say(chat.suggestions[1])
    assert chat.calls[0][0] == "get_weather"


def test_a_question_about_a_deed_does_not_do_it():
    chat = Chat(ALL)
    assert "Shall I cancel" in chat.say("what happens if I cancel my subscription SUB-7?")
    chat.say("no")
    assert chat.calls == []
    chat.say("I cancelled my subscription SUB-7 yesterday")
    assert chat.calls == []


def test_a_story_is_not_an_order():
    chat = Chat(ALL)
    assert "Shall I update" in chat.say("I moved to 12 Main St, Springfield")
    chat.say("yes please")
    assert chat.calls == [("update_address", {"address": "12 Main St, Springfield"})]


@pytest.mark.parametrize("message", ["don't cancel my subscription SUB-7", "please do not cancel subscription SUB-7"])
def test_what_is_forbidden_is_not_done(message: str):
    chat = Chat(ALL)
    chat.say(message)
    assert chat.calls == []


def test_what_cannot_be_read_is_asked_again_and_can_be_left():
    chat = Chat(ALL)
    chat.say("book a haircut on 2026-04-01")
    for _ in range(2):
        assert "What is the time?" in chat.say("whenever it suits you best")
    assert "never mind" in chat.say("whenever it suits you best")
    assert "without the time" in chat.say("I don't know")
    chat.say("cancel")
    assert chat.calls == []


def test_a_relative_date_needs_to_know_today():
    with_today, without = Chat([BOOK]), Chat([BOOK], messages=[SystemMessage("You help.")])
    with_today.say("book a haircut tomorrow at 3pm")
    assert with_today.calls[0][1]["date"] == "2026-03-04"
    assert "2026-03-05" in without.say("book a haircut tomorrow at 3pm")
    without.say("2026-03-20")
    assert without.calls == [("book_appointment", {"service": "haircut", "date": "2026-03-20", "time": "15:00"})]


@pytest.mark.parametrize("written", ["2026-02-30", "next friday", "03/04/2026", "someday"])
def test_a_date_that_is_not_clear_is_asked_for(written: str):
    chat = Chat([BOOK])
    assert "date" in chat.say(f"book a haircut on {written} at 10:00")
    assert chat.calls == []


def test_bounds_are_kept():
    chat = Chat(HOUSE)
    assert "from 1 to 12" in chat.say("a table for 40 people tomorrow")
    chat.say("six")
    assert chat.calls == [("reserve_table", {"guests": 6, "date": "2026-03-04"})]


def test_a_refused_argument_is_asked_for_and_not_sent_again():
    refusal = {
        "ok": False,
        "error": "The arguments do not fit.",
        "errors": [{"field": "arguments.order_number", "message": "must be an order of this year"}],
    }
    chat = Chat([ORDER], lambda *_: refusal)
    said = chat.say("order 1042")
    assert len(chat.calls) == 1
    assert said.startswith("The order number must be an order of this year. What is the order number?")
    chat.say("1042")
    assert chat.calls == []
    chat.say("1043")
    assert chat.calls == [("check_order_status", {"order_number": "1043"})]


def test_try_again_repeats_what_failed():
    chat = Chat([ORDER], lambda *_: failure("server_error", 503, retryable=True))
    assert "try again" in chat.say("order 1042")
    assert chat.suggestions == ["Try again"]
    chat.say("Try again")
    assert chat.calls == [("check_order_status", {"order_number": "1042"})]


def test_again_after_a_deed_is_confirmed():
    chat = Chat([CALLBACK], lambda *_: success({"id": 1}))
    chat.say("call me back on 0207946000")
    assert len(chat.calls) == 1
    chat.say("do it again")
    assert chat.calls == []


def test_an_image_without_words_is_looked_at():
    chat = Chat(SEED)
    chat.say("", image=True)
    assert chat.calls == [("analyze_image", {})]


def test_each_suggestion_is_understood_as_what_it_says():
    for place in range(6):
        chat = Chat(ALL)
        chat.say("hi")
        names = [one["function"]["name"] for one in ALL]
        said = chat.say(chat.suggestions[place])
        assert (chat.calls and chat.calls[0][0] == names[place]) or "I can" in said


def test_nothing_to_offer_is_said():
    assert "nothing" in Chat([]).say("hi")


def test_the_list_of_deeds_is_not_told_twice_in_a_row():
    chat = Chat(ALL)
    first, second = chat.say("flurb"), chat.say("flarb")
    assert "This is what I can do" in first
    assert "This is what I can do" not in second
    assert chat.suggestions


def test_the_same_messages_give_the_same_decision():
    def play() -> list[Any]:
        chat = Chat(ALL)
        lines = ("hi", "open a ticket", "my door is broken", "high", "Ana", "ana@x.org", "weather in Rome", "and Oslo?")
        return [(chat.say(line), chat.calls, chat.suggestions) for line in lines]

    assert play() == play()


def test_nested_objects_lists_references_and_defaults_are_filled():
    made = tool(
        "ship_items",
        "Ship items to an address.",
        ["skus", "to"],
        skus={"type": "array", "items": text(pattern="^[A-Z]{2}-[0-9]+$"), "minItems": 1},
        to={"type": "object", "properties": {"city": text(), "zip": text()}, "required": ["city", "zip"]},
        speed={"anyOf": [{"$ref": "#/$defs/speed"}, {"type": "null"}]},
        channel=text(default="chat"),
    )
    made["function"]["parameters"]["$defs"] = {"speed": text(enum=["slow", "express"])}
    chat = Chat([made])
    chat.say("ship items AB-1 and AB-2 to Lisbon, express, zip 1100")
    assert chat.calls == [
        (
            "ship_items",
            {"skus": ["AB-1", "AB-2"], "to": {"city": "Lisbon", "zip": "1100"}, "speed": "express", "channel": "chat"},
        )
    ]


def test_a_schema_that_no_answer_can_fit_ends_in_words():
    made = tool("odd_report", "Make an odd report.", ["thing"], thing={"type": "object", "minProperties": 1})
    chat = Chat([made])
    chat.say("make an odd report")
    for _ in range(3):
        chat.say("red")
    assert chat.calls == []


def test_a_hostile_pattern_does_not_hold_up_the_conversation():
    made = tool("redeem_code", "Redeem a code.", ["code"], code=text(pattern="^(a+)+$"))
    chat = Chat([made])
    chat.say("redeem code " + "a" * 40 + "!1")
    assert chat.calls == []


def test_a_question_is_passed_on_whole():
    faq = tool("faq", "Answers questions about opening hours and shipping costs.", ["question"], question=text())
    chat = Chat([faq, ORDER])
    chat.say("how much is shipping to Spain?")
    assert chat.calls == [("faq", {"question": "how much is shipping to Spain?"})]


def test_what_was_hidden_is_no_argument():
    chat = Chat(ALL)
    chat.say("where is my order?")
    chat.say("[hidden]")
    assert chat.calls == []


def test_dropping_and_asking_in_one_message_does_not_come_back():
    chat = Chat(ALL)
    chat.say("book an appointment")
    assert "Back to" not in chat.say("never mind, where is my order 1042?")
    assert chat.calls == [("check_order_status", {"order_number": "1042"})]


def test_an_image_with_a_request_is_not_looked_at_instead():
    chat = Chat(ALL)
    assert "Which priority" in chat.say("my order arrived broken, open a ticket", image=True)


def test_a_time_given_with_the_date_is_not_asked_for():
    chat = Chat(ALL)
    chat.say("book an appointment for colouring")
    chat.say("tomorrow at 9am")
    assert chat.calls == [("book_appointment", {"service": "colouring", "date": "2026-03-04", "time": "09:00"})]


def test_what_is_done_is_not_said_to_be_taken_back():
    chat = Chat(ALL, lambda *_: success({"id": 1}))
    chat.say("cancel subscription SUB-1")
    assert "cannot take it back" in chat.say("actually don't")
    assert chat.calls == []


def test_a_request_in_the_middle_is_not_part_of_the_description():
    chat = Chat(SEED)
    chat.say(
        "Hello, I'm Maria Silva. My order 5512 came with a broken zip. Can you open a ticket please? "
        "It smells too, so high priority. maria@silva.pt"
    )
    assert chat.calls[0][1]["issue_description"] == "My order 5512 came with a broken zip. It smells too"


def test_a_count_is_no_order_number():
    chat = Chat(SEED)
    assert "What is the order number" in chat.say("can you check 2 orders for me")


def test_a_title_is_made_of_the_description():
    chat = Chat([TICKET])
    chat.say("open a ticket: " + "the washing machine leaks and " * 8 + "it smells")
    chat.say("high")
    chat.say("Ana")
    chat.say("a@b.org")
    assert len(chat.calls[0][1]["issue_title"]) <= 80
