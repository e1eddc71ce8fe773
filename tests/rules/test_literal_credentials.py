import pytest

from rules.header_fields import MASK
from rules.literal_credentials import mask_headers, mask_value, masked, masked_change


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
