"""How deep, how long and how many: the limits of a template and of what it becomes."""

import tracemalloc
from typing import Any

import pytest

from rules.errors import InvalidInput
from rules.request_template import render
from rules.template_limits import MAX_JSON_DEPTH, MAX_RENDERED_BYTES, MAX_SLOTS, MAX_TEMPLATE_BYTES
from tests.rules.rendering import JSON, PLAIN, URL, arguments, request, sent, text_of


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_a_template_nests_up_to_the_limit():
    assert text_of(sent("[" * MAX_JSON_DEPTH + "]" * MAX_JSON_DEPTH, JSON)) == "[" * 64 + "]" * 64
    sent(nested(MAX_JSON_DEPTH))
    for body in ("[" * 30_000, '{"a":' * 10_000, "[" * (MAX_JSON_DEPTH + 1) + "]" * (MAX_JSON_DEPTH + 1), nested(900)):
        with pytest.raises(InvalidInput, match="nests deeper than 64 objects and lists"):
            request(headers=JSON, body=body)


def test_a_value_may_nest_as_deep_as_its_place_leaves_room():
    sent("[[$v]]", JSON, arguments(v=nested(MAX_JSON_DEPTH - 2)))
    sent('{"a": [$v]}', JSON, arguments(v=nested(MAX_JSON_DEPTH - 2)))
    for body, depth in (
        ("[[$v]]", MAX_JSON_DEPTH - 1),
        ('{"a": {"b": $v}}', MAX_JSON_DEPTH - 1),
        ("$v", 65),
        ('"$v"', 65),
        ("$v", 100_000),
    ):
        with pytest.raises(InvalidInput, match=r"`\$v` nests deeper than 64"):
            sent(body, JSON, arguments(v=nested(depth)))


def test_a_value_that_contains_itself_is_refused():
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InvalidInput, match="nests deeper than 64"):
        sent("$v", JSON, arguments(v=value))


@pytest.mark.parametrize("value", ["ha", 1, {"": None}])
def test_a_small_value_that_unfolds_into_a_huge_text_is_refused(value: Any):
    for _ in range(60):
        value = [value] * 10
    with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
        sent("$v", JSON, arguments(v=value))


def test_a_value_that_repeats_a_large_text_is_refused_before_it_is_written():
    value = {"a": ["x" * 500_000] * 100}
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
            sent("$v", JSON, arguments(v=value))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body", ["x" * (MAX_TEMPLATE_BYTES + 1), "é" * (MAX_TEMPLATE_BYTES // 2 + 1), ["x" * MAX_TEMPLATE_BYTES]]
)
def test_a_template_beyond_64_kib_is_refused(body: Any):
    with pytest.raises(InvalidInput, match=r"body: the template has [0-9]+ bytes; at most 65536 are allowed"):
        request(body=body)


def test_url_headers_and_body_share_the_64_kib():
    half = "x" * (MAX_TEMPLATE_BYTES // 2)
    request(headers=[("X", half)], body=half[100:])
    with pytest.raises(InvalidInput, match="at most 65536"):
        request(headers=[("X", half)], body=half)
    with pytest.raises(InvalidInput, match=r"url: .* at most 65536"):
        request(URL + "x" * MAX_TEMPLATE_BYTES)


def test_a_rendered_request_beyond_1_mib_is_refused():
    room = MAX_RENDERED_BYTES - len(URL) - len("Content-Typetext/plain")
    assert len(text_of(sent("$v", PLAIN, arguments(v="x" * room)))) == room
    for value in ("x" * (room + 1), "é" * (room // 2 + 1), "x" * 30_000_000):
        with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
            sent("$v", PLAIN, arguments(v=value))
    with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
        sent("$v" * MAX_SLOTS, PLAIN, arguments(v="x" * 2_000))
    with pytest.raises(InvalidInput, match=r"url: .*longer than 1048576 bytes"):
        render(request(URL + "?q=$v"), arguments(v="%" * 500_000))
    with pytest.raises(InvalidInput, match=r"headers\.0\.value: .*longer than 1048576 bytes"):
        render(request(headers=[("X", "${v}" + "x" * 1_000)]), arguments(v="x" * (room - 500)))


def test_at_most_1000_variables_may_stand_in_a_request():
    assert len(text_of(sent("$user " * MAX_SLOTS, PLAIN))) == 4 * MAX_SLOTS
    with pytest.raises(InvalidInput, match="1001 variables; at most 1000"):
        request(headers=PLAIN, body="$user " * (MAX_SLOTS + 1))
    with pytest.raises(InvalidInput, match="1001 variables; at most 1000"):
        request(URL + "/$user", headers=PLAIN, body="$user " * MAX_SLOTS)


@pytest.mark.parametrize(
    "name", ["a" * 257, "{" + "a" * 300 + "}", ".".join("a" * 33), "-".join("a" * 33), "a" + "[0]" * 32]
)
def test_a_name_that_is_too_long_is_refused(name: str):
    with pytest.raises(InvalidInput, match="column 3"):
        request(headers=PLAIN, body="x $" + name)
