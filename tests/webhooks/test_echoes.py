"""What an endpoint repeats of a webhook's own secrets, in a delivery's log."""

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from rules.header_fields import MASK
from rules.outcomes import Reply
from webhooks.echoes import without_echoes
from webhooks.request import Request

SECRET = 'a/b+c="d" é'


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET).replace("/", "\\/"),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        b64encode(b"user:" + SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_a_secret_header_that_comes_back_is_masked_however_it_is_spelled(spelled: str):
    request = Request({"Authorization": f"Bearer {SECRET}", "X-Plain": "kept"}, b"", {"X-Plain": "kept"})
    reply = Reply(401, {"location": f"/x?t={quote(SECRET)}"}, f"no such token: {spelled}, kept".encode(), 1)
    masked = without_echoes(reply, request)
    assert isinstance(masked, Reply)
    assert masked.headers["location"] == f"/x?t={MASK}"
    assert masked.body.decode().endswith(", kept")
    assert MASK in masked.body.decode()
    assert spelled not in masked.body.decode()


def test_an_answer_that_repeats_nothing_stays_as_it_is():
    request = Request({"Authorization": "Bearer a-long-secret"}, b"", {})
    reply = Reply(200, {"x": "y"}, b"\xff\xfe all is well", 1)
    assert without_echoes(reply, request) == reply
