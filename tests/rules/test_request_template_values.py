"""The values of variables: secrets are masked, missing ones warned of, and what is no JSON refused."""

import math
from typing import Any

import pytest

from rules.errors import InvalidInput
from rules.header_fields import MASK
from rules.request_template import render
from rules.template_limits import MAX_DIGITS, MAX_RENDERED_BYTES
from rules.variables import Scope
from tests.rules.rendering import JSON, SCOPE, arguments, request, sent, text_of


def test_a_secret_is_masked_wherever_it_stands_and_its_name_reported():
    template = request(
        "https://a.example/$token/?k=$token#$api_key",
        [("Authorization", "Bearer $token")],
        '{"a": $token, "b": "x $token y", "$token": "$user"}',
    )
    rendered = render(template, SCOPE)
    assert rendered.url == "https://a.example/s3cr3t%2F%2B%22%C3%A9/?k=s3cr3t%2F%2B%22%C3%A9#k"
    assert rendered.shown.url == f"https://a.example/{MASK}/?k={MASK}#{MASK}"
    assert rendered.shown.headers == {"Authorization": f"Bearer {MASK}", "Content-Type": "application/json"}
    assert rendered.shown.body == {"a": MASK, "b": f"x {MASK} y", MASK: "ana"}
    assert rendered.used == {"token": MASK, "api_key": MASK, "user": "ana"}
    assert rendered.secrets == {"token", "api_key"}


@pytest.mark.parametrize("secret", ["top\r\nsecret", "top\ud800secret", "x" * (MAX_RENDERED_BYTES + 1)])
def test_a_refusal_never_repeats_a_secret(secret: str):
    with pytest.raises(InvalidInput) as refused:
        render(request(headers=[("X", "$key")]), Scope({}, {"key": secret}, {}, {}))
    assert "top" not in str(refused.value)
    assert len(str(refused.value)) < 200


DECLARE = "Store it as a secret, declare it as a parameter, or set it in client_data"


def test_each_substitute_for_a_value_leaves_one_warning():
    rendered = sent('{"a": "$note $unheard", "b": $note, "c": [$unheard, "$note"], "d": "$5"}', JSON)
    assert rendered.warnings == (
        "body.a: `$note` has no value; an empty text is sent",
        "body.a: there is no variable `$unheard`; it is sent as written. " + DECLARE,
        "body.b: `$note` has no value; null is sent",
        "body.c.0: there is no variable `$unheard`; null is sent. " + DECLARE,
        "body.c.1: `$note` has no value; an empty text is sent",
    )
    assert text_of(rendered) == '{"a":" $unheard","b":null,"c":[null,""],"d":"$5"}'


def test_system_variables_are_missing_and_never_lent_when_there_is_no_session():
    scope = Scope({}, {}, {"session": {"id": "forged"}, "session.id": "forged"}, {"images": ["forged"]})
    assert text_of(sent('["$session.id", $session.id, $images, $images[0]]', JSON, scope)) == '["",null,null,null]'


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [math.nan], {"a": {"b": -math.inf}}])
@pytest.mark.parametrize("body", ["[$v]", '["$v"]'])
def test_what_json_cannot_hold_is_refused(value: Any, body: str):
    with pytest.raises(InvalidInput, match=r"body.0: `\$v` is, or contains, NaN or Infinity"):
        sent(body, JSON, arguments(v=value))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([10**5000], "integer of more than 4000 digits"),
        ([-(10**100_000)], "integer of more than 4000 digits"),
        ({1: 2}, "a key that is not text"),
        ({"\udfff": 2}, "half a surrogate pair"),
        ([object()], "of type object, which is not JSON"),
        (b"x", "of type bytes, which is not JSON"),
    ],
)
@pytest.mark.parametrize("body", ["[$v]", '["$v"]', "$v"])
def test_a_value_that_is_no_json_is_refused(value: Any, says: str, body: str):
    with pytest.raises(InvalidInput) as refused:
        sent(body, JSON, arguments(v=value))
    assert says in refused.value.errors[0].message


def test_integers_up_to_the_limit_are_exact():
    number = 10 ** (MAX_DIGITS - 50) + 7
    assert text_of(sent("[$v]", JSON, arguments(v=number))) == f"[{number}]"
    assert text_of(sent({"n": number}, JSON)) == f'{{"n":{number}}}'
