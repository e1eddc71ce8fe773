"""The places of a JSON Schema: every subschema with its path, and which of them look at the same value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

_ONE_HERE: Final = ("not", "if", "then", "else")
_LIST_HERE: Final = ("allOf", "anyOf", "oneOf")
_ONE_BELOW: Final = ("items", "contains", "additionalProperties", "propertyNames", "contentSchema")
_MAP_BELOW: Final = ("properties", "patternProperties", "$defs", "definitions")


@dataclass(frozen=True, slots=True)
class Place:
    """One subschema. `within` is the path of the schema around it if both judge the same value, else None."""

    path: tuple[str, ...]
    schema: Mapping[str, Any]
    within: tuple[str, ...] | None

    @property
    def dotted(self) -> str:
        """The path as errors name it."""
        return ".".join(("parameters", *self.path))


def places(schema: Any, path: tuple[str, ...] = (), within: tuple[str, ...] | None = None) -> Iterator[Place]:
    """Walk a schema from its root to its leaves; `true` and `false` are not places."""
    if not isinstance(schema, Mapping):
        return
    yield Place(path, schema, within)
    for keys, below, here in _children(schema):
        yield from places(below, (*path, *keys), path if here else None)


def _children(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    for word in (*_ONE_HERE, *_ONE_BELOW):
        if word in schema:
            yield (word,), schema[word], word in _ONE_HERE
    for word in (*_MAP_BELOW, "dependentSchemas"):
        if isinstance(schema.get(word), Mapping):
            yield from (((word, name), below, word == "dependentSchemas") for name, below in schema[word].items())
    for word in (*_LIST_HERE, "prefixItems"):
        if isinstance(schema.get(word), list):
            yield from (((word, str(at)), below, word in _LIST_HERE) for at, below in enumerate(schema[word]))


def target(reference: str) -> tuple[str, ...] | None:
    """Read a local reference (`#`, `#/$defs/name`) as a path; None when it is anything else."""
    if reference == "#":
        return ()
    if not reference.startswith("#/"):
        return None
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in unquote(reference[2:]).split("/"))


def loop(found: Mapping[tuple[str, ...], Place]) -> Place | None:
    """Find a schema that leads back to itself without going deeper into the value: checking it would never end."""
    edges: dict[tuple[str, ...], list[tuple[str, ...]]] = {path: [] for path in found}
    for path, place in found.items():
        if place.within is not None:
            edges[place.within].append(path)
        reference = place.schema.get("$ref")
        to = target(reference) if isinstance(reference, str) else None
        if to is not None and to in found:
            edges[path].append(to)
    done: set[tuple[str, ...]] = set()
    circles = (_circle(start, edges, done) for start in found)
    return next((found[at] for at in circles if at is not None), None)


def _circle(
    start: tuple[str, ...], edges: Mapping[tuple[str, ...], list[tuple[str, ...]]], done: set[tuple[str, ...]]
) -> tuple[str, ...] | None:
    """Follow edges depth first; return a place met again on the way to itself."""
    stack, on_way = [(start, iter(edges[start]))], {start}
    while stack:
        at, rest = stack[-1]
        following = next((to for to in rest if to not in done), None)
        if following is None:
            stack.pop()
            on_way.discard(at)
            done.add(at)
        elif following in on_way:
            return following
        else:
            on_way.add(following)
            stack.append((following, iter(edges[following])))
    return None
