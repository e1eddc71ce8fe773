from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.text_template import Mention, parse_text, place_in
from rules.variables import Absence, Reference, Resolution, Scope, Source, resolve

SEGMENTS = st.sampled_from(["a", "b", "session", "id", "images", "ü", "0"])
NAMES = st.lists(st.tuples(SEGMENTS, st.sampled_from([".", "-"])), min_size=1, max_size=4).map(
    lambda parts: "".join(text + joint for text, joint in parts)[:-1]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
LAYERS = st.dictionaries(NAMES, SCALARS, max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SEGMENTS | NAMES, inner, max_size=4)
)


def reference(written: str) -> Reference:
    [mention] = parse_text(written, "text", place_in(written))
    assert isinstance(mention, Mention)
    return mention.reference


def meaning(written: str, scope: Scope) -> Resolution:
    return resolve(reference(written), scope.layers(), scope.declared)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("$a", ["a"]),
        ("$a b", ["a"]),
        ("$a.b-c[0].d", ["a.b-c[0].d"]),
        ("$a..b", ["a"]),
        ("$a.", ["a"]),
        ("$a-", ["a"]),
        ("$a--b", ["a"]),
        ("$a[01]", ["a"]),
        ("$a[-1]", ["a"]),
        ("$a[x]", ["a"]),
        ("$a[", ["a"]),
        ("$a$b${c d}$$e", ["a", "b", "c d"]),
        ("${$a}", ["$a"]),
        ("$$$a", ["a"]),
        ("$", []),
        ("$ $. $- $[0] $é", ["é"]),
        ("$cafe\u0301.x", ["cafe\u0301.x"]),
        ("$हिन्दी!", ["हिन्दी"]),
        ("$a@b", ["a"]),
    ],
)
def test_a_name_is_the_longest_run_of_words(text: str, names: list[str]):
    parts = parse_text(text, "text", place_in(text))
    assert [part.reference.name for part in parts if isinstance(part, Mention)] == names


@given(st.text("ab.-[0]${} é", max_size=30).filter(lambda text: "${" not in text))
def test_parsing_loses_no_character(text: str):
    parts = parse_text(text, "text", place_in(text))
    written = [part.reference.written if isinstance(part, Mention) else part.replace("$", "$$") for part in parts]
    assert parse_text("".join(written), "text", place_in("")) is not None
    assert "".join(part.reference.written if isinstance(part, Mention) else part for part in parts) == text.replace(
        "$$", "$"
    )


@pytest.mark.parametrize("source", list(Source))
def test_an_earlier_layer_is_never_shadowed(source: Source):
    order = list(Source)
    layers: list[dict[str, Any]] = [
        {"x": place.value} if order.index(place) >= order.index(source) else {} for place in order
    ]
    assert meaning("$x", Scope(*layers)) == Resolution("x", source.value, source)


@pytest.mark.parametrize(
    ("written", "client_data", "arguments", "expected"),
    [
        ("$user.name", {"user": {"name": "C"}}, {"user.name": "A"}, ("user.name", "C", Source.CLIENT_DATA, "")),
        ("$user.name", {"user": {}}, {"user.name": "A"}, ("user.name", "A", Source.ARGUMENT, "")),
        ("$user.name", {"user": "C"}, {"user.name": "A"}, ("user.name", "A", Source.ARGUMENT, "")),
        ("${user.name}", {"user": "C"}, {"user.name": "A"}, ("user.name", "A", Source.ARGUMENT, "")),
        ("$user.name", {"user": {}}, {"user": {"name": "A"}}, ("user.name", "A", Source.ARGUMENT, "")),
        ("$user.name.x", {"user": {}}, {"user.name": "A"}, ("user.name.x", Absence.MISSING, Source.CLIENT_DATA, "")),
        ("$user-name", {"user": "C"}, {"user-name": "A"}, ("user-name", "A", Source.ARGUMENT, "")),
        ("$user-name", {"user": {"x": 1}}, {}, ("user", {"x": 1}, Source.CLIENT_DATA, "-name")),
        ("$u.first-name", {"u": {"first-name": 1, "first": 2}}, {}, ("u.first-name", 1, Source.CLIENT_DATA, "")),
        ("$u.first-name", {"u": {"first": 2}}, {}, ("u.first", 2, Source.CLIENT_DATA, "-name")),
        ("${u.first-name}", {"u": {"first": 2}}, {}, ("u.first-name", Absence.MISSING, Source.CLIENT_DATA, "")),
        ("$u.a.b", {"u": {"a.b": 1, "a": {"b": 2}}}, {}, ("u.a.b", 1, Source.CLIENT_DATA, "")),
        ("$u.a.b", {"u.a": {"b": 1}, "u": {"a": {"b": 2}}}, {}, ("u.a.b", 1, Source.CLIENT_DATA, "")),
        ("$u[0].a", {"u": [{"a": 1}]}, {}, ("u[0].a", 1, Source.CLIENT_DATA, "")),
        ("$u.0.a", {"u": [{"a": 1}]}, {}, ("u.0.a", 1, Source.CLIENT_DATA, "")),
        ("$u.length", {"u": []}, {}, ("u.length", Absence.MISSING, Source.CLIENT_DATA, "")),
        ("$u.²", {"u": [1, 2, 3]}, {}, ("u.²", Absence.MISSING, Source.CLIENT_DATA, "")),
        ("${u[0]}", {"u": [1]}, {}, ("u[0]", 1, Source.CLIENT_DATA, "")),
        ("${u[0]x}", {"u": [1]}, {}, ("u[0]x", Absence.MISSING, Source.CLIENT_DATA, "")),
        ("${a b.c d}", {"a b": {"c d": 1}}, {}, ("a b.c d", 1, Source.CLIENT_DATA, "")),
        ("${.}", {".": 1}, {}, (".", 1, Source.CLIENT_DATA, "")),
        ("$session.id", {"session": {"id": 1}, "session.id": 2}, {}, ("session.id", "S", Source.SYSTEM, "")),
        ("$session.id.x", {"session.id.x": 2}, {}, ("session.id", "S", Source.SYSTEM, ".x")),
        ("$images[7]", {"images[7]": 2}, {}, ("images[7]", Absence.MISSING, Source.SYSTEM, "")),
        ("$images-count", {"images-count": 2}, {}, ("images-count", 2, Source.CLIENT_DATA, "")),
        ("$company.id", {"company": {"id": 1}}, {"company.id": 2}, ("company.id", Absence.MISSING, Source.SYSTEM, "")),
        ("$company.name", {"company": {"name": 1}}, {}, ("company.name", 1, Source.CLIENT_DATA, "")),
        ("$key.x", {"key": {"x": 1}}, {}, ("key.x", 1, Source.CLIENT_DATA, "")),
        ("$key", {"key": 1}, {"key": 2}, ("key", "K", Source.SECRET, "")),
    ],
)
def test_the_longest_known_name_wins_and_then_the_earliest_layer(
    written: str, client_data: Any, arguments: Any, expected: tuple[Any, ...]
):
    scope = Scope({"session.id": "S", "images": ["I"]}, {"key": "K"}, client_data, arguments)
    assert meaning(written, scope) == expected


@pytest.mark.parametrize(
    ("written", "client_data", "expected"),
    [
        ("$d", {}, ("d", Absence.MISSING, None, "")),
        ("$d.x[0]", {}, ("d.x[0]", Absence.MISSING, None, "")),
        ("$d-x", {}, ("d", Absence.MISSING, None, "-x")),
        ("$d.x", {"d": "D"}, ("d", "D", Source.CLIENT_DATA, ".x")),
        ("$d-e", {"d": "D"}, ("d-e", Absence.MISSING, None, "")),
        ("$e", {}, ("e", Absence.UNKNOWN, None, "")),
        ("$de", {}, ("de", Absence.UNKNOWN, None, "")),
    ],
)
def test_a_declared_name_without_a_value_is_missing_and_not_unknown(
    written: str, client_data: Any, expected: tuple[Any, ...]
):
    assert meaning(written, Scope({}, {}, client_data, {}, frozenset({"d", "d-e"}))) == expected


@given(NAMES, st.tuples(LAYERS, LAYERS, LAYERS))
def test_of_flat_names_the_longest_at_a_boundary_is_taken(name: str, layers: tuple[dict[str, Any], ...]):
    scope = Scope({}, *layers)
    found = meaning(f"${name}", scope)
    ends = [at for at in range(1, len(name) + 1) if at == len(name) or name[at] in ".-"]
    known = [name[:end] for end in ends if any(name[:end] in layer for layer in layers)]
    assert (found.name + found.rest) == name
    if any(known_name in {"session.id", "images"} for known_name in (name[:end] for end in ends)):
        return  # system names are reserved
    if not known:
        assert found.value is Absence.UNKNOWN
    elif found.value is not Absence.MISSING:
        assert found.name == known[-1]
        assert found.value == next(layer[known[-1]] for layer in layers if known[-1] in layer)


@given(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), st.dictionaries(NAMES, VALUES, max_size=4))
def test_every_reference_means_one_thing_and_a_candidate(name: str, client_data: Any, arguments: Any):
    scope = Scope({}, {}, client_data, arguments)
    found = meaning(f"${name}", scope)
    assert found == meaning(f"${name}", scope)
    assert found.name + found.rest == name
    roots = {root for root in (*client_data, *arguments) if (found.name + ".").startswith(root)}
    if found.source in {Source.CLIENT_DATA, Source.ARGUMENT}:
        assert roots & reference(f"${name}").candidates()
