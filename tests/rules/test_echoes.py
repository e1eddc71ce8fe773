import html
import json
import time
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.echoes import Echoes, scrub
from rules.header_fields import MASK

SECRET = 's3cr"et/\\kéy 😀+x=='
# Letters that no spelling below adds around the secret, so that what is left can be searched for it.
SECRETS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00•", exclude_categories=("Cc", "Zl", "Zp", "Cs")),
    min_size=4,
    max_size=24,
).filter(lambda text: text == text.strip())


def escaped(text: str) -> str:
    """Spell every character as \\uXXXX."""
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "json in its own letters": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json with \\/": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json, all escaped": escaped,
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent, path": quote,
    "form": quote_plus,
    "percent in json": lambda text: json.dumps({"url": quote(text)}),
    "json in percent": lambda text: quote(json.dumps(text)),
    "html": html.escape,
    "html, numeric": lambda text: "".join(f"&#x{ord(mark):X};" for mark in text),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 at offset 1": lambda text: b64encode(b"u" + text.encode() + b"~").decode(),
    "base64 at offset 2": lambda text: b64encode(b"u:" + text.encode() + b"~~").decode(),
    "base64, url": lambda text: urlsafe_b64encode(b"user:" + text.encode()).decode().rstrip("="),
    "base64 in percent": lambda text: quote(b64encode(text.encode()).decode(), safe=""),
    "base64 in lines": lambda text: encodebytes(b"x" * 50 + text.encode()).decode(),
    "base64 in lines in json": lambda text: json.dumps(encodebytes(b"x" * 50 + text.encode()).decode()),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("how", SPELLINGS)
@given(secret=SECRETS)
def test_a_secret_is_masked_however_it_is_spelled(how: str, secret: str):
    spelled = SPELLINGS[how](secret)
    scrubbed = scrub(f"<{spelled}>", [secret])
    assert MASK in scrubbed
    assert secret not in scrubbed
    assert scrub(f"<{spelled}>".encode(), [secret]) == scrubbed.encode()


@pytest.mark.parametrize("how", SPELLINGS)
def test_nothing_of_a_secret_is_left(how: str):
    assert scrub(f"<{SPELLINGS[how](SECRET)}> end", [SECRET]).endswith("> end")
    assert "éy" not in scrub(SPELLINGS[how](SECRET), [SECRET])


@given(st.text(), st.lists(SECRETS, max_size=3))
def test_scrubbing_twice_changes_nothing_more(text: str, secrets: list[str]):
    once = scrub(text, secrets)
    assert scrub(once, secrets) == once


@given(st.text(), st.text(max_size=3))
def test_short_secrets_are_left(text: str, secret: str):
    assert scrub(text, [secret]) == text


@given(st.text("abc %\\&u0;\n", max_size=200), st.text("XYZ", min_size=6, max_size=12))
def test_a_text_without_the_secret_stays_as_it_is(text: str, secret: str):
    assert scrub(text, [secret]) is text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


def texts(value: Any) -> list[str]:
    """List the texts and names in a JSON value."""
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in (name, *texts(item))]
    return (
        [text for item in value for text in texts(item)]
        if isinstance(value, list)
        else [value] * isinstance(value, str)
    )


@given(JSON_VALUES, SECRETS)
def test_json_is_scrubbed_in_names_and_nested_values(value: Any, secret: str):
    around = {f"a{secret}b": [value, {"x": [secret, 1]}], "plain": value}
    scrubbed = scrub(around, [secret])
    assert not any(secret in text for text in texts(scrubbed))
    assert scrubbed[f"a{MASK}b"][1]["x"] == [MASK, 1]


def test_json_without_the_secret_is_the_very_same():
    value = {"a": [1, "x", None, True, 2.5]}
    assert scrub(value, [SECRET]) is value


def test_a_number_that_is_the_secret_is_masked():
    assert scrub({"pin": 48151623, "n": 5}, ["48151623"]) == {"pin": MASK, "n": 5}


def test_the_part_after_a_scheme_is_masked_too():
    assert scrub("invalid token abc123", ["Bearer abc123"]) == f"invalid token {MASK}"


def test_both_sides_of_basic_credentials_are_masked():
    value = "Basic " + b64encode(b"ana:correct horse").decode()
    assert scrub("ana / correct horse / ana:correct horse", [value]) == f"ana / {MASK} / {MASK}"
    assert scrub("password is correct-horse", ["ana:correct-horse"]) == f"password is {MASK}"


@given(SECRETS, st.integers(4, 24), st.sampled_from([str, escaped, SPELLINGS["percent"], SPELLINGS["base64"]]))
def test_the_beginning_of_a_secret_is_masked_where_the_text_was_cut(
    secret: str, length: int, spell: Callable[[str], str]
):
    whole = spell(secret)
    cut = whole[: max(len(whole) * length // 25, 0)]
    assume(len(cut) < len(whole))
    scrubbed = scrub(f"got: {cut}", [secret], cut=True)
    assert secret[:5] not in scrubbed


def test_a_cut_within_an_escape_is_masked_as_well():
    assert scrub("x \\u0061\\u0062\\u0063\\u0064\\u00", ["abcdefgh"], cut=True) == f"x {MASK}\\u00"
    assert scrub("x abcdefg", ["abcdefgh"]) == "x abcdefg"


@pytest.mark.parametrize(
    "text",
    [
        "\\u0041" * 170_000,
        "%41" * 350_000,
        "\\u0041%41&amp;\n" * 60_000,
        "abcd" * 260_000,
        "\\" * 1_000_000,
        "ab" * 500_000,
    ],
)
def test_a_megabyte_takes_linear_time(text: str):
    echoes = Echoes(["abcdefgh", "abcd", "a" * 2_000, "\\\\\\\\\\\\x"])
    started = time.process_time()
    echoes.scrub_text(text[: len(text) // 4], cut=True)
    quarter = time.process_time() - started
    started = time.process_time()
    echoes.scrub_text(text, cut=True)
    assert time.process_time() - started < max(0.5, quarter * 12)
