import json
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.importers.curl import from_curl
from integrations.importers.draft import Draft
from rules.errors import FieldError, InvalidInput

LINES = [row["line"] for row in json.loads((Path(__file__).parents[2] / "vectors" / "curl.json").read_text())]
PIECES = [
    "'",
    '"',
    "\\",
    "\n",
    " ",
    "$",
    "${",
    "$'",
    "`",
    "|",
    "&",
    ";",
    "<",
    ">",
    "(",
    "[hidden]",
    "{",
    "}",
    "{{x}}",
    "<id>",
]
PIECES += [
    "$x",
    "-d",
    "-H",
    "-F",
    "-u",
    "--json",
    "-G",
    "@",
    "=",
    "%",
    "#",
    "^",
    '^"',
    " ^\n",
    "\0",
    "\ufdd0",
    "\ud800",
    "²",
]
PIECES += ["null", "1e999", "[1]", "[", '{"a":1}', "http://[::1]", "..", "é", "\u2028", "\xa0", "xn--", "-m", "½"]


@st.composite
def mangled(draw: st.DrawFn) -> str:
    line = draw(st.sampled_from(LINES))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(line)))
        line = line[:start] + draw(st.sampled_from(PIECES)) + line[start + draw(st.sampled_from([0, 0, 1, 5])) :]
    return line


def read(text: str, taken: set[str]) -> tuple[Draft | None, list[FieldError]]:
    try:
        return from_curl(text, taken), []
    except InvalidInput as refusal:
        return None, refusal.errors


@given(mangled() | st.text().map("curl {}".format), st.sets(st.sampled_from(["erp_token", "id", "title", "x"])))
def test_any_text_is_a_draft_or_refused_in_words(line: str, taken: set[str]):
    draft, errors = read(line, taken)
    assert all(error.field == "curl" and error.message for error in errors)
    if draft is not None:
        assert not taken & {secret.name for secret in draft.secrets}
        assert not taken & draft.trigger["parameters"]["properties"].keys()


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=40))
def test_a_credential_never_stays_in_the_trigger_or_the_notes(value: str):
    value = f"s3{value}longer"
    line = (
        f"curl 'https://api.store.com/services/T1/h{value}?api_key=q{value}' "
        f"-H 'Authorization: Bearer {value}' -H 'X-Api-Key: x{value}' -b 'sid=c{value}' "
        f"""--json '{{"password":"p{value}","list":[{{"token":"t{value}"}}],"title":"A"}}'"""
    )
    draft = from_curl(line)
    assert value.lower() not in (json.dumps([draft.trigger, draft.notes]) + repr(draft)).lower()
    kept = {f"{mark}{value}" for mark in ("h", "q", "", "x", "sid=c", "p", "t")}
    assert {secret.value for secret in draft.secrets} == kept


@pytest.mark.parametrize(
    ("start", "repeated", "end"),
    [
        ("curl https://x.example/?a=1", "&b=1", ""),
        ("curl 'https://x.example/", "${a", "'"),
        ("curl https://x.example/ --json '[", "1,", "1]'"),
        ("curl https://x.example/ --json '", "[", "'"),
        ("curl https://x.example/ -d '", "[hidden] ", "'"),
        ("curl https://x.example/ ", "'[hidden] ", ""),
        ("", "curl ", ""),
        ("", "/a/curl/", " curl"),
        ("curl https://x.example/", " \n", "``"),
        ("curl https://x.example/ -d ", "\\", "x"),
        ("curl https://x.example/ ", "-H a:b ", ""),
        ("curl https://x.example/ -H 'Authorization: Bearer ", "TOKEN", "1'"),
        ("curl https://x.example/ -F 'a=b", ";type=", "'"),
        ("curl https://x.example/ ^\n -d ", '^"', ""),
    ],
)
def test_hostile_repetition_takes_linear_time(start: str, repeated: str, end: str):
    text = start + repeated * ((65_000 - len(start + end)) // len(repeated)) + end
    started = process_time()
    read(text, set())
    assert process_time() - started < 5  # a quadratic way takes minutes; this takes a tenth of a second
