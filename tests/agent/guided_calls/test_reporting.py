"""How results are told: the telling fields in plain words, and nothing in them made live."""

from typing import Any

import pytest
from shop import AVAILABLE, CANCEL, IMAGE, INJECTION, ORDER, SEARCH, TICKET, Chat, failure, success, text, tool

from rules.outcomes import Cause, Fault, Reply
from rules.responses import envelope, read_reply

_TICKET = "Open a ticket: the door is broken. High priority. My name is Ana Smith, ana@x.org"


def answered(result: dict[str, Any], tool: dict[str, Any] = ORDER, message: str = "order 1042"):
    chat = Chat([tool], lambda *_: result)
    said = chat.say(message)
    assert len(chat.calls) == 1
    return said


def test_fields_are_told_with_readable_labels():
    said = answered(success({"status": "in_transit", "estimated_delivery": "2026-03-06", "paid": True}))
    assert "Status: in transit." in said
    assert "Estimated delivery: 2026-03-06." in said
    assert "Paid: yes." in said


def test_the_session_object_is_never_told():
    said = answered(success({"status": "new", "session": {"client_data": {"patient_id": "pat_1"}}}))
    assert "pat_1" not in said
    assert "ession" not in said


def test_a_list_is_summarised():
    said = answered(success([{"name": f"Shoe {n}", "price": n} for n in range(7)]), SEARCH, "search for shoes")
    assert "Entries (7): Shoe 0 (price 0); Shoe 1 (price 1); Shoe 2 (price 2) and 4 more" in said


def test_the_seed_s_ticket_directive_gives_words_to_say():
    directive = "Confirm the created ticket number to the customer and say our team will get in touch within 24h."
    said = answered(success({"ticket_number": "T-77"}, directive), TICKET, _TICKET)
    assert said == "Done. Ticket number: T-77. Our team will get in touch within 24h."


@pytest.mark.parametrize(("status", "told"), [("delivered", True), ("in_transit", False)])
def test_the_seed_s_order_directive_is_evaluated_not_printed(status: str, *, told: bool):
    directive = (
        "Inform the customer of the order status clearly. If the status is 'delivered', congratulate them. "
        "If 'in_transit', provide the estimated delivery."
    )
    said = answered(success({"status": status, "estimated_delivery": "2026-03-06"}, directive))
    assert ("Congratulations" in said) is told
    assert "Inform the customer" not in said


@pytest.mark.parametrize(("available", "told"), [(True, False), (False, True)])
def test_the_seed_s_availability_directive_tells_when_there_is_none(*, available: bool, told: bool):
    directive = (
        "If the 'available' field is true, offer the time slots from the 'slots' list. "
        "If false, inform there is no availability and ask if they want to be notified."
    )
    body = {"available": available, "slots": ["10:00", "11:00"] if available else []}
    said = answered(success(body, directive), AVAILABLE, "is sku AB-12 available")
    assert ("There is no availability." in said) is told
    assert ("10:00, 11:00" in said) is not told


def test_quoted_wording_of_a_directive_is_said():
    said = answered(success({"id": 7}, 'Tell the customer "We will call you before noon".'))
    assert said.endswith("We will call you before noon.")


def test_a_condition_that_cannot_be_evaluated_says_nothing():
    said = answered(success({"id": 7}, "If the price is over 10, say our prices are fair."))
    assert "fair" not in said


def test_a_silent_action_is_acknowledged():
    assert answered({"accepted": True}) == "Done — I have passed that on."


def test_a_declined_call_is_said_to_be_undone():
    said = answered({"ok": False, "declined": True, "note": "no"}, CANCEL, "cancel subscription SUB-1")
    assert said == "All right, I have not done that."


def test_a_failure_is_told_with_its_reason_and_whether_to_try_again():
    assert answered(failure("not_found", 404, {"error": "No such order"})) == (
        "I could not find that. It said: “No such order”."
    )
    assert "try again" in answered(failure("rate_limited", 429, retryable=True))
    assert "try again" not in answered(failure("auth_error", 401))


def test_whether_a_write_took_effect_is_not_pretended_to_be_known():
    said = answered(failure("network_error", None), CANCEL, "cancel subscription SUB-1")
    assert "cannot tell whether it took effect" in said


@pytest.mark.parametrize(
    ("exchange", "method", "told"),
    [
        (Reply(500, {}, b"", 1), "GET", "Nothing was changed by asking, so you can try again later."),
        (Reply(503, {}, b"", 1), "GET", "It may work in a moment if you try again."),
        (Reply(500, {}, b"", 1), "POST", "I cannot tell whether it took effect, so I will not try again by myself."),
        (Fault(Cause.RESPONSE_TIMEOUT, "", 1), "POST", "I cannot tell whether it took effect"),
        (Fault(Cause.TLS_EXPIRED, "", 1), "POST", "I could not reach the system that should answer this."),
    ],
)
def test_what_a_failed_call_may_have_done_is_told_by_the_method_behind_the_hint(
    exchange: Reply | Fault, method: str, told: str
):
    made = tool("parcel", "Whereabouts of a parcel.", ["parcel_number"], parcel_number=text())
    result = envelope(read_reply(exchange, method=method))
    said = answered(result, made, "parcel number 77812")
    assert told in said
    assert said.count("try again") <= 1


def test_a_read_that_failed_is_said_to_have_no_effect():
    made = tool("order_status", "Look up where an order is.", ["order_number"], order_number=text())
    said = answered(failure("server_error", 500), made)
    assert "Nothing was changed by asking, so you can try again later." in said


def test_a_good_status_that_reports_a_failure_is_not_called_done():
    said = answered(success({"status": "error", "message": "Out of hours"}), CANCEL, "cancel subscription SUB-1")
    assert said == "That did not work. “Out of hours”."


def test_an_empty_answer_is_told():
    assert answered(success(None)) == "I found nothing."
    assert answered(success(None), CANCEL, "cancel subscription SUB-1") == "Done."


@pytest.mark.parametrize(
    "body",
    [
        INJECTION,
        {"message": INJECTION},
        {"status": INJECTION, INJECTION: INJECTION},
        {"items": [{"name": INJECTION, INJECTION: 1}]},
        [INJECTION],
        {"customer": {"name": INJECTION}},
        {"error": {"message": INJECTION}},
    ],
)
@pytest.mark.parametrize("class_", ["success", "client_error"])
def test_hostile_text_is_printed_dead(body: Any, class_: str):
    said = answered(success(body) if class_ == "success" else failure(class_, 400, body))
    for mark in ("<", "](", "![", "\u202e", "\u200b", "\x1b", "\x07", "{", "}"):
        assert mark not in said


def test_an_image_is_described():
    body = {"labels": ["cat", "sofa"], "description": "A cat on a sofa"}
    said = answered(success(body, "Describe what was identified in the image."), IMAGE, "analyze my image")
    assert "“A cat on a sofa”" in said
    assert "Labels (2): cat, sofa" in said
