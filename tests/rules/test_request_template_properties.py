import json
import sys
from collections.abc import Callable
from contextlib import suppress
from email.parser import BytesParser
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.errors import InvalidInput
from rules.request_template import compile_body, compile_request, render
from rules.variables import Scope

FORM = [("Content-Type", "application/x-www-form-urlencoded")]
MULTIPART = [("Content-Type", "multipart/form-data")]
JSON = [("Content-Type", "application/json")]
KEPT = "kept-from-everyone"
NAMES = ["a", "b", "c", "user", "user_id"]
HOSTILE = [
    "$a",
    "${user}",
    "$$",
    "$hidden",
    "${hidden}",
    '"',
    "\\",
    "\r\n",
    "\x00",
    "/",
    "..",
    "%2e",
    "?",
    "&",
    "=",
    "#",
    ";",
]
HOSTILE += ["+", " ", ",", "}", "]", ":", "é", "😀", "\u2028", "\x85", "--", "<", "null", "1"]
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=6).map("".join)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
SCOPES = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
# A template as a list: texts stand for themselves, one-item tuples for variables.
PIECES = st.lists(st.sampled_from(NAMES).map(lambda name: (name,)) | TEXTS, max_size=5)


def scope_of(values: dict[str, Any]) -> Scope:
    return Scope({}, {"hidden": KEPT}, values, {})


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def written(pieces: list[Any]) -> str:
    return "".join(f"${{{piece[0]}}}" if isinstance(piece, tuple) else piece.replace("$", "$$") for piece in pieces)


def filled(pieces: list[Any], values: dict[str, Any]) -> str:
    return "".join(as_text(values[piece[0]]) if isinstance(piece, tuple) else piece for piece in pieces)


class Bare(str):
    """A variable that stands for a whole JSON value."""

    __slots__ = ()


class Text(list[Any]):
    """A JSON string's pieces."""


TREES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.sampled_from(NAMES).map(Bare) | PIECES.map(Text),
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(PIECES, inner), max_size=4).map(tuple),
    max_leaves=12,
)


def source(tree: Any) -> str:
    if isinstance(tree, Bare):
        return f"${tree}"
    if isinstance(tree, Text):
        return json.dumps(written(tree))
    if isinstance(tree, list):
        return f"[{', '.join(map(source, tree))}]"
    if isinstance(tree, tuple):
        return f"{{{', '.join(f'{json.dumps(written(key))}: {source(value)}' for key, value in tree)}}}"
    return json.dumps(tree)


def expected(tree: Any, values: dict[str, Any]) -> Any:
    if isinstance(tree, Bare):
        return values[tree]
    if isinstance(tree, Text):
        return filled(tree, values)
    if isinstance(tree, list):
        return [expected(item, values) for item in tree]
    if isinstance(tree, tuple):
        keys = [filled(key, values) for key, _ in tree]
        assume(len(keys) == len(set(keys)) == len({written(key) for key, _ in tree}))
        return {key: expected(value, values) for key, (_, value) in zip(keys, tree, strict=True)}
    return tree


@given(TREES, SCOPES)
def test_a_json_body_differs_from_its_template_only_at_the_slots(tree: Any, values: dict[str, Any]):
    whole = expected(tree, values)
    template = compile_request(method="POST", url="https://a.example", headers=JSON, body=source(tree))
    rendered = render(template, scope_of(values))
    assert json.loads(rendered.body or b"") == whole == rendered.shown.body
    assert repr(json.loads(rendered.body or b"")) == repr(whole)  # 1, 1.0 and true are equal in Python
    assert render(template, scope_of(values)) == rendered


@given(TREES, SCOPES)
def test_a_body_given_as_a_value_means_the_same_as_its_text(tree: Any, values: dict[str, Any]):
    expected(tree, values)
    text = source(tree)
    assume("$" not in text.replace("$$", "").replace("${", ""))
    by_text = compile_request(method="POST", url="https://a.example", headers=JSON, body=text)
    value = json.loads(text)
    by_value = compile_request(method="POST", url="https://a.example", headers=JSON, body=[value])
    sent = render(by_value, scope_of(values)).body
    assert sent == b"[%b]" % (render(by_text, scope_of(values)).body or b"")


@given(st.lists(PIECES, max_size=4), st.lists(st.tuples(PIECES, PIECES), max_size=4), PIECES, SCOPES)
def test_no_value_changes_what_a_url_is_made_of(
    segments: list[Any], pairs: list[Any], fragment: Any, values: dict[str, Any]
):
    # Here the template's own text is only what cannot be structure.
    plain = [[piece for piece in pieces if isinstance(piece, tuple)] for pieces in segments]
    path = "".join(f"/s{written(pieces)}" for pieces in plain)
    slots = [tuple([piece for piece in part if isinstance(piece, tuple)] for part in pair) for pair in pairs]
    query = "&".join(f"k{written(name)}={written(value)}" for name, value in slots)
    only = [piece for piece in fragment if isinstance(piece, tuple)]
    url = f"https://a.example:8443{path}?{query}#f{written(only)}"
    template = compile_request(method="GET", url=url, headers=[])
    rendered = render(template, scope_of(values)).url
    parts = urlsplit(rendered)
    assert rendered.isascii()
    assert (parts.scheme, parts.netloc) == ("https", "a.example:8443")
    assert [unquote(part) for part in parts.path.split("/")[1:]] == ["s" + filled(pieces, values) for pieces in plain]
    assert parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(pairs)) == [
        ("k" + filled(name, values), filled(value, values)) for name, value in slots
    ]
    assert unquote(parts.fragment) == "f" + filled(only, values)


@given(st.lists(st.sampled_from(["$a", "$b", ".", "%2e", "%2E", "x"]), min_size=1, max_size=3), SCOPES)
def test_a_path_segment_with_a_variable_never_vanishes(pieces: list[str], values: dict[str, Any]):
    assume(any(piece.startswith("$") for piece in pieces))
    source_text = "".join(f"${{{piece[1:]}}}" if piece.startswith("$") else piece for piece in pieces)
    template = compile_request(method="GET", url=f"https://a.example/x/{source_text}/y", headers=[])
    try:
        path = urlsplit(render(template, scope_of(values)).url).path
    except InvalidInput:
        texts = "".join(as_text(values[piece[1:]]) if piece.startswith("$") else unquote(piece) for piece in pieces)
        assert texts in {"", ".", ".."}
    else:
        assert path.count("/") == 3
        assert unquote(path.split("/")[2]) not in {"", ".", ".."}


@given(PIECES, SCOPES)
def test_a_header_is_exactly_its_text_or_refused(pieces: list[Any], values: dict[str, Any]):
    text = written(pieces)
    assume(not any(ord(mark) < 32 or 127 <= ord(mark) < 160 for mark in text))
    template = compile_request(method="GET", url="https://a.example", headers=[("X-A", text), ("X-B", "b")])
    value = filled(pieces, values)
    try:
        headers = render(template, scope_of(values)).headers
    except InvalidInput:
        assert any((ord(mark) < 32 and mark != "\t") or 127 <= ord(mark) < 160 for mark in value)
    else:
        assert headers == {"X-A": value.strip(" \t"), "X-B": "b"}
        assert not any(mark in "\r\n\x00" for mark in headers["X-A"])


@given(st.lists(st.tuples(PIECES, PIECES), max_size=4), SCOPES)
def test_a_form_has_exactly_its_fields(fields: list[Any], values: dict[str, Any]):
    pairs = [(filled(name, values), filled(value, values)) for name, value in fields]
    body = {written(name): written(value) for name, value in fields}
    assume(len(dict(pairs)) == len(body) == len(fields))
    template = compile_request(method="POST", url="https://a.example", headers=FORM, body=body)
    sent = render(template, scope_of(values)).body or b""
    assert parse_qsl(sent.decode("ascii"), keep_blank_values=True, strict_parsing=bool(fields)) == pairs


@given(st.lists(PIECES, max_size=4), SCOPES)
def test_a_multipart_body_has_exactly_its_parts(fields: list[Any], values: dict[str, Any]):
    body = {f"f{place}": written(value) for place, value in enumerate(fields)}
    template = compile_request(method="POST", url="https://a.example", headers=MULTIPART, body=body)
    rendered = render(template, scope_of(values))
    boundary = b"--" + rendered.headers["Content-Type"].partition("boundary=")[2].encode()
    parts = (rendered.body or b"").split(boundary)
    assert parts[-1] == b"--\r\n"
    assert [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n").decode() for part in parts[1:-1]] == [
        filled(value, values) for value in fields
    ]
    names = [
        BytesParser().parsebytes(part.lstrip()).get_param("name", header="content-disposition") for part in parts[1:-1]
    ]
    assert names == list(body)


@given(PIECES, TREES, SCOPES)
def test_a_value_that_names_a_variable_never_pulls_it_in(pieces: list[Any], tree: Any, values: dict[str, Any]):
    expected(tree, values)
    slots = [piece for piece in pieces if isinstance(piece, tuple)]
    url = f"https://a.example/x{written(slots)}?q={written(slots)}"
    template = compile_request(method="POST", url=url, headers=JSON, body=source(tree))
    assert not template.may_use("hidden")
    rendered = render(template, scope_of(values))
    assert KEPT not in f"{rendered.url}{rendered.headers}{rendered.body!r}{rendered.shown}{rendered.used}"
    assert not rendered.secrets
    assert set(rendered.used) <= template.references


@given(st.lists(st.sampled_from(["${hidden}", "$a", "x", "é", '"']), max_size=6).map("".join), SCOPES)
def test_what_is_shown_is_what_is_sent_but_for_the_masks(text: str, values: dict[str, Any]):
    template = compile_request(method="POST", url="https://a.example", headers=JSON, body=[text])
    rendered = render(template, scope_of(values))
    assert KEPT not in f"{rendered.shown}{rendered.used}{rendered.warnings}"
    assert json.loads(rendered.body or b"")[0].replace(KEPT, "••••••") == rendered.shown.body[0]
    assert rendered.secrets == ({"hidden"} if "${hidden}" in text else set())


NOISE = [*HOSTILE, "$", "{", "[", "$user", "https://", "a.example", "@", "\ud800", "$user_id.x[0]-y", "$unheard", ":1"]
NOISY = st.lists(st.sampled_from(NOISE), max_size=12).map("".join)
WILD = VALUES | st.sampled_from([float("nan"), "\ud800", b"x", 10**5000, {1: 2}, [[float("inf")]], object()]).map(
    lambda value: [value]
)


@given(
    NOISY,
    NOISY,
    NOISY,
    st.sampled_from(["", "application/json", "text/xml", FORM[0][1]]),
    st.lists(WILD, min_size=5, max_size=5),
)
def test_whatever_is_written_either_renders_or_is_refused_in_words(
    url: str, header: str, body: str, content_type: str, values: list[Any]
):
    scope = scope_of(dict(zip(NAMES, values, strict=True)))
    with suppress(InvalidInput):
        render(compile_request(method="GET", url=f"https://a.example/{url}", headers=[]), scope)
    with suppress(InvalidInput):
        render(compile_request(method="GET", url=url, headers=[]), scope)
    with suppress(InvalidInput):
        render(compile_request(method="GET", url="https://a.example", headers=[("X", header)]), scope)
    with suppress(InvalidInput):
        compile_body(body, content_type)
    headers = [("Content-Type", content_type)] if content_type else []
    for content in (body, {body: [header]}):
        with suppress(InvalidInput):
            render(compile_request(method="PUT", url="https://a.example", headers=headers, body=content), scope)


def steps(act: Callable[[], object]) -> int:
    """Count the calls of Python and C functions that something takes."""
    count = 0

    def note(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        with suppress(InvalidInput):
            act()
    finally:
        sys.setprofile(before)
    return count


def sent(body: Any, values: dict[str, Any], headers: Any = JSON) -> object:
    template = compile_request(method="POST", url="https://a.example", headers=headers, body=body)
    return render(template, Scope({}, {}, values, {}))


@pytest.mark.parametrize(
    "act",
    [
        lambda size: sent("[" + "$a," * size + "1]", {"a": 1}),
        lambda size: sent('["' + "$a " * size + '"]', {"a": "$a" * 10}),
        lambda size: sent('["' + "\\n\\u00e9" * size + '"]', {}),
        lambda size: sent('["' + "${" * size + '"]', {}),
        lambda size: sent("$" * 10 * size, {}, [("Content-Type", "text/plain")]),
        lambda size: sent("$a.b.c-d[0] " * size, {"a": {"b": {"c": 1}}}, [("Content-Type", "text/plain")]),
        lambda size: sent("{" + ",".join(f'"$a{place}":1' for place in range(size)) + "}", {}),
        lambda size: sent("[" * 60 + "1," * size + "1" + "]" * 60, {}),
        lambda size: sent("[" * 60 + '{"a": 1}' + "]" * size, {}),
        lambda size: sent("$a", {"a": [[1]] * size}),
        lambda size: sent("$a", {"a": {str(place): "x" for place in range(size)}}),
        lambda size: sent("[1,\n" + "$a,\n" * size + "1]", {}),
        lambda size: compile_request(method="GET", url="https://a.example" + "/$a" * size, headers=[]),
        lambda size: compile_request(method="GET", url="https://a.example/" + "$a?&#" * size, headers=[]),
        lambda size: compile_request(method="GET", url="https://a.example/" + "%/" * size, headers=[]),
    ],
)
def test_the_work_grows_no_faster_than_the_text(act: Callable[[int], object]):
    small, large = steps(lambda: act(200)), steps(lambda: act(800))
    assert large < 4.5 * small + 200


@pytest.mark.parametrize("name", ["a." * 15 + "a", "a-" * 15 + "a", "a" + "[0]" * 31])
def test_a_long_name_takes_a_bounded_search(name: str):
    value: Any = "x"
    for _ in range(40):
        value = {"a": value}
    assert steps(lambda: sent(f"${name}", {"a": value}, [("Content-Type", "text/plain")])) < 5_000
