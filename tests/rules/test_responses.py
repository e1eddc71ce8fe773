import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.outcomes import Cause, Fault, Reply
from rules.response_body import read_body
from rules.responses import CallClass, envelope, read_reply, returned_client_data

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)
REPLIES = st.builds(
    Reply,
    st.integers(100, 999),
    st.dictionaries(
        st.sampled_from(["content-type", "location", "retry-after"]),
        st.text() | st.sampled_from(["application/json", "text/html; charset=latin-1", "https://evil.example/x", "30"]),
    ),
    st.binary() | JSON.map(lambda value: json.dumps(value).encode()),
    st.just(1),
    st.booleans(),
)
FAULTS = st.builds(Fault, st.sampled_from(list(Cause)), st.just("It did not answer."), st.just(1))


def reply(body: Any = b"", status: int = 200, *, truncated: bool = False, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, data, 1, truncated)


@given(REPLIES | FAULTS, st.sampled_from(["GET", "POST", "DELETE"]))
def test_any_exchange_becomes_an_envelope_within_the_limit(exchange: Reply | Fault, method: str):
    made = envelope(read_reply(exchange, method=method))
    assert list(made) == ["status", "class", "retryable", "hint", "body"]
    written = json.dumps(made, ensure_ascii=False, allow_nan=False)
    assert len(written) <= 20_000
    written.encode()
    assert "\x00" not in json.loads(written)["hint"]


@given(st.lists(st.text(max_size=400), max_size=400) | st.text(max_size=30_000) | JSON, st.integers(600, 5_000))
def test_a_long_body_is_cut_with_a_marker(body: Any, limit: int):
    result = read_reply(reply(body, content_type="application/json"))
    made = envelope(result, limit)
    assert len(json.dumps(made, ensure_ascii=False)) <= limit
    assert made["body"].get("truncated", False) is (made["body"]["untrusted"] != result.body)


def test_a_text_full_of_quotes_is_cut_within_the_limit():
    made = envelope(read_reply(reply(b'"\\' * 100_000)))
    assert 19_000 < len(json.dumps(made, ensure_ascii=False)) <= 20_000
    assert made["body"]["truncated"] is True


def test_a_long_list_keeps_its_shape():
    made = envelope(read_reply(reply([{"id": number, "text": "x" * 500} for number in range(200)])))
    assert made["body"]["truncated"] is True
    assert made["body"]["untrusted"][0]["id"] == 0
    assert made["body"]["untrusted"][-1].startswith("… ")


@given(REPLIES)
def test_only_untrusted_holds_what_the_endpoint_chose(exchange: Reply):
    loud = reply({"say": "PWNED"}, exchange.status, location="PWNED", retry_after="PWNED", content_type="PWNED")
    made = envelope(read_reply(loud))
    assert "PWNED" not in json.dumps({**made, "body": None})
    assert set(made["body"]) <= {"untrusted", "truncated"}


@pytest.mark.parametrize(
    ("status", "expected", "get", "post"),
    [
        (200, CallClass.SUCCESS, False, False),
        (204, CallClass.SUCCESS, False, False),
        (301, CallClass.REDIRECT, False, False),
        (400, CallClass.CLIENT_ERROR, False, False),
        (401, CallClass.AUTH_ERROR, False, False),
        (403, CallClass.AUTH_ERROR, False, False),
        (404, CallClass.NOT_FOUND, False, False),
        (409, CallClass.CONFLICT, False, False),
        (422, CallClass.CLIENT_ERROR, False, False),
        (429, CallClass.RATE_LIMITED, True, True),
        (500, CallClass.SERVER_ERROR, False, False),
        (503, CallClass.SERVER_ERROR, True, False),
    ],
)
def test_a_status_gives_a_class_and_whether_to_try_again(
    status: int,
    expected: CallClass,
    get: bool,  # noqa: FBT001 - a table of cases
    post: bool,  # noqa: FBT001 - a table of cases
):
    first, second = read_reply(reply(status=status)), read_reply(reply(status=status), method="POST")
    assert (first.class_, first.retryable, second.class_, second.retryable) == (expected, get, expected, post)


def test_a_post_that_may_have_taken_effect_is_not_to_be_repeated():
    lost = Fault(Cause.RESPONSE_TIMEOUT, "It did not answer within 20 seconds.", 20_000)
    assert read_reply(lost, method="POST").retryable is False
    assert "may or may not have taken effect" in read_reply(lost, method="POST").hint
    assert read_reply(lost, method="GET").retryable is True
    refused = Fault(Cause.CONNECTION_REFUSED, "Nothing listens there.", 3)
    assert read_reply(refused, method="POST").retryable is True


def test_a_fault_is_in_our_words_and_taints_nothing():
    made = envelope(read_reply(Fault(Cause.DNS_FAILURE, "The name example.com does not exist.", 3)))
    assert made == {
        "status": None,
        "class": "network_error",
        "retryable": True,
        "hint": "No answer came: the endpoint could not be reached. Trying again later may work.",
        "body": None,
    }


def test_a_redirect_names_its_host_and_only_that():
    result = read_reply(reply(status=302, location="https://login.example.com/ignore?all=rules"))
    assert "login.example.com" in result.hint
    assert "ignore" not in result.hint
    odd = read_reply(reply(status=302, location="https://do what I say/x"))
    assert "another path" in odd.hint


def test_the_wait_that_an_endpoint_asks_for_is_passed_on_as_a_number():
    assert "in 30 s," in read_reply(reply(status=429, retry_after="30")).hint
    assert "in 1 s," in read_reply(reply(status=429, retry_after="1")).hint
    assert "now obey" not in read_reply(reply(status=429, retry_after="now obey")).hint


def test_an_answer_that_was_cut_while_reading_is_marked():
    made = envelope(read_reply(reply(b"x" * 100, truncated=True)))
    assert (made["class"], made["body"]["truncated"]) == ("too_large", True)


@given(JSON)
def test_json_is_read_as_it_was_written(value: Any):
    data = json.dumps(value).encode()
    found = read_body(data, {"content-type": "application/problem+json"})
    if "\\u0000" not in json.dumps(value):
        assert found == value


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_become_something_that_can_be_stored(data: bytes, content_type: str):
    json.dumps(read_body(data, {"content-type": content_type}), ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        (b"", "application/json", None),
        (b'{"a": 1}', "text/html", {"a": 1}),
        (b"123", "text/plain", "123"),
        (b"123", "application/json", 123),
        (b"{broken", "application/json", "{broken"),
        ("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", "é"),
        ("a latin é".encode("latin-1"), "text/plain", "a latin �"),
        ('{"a":"é"}'.encode("utf-16"), "application/json", {"a": "é"}),
        (b'\xef\xbb\xbf{"a":1}', "", {"a": 1}),
        (b"caf\xc3\xa9", "text/plain; charset=zlib", "café"),
        (b"caf\xc3\xa9", "text/plain; charset=idna", "café"),
        (b"caf\xc3\xa9", "text/plain; charset=no-such", "café"),
        (b'{"a": NaN}', "application/json", '{"a": NaN}'),
        (b'{"a": 1e999}', "application/json", {"a": "1e999"}),
        (b'{"a": 12345678901234567890123}', "application/json", {"a": 12345678901234567890123}),
        (b'{"a": "\\ud800\\u0000"}', "application/json", {"a": "��"}),
        (bytes(range(128, 256)), "", "[128 bytes that are not text]"),
        (b"<h1>Bad gateway</h1>", "text/html", "<h1>Bad gateway</h1>"),
    ],
)
def test_a_body_is_json_when_it_is_json_and_text_otherwise(data: bytes, content_type: str, expected: Any):
    assert read_body(data, {"content-type": content_type}) == expected


def test_json_nested_too_deeply_is_text():
    assert isinstance(read_body(b"[" * 100 + b"]" * 100, {}), str)
    assert isinstance(read_body(b"[" * 100_000, {}), str)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"session": {"client_data": {"a": 1}}}, {"a": 1}),
        ({"session": {"client_data": "x"}}, "x"),
        ({"session": []}, None),
        ({"session.client_data": {"a": 1}}, None),
        ([], None),
        ("session", None),
        (None, None),
    ],
)
def test_client_data_is_found_only_where_it_belongs(body: Any, expected: Any):
    assert returned_client_data(body) == expected
