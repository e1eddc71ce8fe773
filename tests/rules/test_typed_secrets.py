import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.typed_secrets import HIDDEN, hide_secrets


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("set the header to Authorization: Bearer sk-live-123456", f"set the header to Authorization: Bearer {HIDDEN}"),
        ("X-Api-Key: abc", f"X-Api-Key: {HIDDEN}"),
        ("password=$ecret", f"password={HIDDEN}"),
        ("use api_key=9f8e7d", f"use api_key={HIDDEN}"),
        ("the token is 4711-0815-a", f"the token is {HIDDEN}"),
        ("sign with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", f"sign with {HIDDEN}"),
        ("send it to https://joe:pw@example.com/x", f"send it to https://{HIDDEN}@example.com/x"),
        ('{"Authorization": "Token t0psecret"}', f'{{"Authorization": "Token {HIDDEN}"}}'),
        ("curl -H 'Authorization: Bearer abc' -d x", f"curl -H 'Authorization: Bearer {HIDDEN}' -d x"),
        ('curl -H "X-Api-Key: abc"', f'curl -H "X-Api-Key: {HIDDEN}"'),
        ("curl https://x.example/?api_key=abc&id=7", f"curl https://x.example/?api_key={HIDDEN}&id=7"),
        ("curl -u joe:abc https://x.example/", f"curl -u joe:{HIDDEN} https://x.example/"),
        ("curl -u 'joe:a b' https://x.example/", f"curl -u 'joe:{HIDDEN}' https://x.example/"),
        ('curl --user="joe:abc" x.example', f'curl --user="joe:{HIDDEN}" x.example'),
        ("curl -b sid=abc x.example", f"curl -b {HIDDEN} x.example"),
        ("curl --oauth2-bearer 'abc' x.example", f"curl --oauth2-bearer '{HIDDEN}' x.example"),
        ('curl -d \'{"password": "a b", "id": 7}\'', f'curl -d \'{{"password": "{HIDDEN}", "id": 7}}\''),
        ("Bearer abcdef0123456789", f"Bearer {HIDDEN}"),
    ],
)
def test_a_typed_credential_is_hidden_and_the_wish_stays(typed: str, stored: str):
    assert hide_secrets(typed) == stored


@pytest.mark.parametrize(
    "message",
    [
        "only when trust is at least 70",
        "set up a webhook to https://api.example.com/hooks?x=1",
        "change the auth header",
        "rotate the secret of wh_01m7y80m",
        "what is a bearer token?",
        "the token is wrong",
        "add the header Authorization: Bearer $erp_token to get_order",
        'curl -H "X-Api-Key: ${ERP_KEY}" https://x.example/',
        "curl -u $user -H 'Accept: */*' https://x.example/?id=7",
    ],
)
def test_what_is_no_credential_stays_as_typed(message: str):
    assert hide_secrets(message) == message


@given(st.text(max_size=200))
def test_hiding_twice_changes_nothing_more(message: str):
    assert hide_secrets(hide_secrets(message)) == hide_secrets(message)
