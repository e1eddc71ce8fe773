"""Schemas of an OpenAPI document as JSON Schema for a trigger's parameters: references filled in, circles cut."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from integrations.importers.openapi_document import Document
from integrations.importers.titles import clean
from rules.errors import InvalidInput
from rules.schema_patterns import compiled

_MAX_DEPTH: Final = 6
_MAX_NODES: Final = 250
_MAX_DESCRIPTION: Final = 200
_TYPES: Final = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_LIMITS: Final = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), "count"),
}
_MAX_CHOICES: Final = 100
_MAX_PARTS: Final = 20


class Schemas:
    """Turns schemas of one operation into JSON Schema; together they have at most 250 parts."""

    def __init__(self, document: Document) -> None:
        """Begin with nothing spent."""
        self.document = document
        self.left = _MAX_NODES
        self.cut = False
        self._united: dict[int, Mapping[str, Any]] = {}

    def object_of(self, node: Any) -> Mapping[str, Any]:
        """Return a schema with its reference followed and its `allOf` merged, one level deep."""
        return self._merged(node)

    def schema(self, node: Any, depth: int = 0, above: frozenset[int] = frozenset()) -> dict[str, Any]:
        """Return a schema with everything that it refers to; what is too deep or circular becomes any value."""
        merged = self._merged(node)
        origin = self._origin(node)
        self.left -= 1
        if depth > _MAX_DEPTH or origin in above or self.left < 0:
            self.cut = True
            return {}
        inner = above | {origin}
        found = dict(self._own(merged))
        for key in ("anyOf", "oneOf"):
            choices = merged.get(key)
            if isinstance(choices, list) and choices:
                found["anyOf"] = [self.schema(choice, depth + 1, inner) for choice in choices[:_MAX_PARTS]]
        if "items" in merged and found.get("type", "array") == "array":
            found["items"] = self.schema(merged["items"], depth + 1, inner)
        return found | self._fields(merged, depth, inner)

    def described(self, node: Any, description: Any = None) -> dict[str, Any]:
        """Return a parameter's schema with the description it has: somebody else's text, short, on one line."""
        schema = self.schema(node)
        texts = (description, self._merged(node).get("description"))
        given = next((clean(text, _MAX_DESCRIPTION) for text in texts if isinstance(text, str) and text.strip()), "")
        return schema | ({"description": given} if given else {})

    def fields(self, merged: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object's properties that a caller may send: those that are only read are left out."""
        properties = merged.get("properties")
        listed = properties.items() if isinstance(properties, Mapping) else ()
        return {str(name): node for name, node in listed if self._merged(node).get("readOnly") is not True}

    def _origin(self, node: Any) -> int:
        return id(self.document.resolve(node))

    def _merged(self, node: Any) -> Mapping[str, Any]:
        resolved = self.document.resolve(node)
        parts = resolved.get("allOf")
        if not isinstance(parts, list):
            return resolved
        if id(resolved) not in self._united:
            self._united[id(resolved)] = {}  # what a circle finds
            merged: dict[str, Any] = {}
            for part in (*parts[:_MAX_PARTS], {key: value for key, value in resolved.items() if key != "allOf"}):
                each = dict(self._merged(part))
                merged |= each | _united(merged, each)
            self._united[id(resolved)] = merged
        return self._united[id(resolved)]

    def _own(self, node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yield the keywords of one schema, those of OpenAPI 3.0 in their newer spelling."""
        if kind := _type(node):
            yield "type", kind
        if isinstance(node.get("format"), str):
            yield "format", clean(node["format"], 40)
        choices = node.get("enum")
        if isinstance(choices, list) and choices:
            yield "enum", [choice for choice in choices if _scalar(choice)][:_MAX_CHOICES] or [None]
        if "const" in node and _scalar(node["const"]):
            yield "const", node["const"]
        yield from _limits(node)
        if isinstance(node.get("pattern"), str) and _compiles(node["pattern"]):
            yield "pattern", node["pattern"]
        if node.get("uniqueItems") is True:
            yield "uniqueItems", True

    def _fields(self, merged: Mapping[str, Any], depth: int, above: frozenset[int]) -> dict[str, Any]:
        fields = self.fields(merged)
        if not fields:
            return {}
        properties = {
            clean(name, 100): self.schema(node, depth + 1, above) for name, node in fields.items() if self.left > 0
        }
        required = [name for name in required_of(merged) if name in properties]
        return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def required_of(node: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that an object must have."""
    listed = node.get("required")
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def is_text(schema: Mapping[str, Any]) -> bool:
    """Tell whether every value is a string, so that it may stand in quotes."""
    if "anyOf" in schema:
        return all(is_text(choice) for choice in schema["anyOf"])
    choices = schema.get("enum")
    return schema.get("type") == "string" or (
        "type" not in schema and bool(choices) and all(isinstance(choice, str) for choice in choices or ())
    )


def fixed_value(schema: Mapping[str, Any], node: Mapping[str, Any], *, required: bool) -> tuple[bool, Any]:
    """Tell whether a field has one value for all calls, and which: its only choice, or an optional one's default."""
    choices = schema.get("enum")
    if "const" in schema:
        return True, schema["const"]
    if isinstance(choices, list) and len(choices) == 1:
        return True, choices[0]
    default = node.get("default")
    return (True, default) if not required and default is not None and _scalar(default) else (False, None)


def _united(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    united: dict[str, Any] = {}
    both = (left.get("properties"), right.get("properties"))
    if all(isinstance(each, Mapping) for each in both):
        united["properties"] = {**left["properties"], **right["properties"]}
    required = list(dict.fromkeys([*required_of(left), *required_of(right)]))
    return united | ({"required": required} if required else {})


def _type(node: Mapping[str, Any]) -> str | list[str] | None:
    kind = node.get("type")
    kinds = [each for each in (kind if isinstance(kind, list) else [kind]) if isinstance(each, str) and each in _TYPES]
    if node.get("nullable") is True and kinds:
        kinds.append("null")
    kinds = list(dict.fromkeys(kinds))
    return (kinds[0] if len(kinds) == 1 else kinds) if kinds else None


def _limits(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, kind in _LIMITS.items():
        limit = node.get(key)
        if isinstance(limit, bool) or not isinstance(limit, int | float) or abs(limit) > 1e15:
            continue
        if (kind == "count" and not (isinstance(limit, int) and limit >= 0)) or (key == "multipleOf" and limit <= 0):
            continue
        exclusive = f"exclusive{key[0].upper()}{key[1:]}"
        yield (exclusive if node.get(exclusive) is True else key), limit


def _scalar(value: Any) -> bool:
    if isinstance(value, float):
        return abs(value) < 1e300
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= 500)


def _compiles(pattern: str) -> bool:
    try:
        compiled(pattern)
    except (ValueError, InvalidInput):
        return False
    return True
