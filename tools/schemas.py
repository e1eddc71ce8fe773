"""JSON Schemas as every model endpoint understands them: references written out."""

from collections.abc import Mapping
from typing import Any, Final

from rules.schema_places import target

_MAX_NODES: Final = 2_000
_NOT_FOR_MODELS: Final = frozenset({"$schema", "$id", "$comment", "$defs", "definitions"})
_NAMED_BELOW: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_VALUES: Final = frozenset({"const", "default", "enum", "examples", "example"})


def without_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with every local `$ref` replaced by what it points to.

    A schema that contains itself would never end, and one that refers much could grow without bound: at such places
    anything is allowed. Arguments are checked against the whole schema all the same.
    """
    written: dict[str, Any] = _Writer(schema).write(schema, ())
    return {"type": "object", "properties": {}, **written}


class _Writer:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._room = _MAX_NODES

    def write(self, node: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [self.write(item, inside) for item in node]
        if not isinstance(node, Mapping):
            return node
        self._room -= 1
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {key: self._member(key, value, inside) for key, value in node.items() if key not in _NOT_FOR_MODELS}
        beside = {key: value for key, value in node.items() if key != "$ref"}
        if reference in inside or self._room < 0:
            return self.write({key: beside[key] for key in ("title", "description") if key in beside}, inside)
        return self.write({**_at(self._root, reference), **beside}, (*inside, reference))

    def _member(self, key: str, value: Any, inside: tuple[str, ...]) -> Any:
        if key in _VALUES:
            return value
        if key in _NAMED_BELOW and isinstance(value, Mapping):
            return {name: self.write(below, inside) for name, below in value.items()}
        return self.write(value, inside)


def _at(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    """Follow a local reference; what cannot be followed allows anything."""
    path = target(reference)
    found: Any = {} if path is None else root
    for name in path or ():
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return {}
    return found if isinstance(found, Mapping) else {}
