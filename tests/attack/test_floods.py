"""Input that is small to send and would be slow to judge."""

import time

from rules.javascript import to_number
from rules.outcomes import Reply
from webhooks.echoes import without_echoes
from webhooks.request import Request

MASKED = "••••••"


def test_long_digits_with_a_letter_are_judged_in_no_time() -> None:
    started = time.perf_counter()
    assert to_number("9" * 250_000 + "x") != to_number("9")
    assert time.perf_counter() - started < 1


def test_secret_that_the_size_limit_cut_in_two_is_masked() -> None:
    headers = {"Authorization": "Bearer a-long-secret"}
    request = Request(headers, b"", {"Authorization": MASKED})
    reply = Reply(401, {}, b"no such token: a-long-se", 1, truncated=True)
    masked = without_echoes(reply, request)
    assert isinstance(masked, Reply)
    assert masked.body.decode() == f"no such token: {MASKED}"


def test_secret_in_a_query_is_masked() -> None:
    request = Request({"Authorization": "a/b+c=d"}, b"", {"Authorization": MASKED})
    masked = without_echoes(Reply(302, {"location": "/login?token=a%2Fb%2Bc%3Dd"}, b"", 1), request)
    assert isinstance(masked, Reply)
    assert masked.headers["location"] == f"/login?token={MASKED}"
