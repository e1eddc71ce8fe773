"""The body of a request: the content type decides how it is written, and what it may not hold."""

import json
import math
from typing import Any

import pytest

from rules.errors import InvalidInput
from rules.header_fields import MASK
from rules.request_template import compile_body, render
from rules.template_limits import MAX_DIGITS
from rules.variables import Scope
from tests.rules.rendering import FORM, JSON, MULTIPART, PLAIN, SCOPE, request, sent, text_of


def test_a_value_in_a_string_becomes_text_and_a_bare_one_keeps_its_type():
    body = {"text": "$quantity and $sure", "keys": {"$user": ["$price"]}, "n": 5, "f": 1.5, "t": True, "z": None}
    rendered = sent(body)
    assert rendered.shown.body == {
        "text": "3 and true",
        "keys": {"ana": ["1.5"]},
        "n": 5,
        "f": 1.5,
        "t": True,
        "z": None,
    }
    assert json.loads(text_of(rendered)) == rendered.shown.body
    assert rendered.headers == {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "content_type", "sent_type", "expected"),
    [
        ('{"a": $quantity}', None, "application/json", '{"a":3}'),
        ("$images[0]", None, "application/json", '"https://i.example/1.png"'),
        ("a=$quantity", None, "text/plain; charset=utf-8", "a=3"),
        ("[INFO] $user", None, "text/plain; charset=utf-8", "[INFO] ana"),
        ('{"a": $quantity}', "text/plain", "text/plain", '{"a": 3}'),
        ('{"a": $name}', "application/vnd.api+json; v=1", None, '{"a":"Ana \\"A\\" Müller\\n"}'),
        ({"a": "$user"}, "application/cloudevents+json", None, '{"a":"ana"}'),
        ("q=$slash&$user=ü", FORM[0][1], None, "q=..%2Fa+b%2F%C3%BC%3F%26%23%3D%2B%252e&ana=ü"),
        ({"q": "$slash", "$user": "ü $note", "n": [1, None, "$no"]}, FORM[0][1], None,
         "q=..%2Fa+b%2F%C3%BC%3F%26%23%3D%2B%252e&ana=%C3%BC+&n=1&n=null&n=false"),
        ({}, FORM[0][1], None, ""),
        ("<a>$name</a>", "application/soap+xml", None, "<a>Ana &quot;A&quot; Müller\n</a>"),
        ("", "text/plain", None, ""),
        (0, None, "application/json", "0"),
        (False, None, "application/json", "false"),
        ([], None, "application/json", "[]"),
    ],
)  # fmt: skip
def test_the_content_type_decides_how_a_body_is_written(
    body: Any, content_type: str | None, sent_type: str | None, expected: str
):
    rendered = sent(body, [("content-type", content_type)] if content_type else [])
    assert text_of(rendered) == expected
    assert next(iter(rendered.headers.values())) == (sent_type or content_type)


def test_no_body_is_sent_without_one():
    rendered = render(request(), SCOPE)
    assert (rendered.body, rendered.shown.body, rendered.headers) == (None, None, {})


@pytest.mark.parametrize(
    "body", ['{"a": "$user" x}', '\ufeff{"a": "$user"}', ' [ {"a": "$user",}]', '["$user"', "[[1]$user]"]
)
def test_what_begins_like_json_and_is_not_is_refused_rather_than_sent_unescaped(body: str):
    with pytest.raises(InvalidInput, match=r"column \d+; for text that is no JSON, add the header Content-Type: text"):
        request(body=body)


@pytest.mark.parametrize(
    ("body", "headers", "field", "says"),
    [
        ({"a": {"b": ["${"]}}, [], "body.a.b.0", "the ${ at column 1 is not closed"),
        ({"a": {"b": "x\n ${}"}}, [], "body.a.b", "the ${} at line 2, column 2 names no variable"),
        ({"a": math.nan}, [], "body.a", "NaN or Infinity"),
        ({"a": {1}}, [], "body.a", "of type set, which is not JSON"),
        ({1: "a"}, [], "body", "a name that is not text"),
        ({"a": "\ud800"}, [], "body.a", "half a surrogate pair at column 1"),
        ({"a": 10**MAX_DIGITS}, [], "body.a", f"more than {MAX_DIGITS} digits"),
        ("[" + "9" * (MAX_DIGITS + 1) + "]", JSON, "body.0", f"more than {MAX_DIGITS} digits"),
        ({"a": {"b": 1}}, FORM, "body.a", "must be a text, number"),
        ({"a": [["b"]]}, MULTIPART, "body.a", "must be a text, number"),
        (["a"], FORM, "body", "must be an object of fields"),
        ("--x\r\n", MULTIPART, "body", "must be an object of fields"),
        ("a", [("Content-Type", "text/plain; charset=latin1")], "body", "charset=latin1"),
        ("\ud800", PLAIN, "body", "half a surrogate pair at column 1"),
        (b"bytes", [], "body", "of type bytes, which is not JSON"),
    ],
)
def test_a_body_that_cannot_be_safe_is_refused_with_its_place(body: Any, headers: Any, field: str, says: str):
    with pytest.raises(InvalidInput) as refused:
        request(headers=headers, body=body)
    assert refused.value.errors[0].field == field
    assert says in refused.value.errors[0].message


def test_the_fields_of_a_multipart_body_stay_apart():
    body = {'n"$user': "$slash", "list": ["$crlf", 2], "$token": ""}
    rendered = sent(body, MULTIPART)
    boundary = rendered.headers["Content-Type"].removeprefix("multipart/form-data; boundary=")
    start = f"--{boundary}\r\nContent-Disposition: form-data; name="
    assert text_of(rendered) == (
        f'{start}"n%22ana"\r\n\r\n../a b/ü?&#=+%2e\r\n{start}"list"\r\n\r\na\r\nX: y\r\n{start}"list"\r\n\r\n2\r\n'
        f'{start}"s3cr3t/+%22é"\r\n\r\n\r\n--{boundary}--\r\n'
    )
    assert rendered.shown.body == text_of(rendered).replace("s3cr3t/+%22é", MASK)
    assert sent(body, MULTIPART) == rendered


def test_a_multipart_boundary_never_occurs_in_a_value_and_tells_nothing_of_a_secret():
    def boundary(secret: str) -> str:
        scope = Scope({}, {"key": secret}, {}, {})
        return sent({"a": "$key"}, MULTIPART, scope).headers["Content-Type"].partition("boundary=")[2]

    usual = boundary("x")
    assert boundary("y") == usual
    assert boundary(f"--{usual}--") != usual


def test_a_body_can_be_compiled_alone():
    template = compile_body('{"text": "New lead: $profile.name.value", "raw": $profile}', None)
    assert template.content_type == "application/json"
    assert [slot.reference.name for slot in template.slots] == ["profile.name.value", "profile"]
