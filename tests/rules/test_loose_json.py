import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import InvalidInput
from rules.json_source import read_json
from rules.loose_json import MAX_DOCUMENT_CHARACTERS, read_integration
from rules.request_template import Rendered, compile_request, render
from rules.variables import Scope

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)
EXAMPLES: dict[str, str] = json.loads((Path(__file__).parents[1] / "vectors" / "worked_examples.json").read_text())
SCOPE = Scope(
    {"session.id": "ses_1", "company.id": "co_1", "assistant.id": "as_1", "images": ["https://i/1", "https://i/2"]},
    {"erp_token": "E", "helpdesk_api_key": "H", "vision_api_key": "V"},
    {"customer_name": "Ana", "customer_email": "ana@x.example"},
    {"order_number": "A/1", "issue_title": 'It says "no"', "issue_description": "a\nb", "priority": "high"},
)


def rendered(name: str) -> Rendered:
    document = read_integration(EXAMPLES[name])
    headers = [(header["key"], header["value"]) for header in document["headers"]]
    template = compile_request(
        method=document["method"], url=document["url"], headers=headers, body=document.get("body")
    )
    return render(template, SCOPE)


def test_the_first_worked_example_checks_an_order():
    request = rendered("Check order status")
    assert (request.method, request.url) == ("GET", "https://erp.company.com/api/orders/A%2F1")
    assert request.headers == {"Authorization": "Bearer E"}
    assert (request.body, request.warnings) == (None, ())


def test_the_second_worked_example_creates_a_ticket():
    request = rendered("Create support ticket")
    assert (request.method, request.url) == ("POST", "https://helpdesk.company.com/api/tickets")
    assert request.headers == {
        "Authorization": "Bearer H",
        "X-Session-ID": "ses_1",
        "Content-Type": "application/json",
    }
    assert json.loads(request.body or b"") == {
        "title": 'It says "no"',
        "description": "a\nb",
        "priority": "high",
        "customer": {"name": "Ana", "email": "ana@x.example"},
        "origin": {"channel": "whatsapp", "session": "ses_1", "company": "co_1"},
    }
    assert request.warnings == ()


def test_the_third_worked_example_sends_images_from_an_unquoted_variable():
    assert isinstance(read_integration(EXAMPLES["Analyze image sent by user"])["body"], str)
    request = rendered("Analyze image sent by user")
    assert (request.method, request.url) == ("POST", "https://api.vision.company.com/analyze")
    assert json.loads(request.body or b"") == {
        "image_url": "https://i/1",
        "all_images": ["https://i/1", "https://i/2"],
        "session_ref": "ses_1",
    }
    assert request.headers == {"Authorization": "Bearer V", "Content-Type": "application/json"}


def test_a_trigger_with_its_integration_is_read_as_well():
    text = '{"integration": {"body": {"a": [1, $b]}}, "parameters": {"properties": {"body": {"type": "string"}}}}'
    assert read_integration(text) == {
        "integration": {"body": '{"a": [1, $b]}'},
        "parameters": {"properties": {"body": {"type": "string"}}},
    }


@pytest.mark.parametrize("body", ["$images", '[ $a ,"$b"]', '{"body": $a}', "${any name}"])
def test_a_body_with_bare_variables_keeps_its_source(body: str):
    assert read_integration(f'{{"body" : {body} , "url": "$x ${{"}}') == {"body": body, "url": "$x ${"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n  "url": $url\n}', "the variable `$url` at line 2, column 10 must stand in quotes outside of a body"),
        ('{"headers": [{"key": "a", "value": $token}]}', "`$token` at column 36"),
        ('{"body": [$a}', "a comma or ] is expected at column 13"),
        ("[]", "must be a JSON object"),
        ("$all", "must be a JSON object"),
        ("", "a value is expected"),
        ('{"a": 1, "a": 1}', "given twice"),
        ('{"a": 1} // done', "something follows"),
        ("[" * 5_000, "nests deeper"),
        (" " * (MAX_DOCUMENT_CHARACTERS + 1), "at most 262144"),
    ],
)
def test_what_is_no_integration_is_refused_with_its_place(text: str, says: str):
    with pytest.raises(InvalidInput) as refused:
        read_integration(text)
    assert refused.value.errors[0].field.startswith("document")
    assert says in refused.value.errors[0].message


@given(st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=5), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_plain_json_is_read_as_python_reads_it(document: dict[str, Any], indent: Any, ensure_ascii: bool):  # noqa: FBT001 - drawn
    assert read_integration(json.dumps(document, indent=indent, ensure_ascii=ensure_ascii)) == document


def strictly(text: str) -> Any:
    """Parse as the standard library does, but refuse what RFC 8259 does not know and names given twice."""

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError(pairs)
        return dict(pairs)

    def finite(number: str) -> float:
        if not math.isfinite(float(number)):
            raise ValueError(number)
        return float(number)

    value = json.loads(text, object_pairs_hook=record, parse_constant=finite, parse_float=finite)
    json.dumps(value, ensure_ascii=False).encode()
    return value


FRAGMENTS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    '"a"',
    '"b"',
    "1",
    "-",
    "0",
    ".5",
    "e9",
    "e999",
    "true",
    "null",
    " ",
    "\n",
]
FRAGMENTS += ["NaN", "-Infinity", "\\", "\\u00e9", "\\ud83d", "\\ude00", "\\n", "\x00", "é", "\u2028", "'", "/"]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_exactly_what_is_json_can_be_read(text: str):
    try:
        expected = strictly(text)
    except (ValueError, RecursionError):
        with pytest.raises(InvalidInput):
            read_json(text, "x")
    else:
        read_json(text, "x")
        assert read_integration(f'{{"x": {text}}}') == {"x": expected}
