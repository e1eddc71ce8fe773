"""Properties: whatever is typed and answered, calls are valid, replies are plain, and nothing fails."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import ALL, HOUSE, Chat, failure, success

_PIECES = st.sampled_from(
    (
        "where is my order",
        "1042",
        "#A-1042",
        "cancel",
        "my subscription",
        "SUB-12",
        "sub-9",
        "book",
        "a haircut",
        "tomorrow",
        "at 3pm",
        "on 2026-02-31",
        "March 5",
        "next friday",
        "weather in",
        "Paris",
        "ana@example.com",
        "I'm Ana Smith",
        "my name is",
        "open a ticket:",
        "it is broken",
        "high",
        "priority",
        "not",
        "don't",
        "please",
        "yes",
        "no",
        "never mind",
        "and",
        "what about",
        "?",
        ".",
        ",",
        '"quoted 12"',
        "table for",
        "40",
        "two",
        "people",
        "+44 20 7946 0000",
        "is",
        "the",
        "order_number:",
        "email:",
        "refund",
        "damaged",
        "call me",
        "-1",
        "1e9",
        "99999999999999999999",
        "<b>",
        "i don't know",
        "again",
        "the first one",
        "address",
        "12 Main St, Springfield",
        "search for",
        "red shoes",
        "hello",
        "thanks",
        "\n",
        "₤",
    )
)
_MESSAGES = st.one_of(st.lists(_PIECES, max_size=7).map(" ".join), st.text(max_size=60))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
_RESULTS = st.one_of(
    _JSON.map(success),
    st.builds(success, _JSON, st.text(max_size=80)),
    st.builds(failure, st.sampled_from(["client_error", "network_error", "odd"]), st.just(500), _JSON),
    st.just({"accepted": True}),
    st.builds(lambda error: {"ok": False, "error": error}, st.text(max_size=40)),
    st.builds(
        lambda field, message: {"ok": False, "errors": [{"field": f"arguments.{field}", "message": message}]},
        st.sampled_from(["order_number", "date", "nothing", "", "guests[0]"]),
        _JSON,
    ),
    st.dictionaries(st.sampled_from(["status", "class", "body", "ok", "errors", "hint"]), _JSON, max_size=4),
)
_SLOW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_SLOW
@given(st.lists(_MESSAGES, min_size=1, max_size=6), st.sampled_from([ALL, HOUSE]), _RESULTS)
def test_calls_are_valid_or_a_question_is_asked(
    messages: list[str], tools: list[dict[str, Any]], result: dict[str, Any]
):
    """`Chat` checks each call against its schema."""
    chat = Chat(tools, lambda *_: result)
    for message in messages:
        assert chat.say(message).strip()
        assert len(chat.calls) <= 1


@_SLOW
@given(_JSON, st.text(max_size=80))
def test_a_report_is_plain_text(body: Any, directive: str):
    said = Chat(ALL, lambda *_: success(body, directive)).say("order 1042")
    assert not any(mark in said for mark in ("<", "](", "{", "}", "`", "\x1b", "\u202e"))
    assert len(said) < 6000


@_SLOW
@given(st.lists(_MESSAGES, min_size=1, max_size=4))
def test_arguments_hold_only_what_was_typed(messages: list[str]):
    chat = Chat(ALL)
    typed = ""
    for message in messages:
        typed += " " + message
        chat.say(message)
        for _, arguments in chat.calls:
            for name in ("order_number", "subscription_id", "sku", "customer_email", "query"):
                if name in arguments:
                    assert "".join(arguments[name].casefold().split()) in "".join(typed.casefold().split())
