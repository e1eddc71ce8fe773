import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rules.argument_schema import check_schema, property_names, violations
from rules.errors import FieldError, InvalidInput

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["order", "day", "items", "note"])
PROPERTY = st.recursive(
    st.sampled_from(
        [
            {"type": "string", "pattern": r"^\d+$"},
            {"type": "string", "format": "date"},
            {"type": ["integer", "null"], "minimum": 0, "multipleOf": 2},
            {"enum": ["low", "high", 3, None]},
            {"$ref": "#"},
            {},
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda one: {"type": "array", "items": one, "uniqueItems": True}),
        st.lists(inner, min_size=1, max_size=2).map(lambda many: {"anyOf": many}),
        st.dictionaries(NAMES, inner, max_size=2).map(lambda fields: {"type": "object", "properties": fields}),
    ),
    max_leaves=6,
)
SCHEMAS = st.dictionaries(NAMES, PROPERTY, max_size=3).map(lambda fields: {"type": "object", "properties": fields})
KEYWORDS = st.sampled_from(["type", "properties", "items", "$ref", "pattern", "enum", "anyOf", "required", "x", "not"])
ODD_SCHEMAS = st.dictionaries(KEYWORDS, JSON, max_size=4) | JSON


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def wrong(schema: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        check_schema(schema)
    return {error.field: error.message for error in refused.value.errors}


def found(schema: Any, arguments: Any) -> dict[str, str]:
    check_schema(schema)
    return {error.field: error.message for error in violations(schema, arguments)}


@given(ODD_SCHEMAS)
def test_any_value_is_a_schema_or_refused_with_a_place(schema: Any):
    refused: list[FieldError] = []
    try:
        check_schema(schema)
    except InvalidInput as error:
        refused = error.errors
    assert all(error.field.startswith("parameters") and error.message for error in refused)


@given(SCHEMAS, JSON)
def test_any_arguments_get_a_verdict(schema: dict[str, Any], arguments: Any):
    for error in violations(schema, arguments):
        assert error.field.split(".")[0] == "arguments"
        assert error.message


@given(SCHEMAS, st.dictionaries(NAMES, JSON, max_size=3))
def test_a_verdict_is_the_same_each_time(schema: dict[str, Any], arguments: dict[str, Any]):
    assert violations(schema, arguments) == violations(schema, arguments)


LEAVES = st.sampled_from([0, 1, -2, 1.0, 2.5, True, False, None, "", "a", "ab", [], {}])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
PLAIN = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(
                ["string", "integer", "number", "boolean", "null", "array", "object", ["null", "string"]]
            ),
            "enum": st.lists(LEAVES, min_size=1, max_size=3),
            "const": LEAVES,
            "minimum": st.integers(-2, 2),
            "maxLength": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", "b$", "^[ab]+$"]),
            "multipleOf": st.integers(1, 3),
            "uniqueItems": st.booleans(),
            "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
            "maxProperties": st.integers(0, 2),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "[bc]"]), inner, max_size=2),
            "additionalProperties": inner | st.booleans(),
            "propertyNames": inner,
            "items": inner | st.booleans(),
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "contains": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "dependentRequired": st.just({"a": ["b"]}),
        },
    ),
    max_leaves=6,
)


@given(PLAIN, VALUES)
def test_the_verdict_is_that_of_the_draft(schema: dict[str, Any], value: Any):
    assert (violations(obj(x=schema), {"x": value}) == []) is Draft202012Validator(schema).is_valid(value)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=3), max_size=4))
def test_an_argument_that_the_schema_does_not_name_is_refused(arguments: dict[str, Any]):
    refused = {error.field for error in violations(obj(order={}), arguments)}
    if all(
        ord(mark) and not 0xD800 <= ord(mark) < 0xE000 for text in (*arguments, *arguments.values()) for mark in text
    ):
        assert refused == {f"arguments.{name}" for name in arguments if name != "order"}


@given(st.lists(st.integers(-3, 3) | st.booleans() | st.sampled_from([1.0, 0.0]), max_size=5))
def test_unique_means_what_json_calls_equal(values: list[Any]):
    pairs = [(a, b) for at, a in enumerate(values) for b in values[:at]]
    equal = any(a == b and isinstance(a, bool) is isinstance(b, bool) for a, b in pairs)
    assert bool(violations(obj(a={"uniqueItems": True}), {"a": values})) is equal


def test_each_violation_says_where_and_what_was_expected():
    schema = obj(
        order={"type": "string", "pattern": r"^\d+$"},
        day={"format": "date"},
        count={"type": "integer", "minimum": 1},
        level={"enum": ["low", "high"]},
        mail={"format": "email"},
        either={"anyOf": [{"type": "string"}, {"type": "integer"}]},
        rows={"type": "array", "items": {"type": "object", "required": ["id"]}},
    )
    schema["required"] = ["order"]
    assert found(schema, {}) == {"arguments.order": "is required"}
    given_arguments = {
        "order": "12\n",
        "day": "2026-02-30",
        "count": 0,
        "level": "mid",
        "mail": "a@",
        "either": [],
        "rows": [{}],
    }
    assert found(schema, given_arguments) == {
        "arguments.order": r"must match the pattern ^\d+$; got '12\n'",
        "arguments.day": "must be a date such as 2026-01-31; got '2026-02-30'",
        "arguments.count": "must be at least 1; got 0",
        "arguments.level": "must be one of 'low', 'high'; got 'mid'",
        "arguments.mail": "must be an e-mail address; got 'a@'",
        "arguments.either": "must be a text or a whole number; got []",
        "arguments.rows.0.id": "is required",
    }


def test_an_unknown_argument_hints_at_the_near_name():
    assert found(obj(order_number={}), {"ordernumber": 1}) == {
        "arguments.ordernumber": "is not an argument here; did you mean order_number?"
    }


def test_a_field_that_another_asks_for_is_named():
    schema = {**obj(card={}, name={}), "dependentRequired": {"card": ["name"]}}
    assert found(schema, {"card": 1}) == {"arguments": "also needs name (because card is given)"}
    assert found(schema, {"name": "x"}) == {}


def test_additional_arguments_are_taken_only_when_the_schema_says_so():
    assert found({**obj(a={}), "additionalProperties": True}, {"z": 1}) == {}
    assert found({**obj(a={}), "additionalProperties": {"type": "integer"}}, {"z": "x", "y": 1}) == {
        "arguments.z": "must be a whole number; got 'x'"
    }
    assert list(found({**obj(a={}), "additionalProperties": False}, {"z": 1})) == ["arguments.z"]
    assert found({**obj(), "patternProperties": {"^x_": {}}}, {"x_1": 1}) == {}


def test_names_are_gathered_from_combined_schemas():
    schema = {
        "type": "object",
        "allOf": [{"$ref": "#/$defs/more"}, {"properties": {"b": {}}}],
        "properties": {"a": {"properties": {"inner": {}}}},
        "$defs": {"more": {"properties": {"c": {}}}, "unused": {"properties": {"d": {}}}},
    }
    assert property_names(schema) == {"a", "b", "c"}
    assert found(schema, {"a": {}, "b": 1, "c": 2}) == {}
    assert list(found(schema, {"d": 1, "inner": 1})) == ["arguments.d", "arguments.inner"]


@pytest.mark.parametrize(
    ("schema", "place", "words"),
    [
        ([], "parameters", "must be a JSON Schema object"),
        ({}, "parameters.type", '"object"'),
        ({"type": "string"}, "parameters.type", '"object"'),
        (obj(a={"type": "strin"}), "parameters.properties.a.type", "'string'"),
        (obj(a={"pattern": "("}), "parameters.properties.a.pattern", "missing )"),
        (obj(a={"patternProperties": {"[": {}}}), "parameters.properties.a.patternProperties.[", "regular expression"),
        (obj(a={"pattern": "a" * 1001}), "parameters.properties.a.pattern", "at most 1000"),
        (obj(a={"$ref": "https://example.com/s.json"}), "parameters.properties.a.$ref", "#/$defs/name"),
        (obj(a={"$ref": "file:///etc/passwd"}), "parameters.properties.a.$ref", "#/$defs/name"),
        (obj(a={"$ref": "#/$defs/none"}), "parameters.properties.a.$ref", "points to nothing"),
        (obj(a={"$id": "https://example.com/"}), "parameters.properties.a.$id", "remove it"),
        ({**obj(), "unevaluatedProperties": False}, "parameters.unevaluatedProperties", "additionalProperties"),
        ({**obj(), "$schema": "http://json-schema.org/draft-07/schema#"}, "parameters.$schema", "2020-12"),
        ({**obj(order={}), "required": ["ordr"]}, "parameters.required.0", "did you mean order?"),
        ({"type": "object", "$ref": "#"}, "parameters", "refers back to itself"),
        (obj(a={"description": "x" * 40_000}), "parameters", "at most 32768 bytes"),
        (obj(a={"description": "\x00"}), "parameters", "NUL"),
        (obj(**{f"a{number}": {} for number in range(1001)}), "parameters", "at most 1000 subschemas"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_place(schema: Any, place: str, words: str):
    refused = wrong(schema)
    assert words in refused[place]


def test_a_circle_that_never_goes_deeper_is_refused():
    circle = {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}
    assert "refers back" in str(wrong({**obj(x={"$ref": "#/$defs/a"}), "$defs": circle}))


def test_a_tree_may_refer_to_itself():
    schema = obj(tree={"$ref": "#/$defs/node"})
    schema["$defs"] = {"node": {**obj(children={"items": {"$ref": "#/$defs/node"}}), "additionalProperties": False}}
    assert found(schema, {"tree": {"children": [{"children": [{}]}]}}) == {}
    assert list(found(schema, {"tree": {"children": [{"children": [{"x": 1}]}]}})) == [
        "arguments.tree.children.0.children.0.x"
    ]


def test_references_that_double_at_each_level_are_refused():
    chain: dict[str, Any] = {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(40)}
    assert "too many steps" in str(wrong({"type": "object", "$ref": "#/$defs/a0", "$defs": {**chain, "a40": {}}}))


def test_arguments_that_grow_the_work_of_a_schema_are_refused_in_time():
    both = {"items": {"allOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}}
    schema = {**obj(n={"$ref": "#/$defs/n"}), "$defs": {"n": both}}
    deep: Any = []
    for _ in range(29):
        deep = [deep]
    started = time.process_time()
    assert "reasonable time" in found(schema, {"n": deep})["arguments"]
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 60_000 + "!"),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60_000),
        ("(x+x+)+y", "x" * 60_000),
        ("(.*)(.*)(.*)(.*)[^a]$", "a" * 60_000),
    ],
)
def test_no_pattern_freezes_the_process(pattern: str, text: str):
    started = time.process_time()
    violations(obj(a={"pattern": pattern}, b={"patternProperties": {pattern: {}}}), {"a": text, "b": {text[:900]: 1}})
    assert time.process_time() - started < 2


def test_many_quick_patterns_do_not_freeze_the_process_either():
    many = {**obj(), "patternProperties": {f"^z{number}": {} for number in range(900)}}
    started = time.process_time()
    assert "takes too long" in found(many, {f"{number}": 0 for number in range(6_000)})["arguments"]
    assert time.process_time() - started < 2


def test_a_pattern_that_runs_out_of_time_never_passes():
    refused = found(obj(a={"not": {"pattern": "(x+x+)+y"}}), {"a": "x" * 60_000})
    assert "takes too long" in refused["arguments"]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"^\d+$", "12", True),
        (r"^\d+$", "12\n", False),
        (r"^\d+$", "٣", False),
        (r"^[\w-]+$", "a-1", True),
        (r"^\w+$", "é", False),
        (r"^\p{L}+$", "é", True),
        (r"^[$]\$$", "$$", True),
        (r"^\u{1F600}$", "😀", True),
        (r"^[]a]", "x", False),
        (r"^[a[]$", "[\n", False),
        (r"^[\]$]$", "$\n", False),
        (r"^[\d-]+$", "٣", False),
    ],
)
def test_patterns_mean_what_ecma_says(pattern: str, text: str, fits: bool):  # noqa: FBT001 - a table of cases
    assert (violations(obj(a={"pattern": pattern}), {"a": text}) == []) is fits


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2026-01-31", "2026-02-30"),
        ("date-time", "2026-01-31T10:00:00Z", "2026-01-31"),
        ("time", "10:00:00Z", "25:00:00Z"),
        ("duration", "P3D", "3 days"),
        ("email", "ana.smith+x@example.com", "ana@"),
        ("uri", "https://example.com/a?b=c", "example"),
        ("iri", "https://ørsted.example/straße?q=日本#ƒ", "ørsted"),
        ("iri", "http://[2001:db8::1]/", "http://[é]/"),
        ("iri", "urn:ü?\ue000", "urn:\ue000"),
        ("iri", "http://a.example/\U000e1000", "http://a.example/\U000e0fff"),
        ("iri", "http://a.example", "http://a.example\n"),
        ("iri-reference", "../ü", "ü:1"),
        ("iri-reference", "", "%é"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123"),
        ("ipv4", "192.0.2.1", "192.0.2"),
        ("ipv6", "2001:db8::1", "2001"),
        ("hostname", "example.com", "exa mple"),
        ("json-pointer", "/a/0", "a"),
        ("regex", "^a$", "("),
    ],
)
def test_formats_are_checked(name: str, good: str, bad: str):
    schema = obj(a={"format": name})
    assert violations(schema, {"a": good}) == []
    assert violations(schema, {"a": bad}) != []
    assert violations(schema, {"a": bad * 40_000}) != []


def test_numbers_are_compared_as_written():
    schema = obj(a={"multipleOf": 0.1}, b={"type": "integer", "maximum": 10**30}, c={"multipleOf": 7})
    assert found(schema, {"a": 0.3, "b": 10**30, "c": 7 * 10**40}) == {}
    assert list(found(schema, {"a": 0.35, "b": 10**30 + 1, "c": 1e308})) == [
        "arguments.a",
        "arguments.b",
        "arguments.c",
    ]


@pytest.mark.parametrize(
    "arguments", [None, [], "x", {"a": float("inf")}, {"a": "\ud800"}, {"a": "\x00"}, {"a": "x" * 70_000}]
)
def test_arguments_that_nothing_could_store_are_refused(arguments: Any):
    assert list(found(obj(a={}), arguments)) == ["arguments"]


def test_arguments_nested_too_deeply_are_refused():
    deep = json.loads("[" * 500 + "]" * 500)
    assert found(obj(a={}), {"a": deep}) == {"arguments": "must be nested at most 32 levels deep"}
