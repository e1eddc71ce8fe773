import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.header_fields import MASK
from rules.literal_credentials import mask_body, mask_headers, mask_value, masked, masked_change


@pytest.mark.parametrize("value", ["$token", "Bearer $token", "Basic ${my key}", "$user.token", "", "Token $keys[0]"])
def test_a_variable_is_no_credential(value: str):
    assert mask_value(value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer abc", f"Bearer {MASK}"),
        ("abc", MASK),
        ("abcdefghijklmnopqrstuvwxyz $token", MASK),
        ("Bearer abc$token", f"Bearer {MASK}"),
        ("$token abc", MASK),
        ("two words", MASK),
    ],
)
def test_what_is_written_out_is_masked_but_for_its_scheme(value: str, shown: str):
    assert mask_value(value) == shown


def test_rendered_headers_that_look_secret_show_their_scheme_only():
    headers = {"Authorization": "Bearer abc", "X-Api-Key": "$abc", "Accept": "text/plain"}
    assert mask_headers(headers) == {"Authorization": f"Bearer {MASK}", "X-Api-Key": MASK, "Accept": "text/plain"}


def test_headers_and_query_are_masked_by_their_names():
    integration = {
        "url": "https://api.example.com/x?api_key=abc&page=2&token=$tok#key=1",
        "method": "GET",
        "headers": [{"key": "Authorization", "value": "Bearer abc"}, {"key": "Accept", "value": "text/plain"}],
    }
    shown = masked(integration)
    assert shown["url"] == f"https://api.example.com/x?api_key={MASK}&page=2&token=$tok#key=1"
    assert shown["headers"] == [
        {"key": "Authorization", "value": f"Bearer {MASK}"},
        {"key": "Accept", "value": "text/plain"},
    ]
    assert integration["headers"][0]["value"] == "Bearer abc"


def test_a_replaced_credential_shows_that_it_is_new_but_not_what_it_is():
    def integration(value: str) -> dict[str, object]:
        return {"url": "https://a.example/", "headers": [{"key": "Authorization", "value": value}]}

    assert masked_change(integration("Bearer a"), integration("Bearer a")) == masked(integration("Bearer a"))
    shown = masked_change(integration("Bearer a"), integration("Bearer b"))
    assert shown["headers"][0]["value"] == f"Bearer {MASK} (new value)"


def test_a_replaced_credential_in_a_url_shows_too():
    before = {"url": "https://a.example/?token=abc", "headers": []}
    assert masked_change(before, {"url": "https://a.example/?token=xyz", "headers": []})["url"].endswith("(new value)")
    assert masked_change(before, before)["url"] == f"https://a.example/?token={MASK}"


def test_a_body_s_written_out_credentials_are_masked_wherever_they_stand():
    written = {"login": [{"password": "hunter2hunter2", "user": "shop"}], "api_key": "$key", "token": "Bearer abcdef"}
    body = {**written, "api_key": "value-of-the-variable"}
    assert mask_body(body, written) == {
        "login": [{"password": MASK, "user": "shop"}],
        "api_key": "value-of-the-variable",
        "token": f"Bearer {MASK}",
    }


def test_short_words_and_other_shapes_in_a_body_stay():
    assert mask_body({"key": "size", "token": 7}, {"key": "size", "token": 7}) == {"key": "size", "token": 7}
    assert mask_body("text", {"token": "abcdefgh"}) == "text"


@given(
    st.recursive(
        st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["token", "user", "api_key"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.text("abcdef0123", min_size=8, max_size=20),
)
def test_no_credential_that_a_body_writes_out_is_left(around: Any, secret: str):
    written = {"around": around, "deep": [{"password": secret}]}
    shown = mask_body(written, written)
    assert shown["deep"] == [{"password": MASK}]
    assert mask_body(around, around) == around
    assert json.dumps(shown["around"]) == json.dumps(around)
