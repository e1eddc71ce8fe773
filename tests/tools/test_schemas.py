import json
from typing import Any

from tools.schemas import without_references

TEXT = {"type": "string", "minLength": 1}


def objects(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_references_are_written_out_with_what_stands_beside_them() -> None:
    schema = {
        **objects(a={"$ref": "#/$defs/text", "description": "An a."}, b={"items": {"$ref": "#/properties/a"}}),
        "$defs": {"text": TEXT},
        "$schema": "https://json-schema.org/draft/2020-12/schema",
    }
    a = {**TEXT, "description": "An a."}
    assert without_references(schema) == objects(a=a, b={"items": a})


def test_names_that_look_like_keywords_stay() -> None:
    schema = objects(
        **{"$ref": TEXT, "definitions": TEXT, "enum": TEXT, "x": {"enum": [{"$ref": "#"}], "$comment": "-"}}
    )
    expected = objects(**{"$ref": TEXT, "definitions": TEXT, "enum": TEXT, "x": {"enum": [{"$ref": "#"}]}})
    assert without_references(schema) == expected


def test_escaped_pointers_are_followed() -> None:
    schema = {**objects(a={"$ref": "#/$defs/a~1b%20c"}), "$defs": {"a/b c": TEXT}}
    assert without_references(schema) == objects(a=TEXT)


def test_schema_that_contains_itself_ends() -> None:
    node = objects(value=TEXT, next={"$ref": "#/$defs/node", "description": "The next."})
    written = without_references({**objects(list={"$ref": "#/$defs/node"}), "$defs": {"node": node}})
    assert written == objects(list=objects(value=TEXT, next={"description": "The next."}))
    assert "$ref" not in json.dumps(without_references(objects(a={"$ref": "#"})))


def test_schema_that_multiplies_stays_small() -> None:
    defs = {f"d{n}": objects(**{f"p{i}": {"$ref": f"#/$defs/d{n + 1}"} for i in range(10)}) for n in range(9)}
    written = without_references({**objects(a={"$ref": "#/$defs/d0"}), "$defs": {**defs, "d9": TEXT}})
    assert len(json.dumps(written)) < 100_000
    assert "$ref" not in json.dumps(written)


def test_no_parameters_are_an_object_without_properties() -> None:
    assert without_references({"type": "object"}) == {"type": "object", "properties": {}}
