import json
from copy import deepcopy
from time import process_time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.importers.draft import Draft
from integrations.importers.openapi import from_openapi
from integrations.importers.yaml_text import read_document
from rules.errors import FieldError, InvalidInput
from tests.integrations.importers.test_openapi import SHOP

TREE = read_document(SHOP)
VALUES: list[Any] = [
    *(
        None,
        1,
        -1.5,
        True,
        "",
        [],
        {},
        [None],
        "$x",
        "a\nb",
        "x" * 5000,
        ["a"],
        "{a}",
        "${a",
        "(",
        "binary",
        "array",
        "object",
    ),
    *({"$ref": f"#/components/schemas/{name}"} for name in ("Order", "Base", "None", "Order/allOf/0", "")),
    *({"$ref": 1}, {"$ref": "#"}, {"$ref": "http://x"}, 10**400, 1e308, "\ud800", "\ufdd0", "é$"),
    {"type": ["string", "null"]},
    {"allOf": [{"$ref": "#/components/schemas/Order"}] * 3},
    {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    {"type": "object", "required": ["a$b", "${"], "properties": {"a$b": {"type": "string"}, "${": {"type": "integer"}}},
]
MARKS = [
    "&a ",
    "*a",
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "\n",
    "  ",
    "'",
    '"',
    "!!binary ",
    "<<: *a",
    "\t",
    "%",
    "|",
    "> ",
    "? ",
    "---\n",
]


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


PLACES = places(TREE)[1:]


@st.composite
def changed_trees(draw: st.DrawFn) -> dict[str, Any]:
    tree = deepcopy(TREE)
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(PLACES))
        node: Any = tree
        for key in path:
            node = node[key] if (isinstance(node, dict) and key in node) or (isinstance(node, list) and node) else {}
        if isinstance(node, dict):
            node[draw(st.sampled_from([last, last, "$a", "enum", "const", "default"]))] = draw(st.sampled_from(VALUES))
    return tree


@st.composite
def changed_texts(draw: st.DrawFn) -> str:
    text = SHOP
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.sampled_from(MARKS)) + text[start + draw(st.sampled_from([0, 0, 1, 5])) :]
    return text


def read(document: Any) -> tuple[list[Draft], list[FieldError]]:
    try:
        return from_openapi(document), []
    except InvalidInput as refusal:
        return [], refusal.errors


@given(changed_trees() | changed_texts() | st.text())
def test_any_document_is_drafts_or_refused_in_words(document: Any):
    drafts, errors = read(document)
    assert all(error.field in {"openapi", "operations"} and error.message for error in errors)
    assert len({draft.trigger["name"] for draft in drafts}) == len(drafts)
    assert json.dumps([draft.trigger for draft in drafts], allow_nan=False)


def test_a_document_of_the_largest_size_is_read_in_seconds():
    paths = "".join(
        f"  /things{n}:\n    get: {{operationId: get{n}, summary: Get things number {n}}}\n" for n in range(24_000)
    )
    document = f"openapi: 3.1.0\nservers: [{{url: https://x.example}}]\npaths:\n{paths}"
    started = process_time()
    (draft,) = from_openapi(document, ["get23999"])
    assert draft.trigger["integration"]["url"] == "https://x.example/things23999"
    assert process_time() - started < 20  # two seconds on a slow machine; a quadratic way takes hours
