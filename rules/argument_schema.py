"""A trigger's parameters: a JSON Schema (draft 2020-12) that arguments must fit before anything is sent (C02).

Two things are stricter than the draft. An argument that the schema does not name is refused unless the schema says
`additionalProperties`: what a model invents must not become a variable. And checking is bounded, whatever the schema.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from pydantic_core import PydanticCustomError
from referencing.exceptions import Unresolvable

from rules.errors import FieldError, InvalidInput
from rules.json_values import depth, written
from rules.ranges import shown
from rules.schema_checker import TooHardError, errors, extras, schema_errors
from rules.schema_patterns import PatternTimeoutError, compiled
from rules.schema_places import Place, loop, places, target
from rules.schema_words import explain, unknown

MAX_SCHEMA_BYTES: Final = 32_768
MAX_ARGUMENT_BYTES: Final = 65_536
MAX_DEPTH: Final = 32
_MAX_PLACES: Final = 1_000
_REPORTED: Final = 10
_DRAFTS: Final = frozenset(
    {"https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#"}
)
_REFUSED: Final = (
    "$dynamicRef",
    "$dynamicAnchor",
    "$anchor",
    "$vocabulary",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_EXAMPLE: Final = '{"type": "object", "properties": {"order_number": {"type": "string"}}, "required": ["order_number"]}'
_NOT_CHECKED = "the arguments cannot be checked against this schema in reasonable time; make the schema simpler"


def check_schema(schema: Any) -> None:
    """Refuse a schema that arguments cannot be checked with; raises InvalidInput that names the place."""
    if not isinstance(schema, Mapping):
        raise InvalidInput.of("parameters", f"must be a JSON Schema object; got {shown(schema)}")
    _check_size(schema, "parameters", MAX_SCHEMA_BYTES)
    found = {place.path: place for place in islice(places(schema), _MAX_PLACES + 1)}
    wrong = list(islice(_wrong(schema, found), _REPORTED))
    if wrong:
        raise InvalidInput(wrong)
    if (circle := loop(found)) is not None:
        raise InvalidInput.of(circle.dotted, "refers back to itself without going deeper; checking it would never end")
    if any(error.message == _NOT_CHECKED for error in violations(schema, {})):
        raise InvalidInput.of("parameters", "takes too many steps to check; make the schema simpler")


def violations(schema: Mapping[str, Any], arguments: Any) -> list[FieldError]:
    """List what is wrong with arguments: `arguments.<path>` and what was expected there; at most ten entries.

    Args:
        schema: What `check_schema` has passed.
        arguments: JSON value that a model or a caller gave, at most 64 KiB.

    """
    if not isinstance(arguments, Mapping):
        return [FieldError("arguments", f"must be an object of arguments; got {shown(arguments)}")]
    try:
        _check_size(arguments, "arguments", MAX_ARGUMENT_BYTES)
    except InvalidInput as error:
        return error.errors
    try:
        return list(islice(_violations(schema, arguments), _REPORTED))
    except PatternTimeoutError as error:
        words = (
            f"the pattern {shown(str(error))} takes too long to match; shorten the text, or make the pattern simpler"
        )
        return [FieldError("arguments", words)]
    except (TooHardError, RecursionError, ArithmeticError, Unresolvable):
        return [FieldError("arguments", _NOT_CHECKED)]


def property_names(schema: Mapping[str, Any]) -> frozenset[str]:
    """Name the arguments that a schema speaks of, wherever it does so: they are declared, given or not."""
    return frozenset(name for place in _root_places(schema) for name in place.get("properties", {}))


def _violations(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    bare = {word: value for word, value in schema.items() if word not in {"$id", "$schema"}}
    for error in errors(bare, arguments):
        for path, words in explain(error):
            if (path, words) not in seen:
                seen.add((path, words))
                yield FieldError(".".join(filter(None, ("arguments", path))), words)
    yield from _inventions(schema, arguments)


def _inventions(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[FieldError]:
    """Refuse arguments that the schema does not speak of, unless it says what additional ones are."""
    around = list(_root_places(schema))
    if any("additionalProperties" in place for place in around):
        return
    known = sorted(property_names(schema))
    names = set(arguments) - set(known)
    for place in around:
        if "patternProperties" in place:
            names &= set(extras(place, dict.fromkeys(names)))
    for name in (name for name in arguments if name in names):
        yield FieldError(f"arguments.{name}", unknown(name, known, "argument"))


def _root_places(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give every subschema that judges the arguments as a whole, also those referred to."""
    found = {place.path: place for place in places(schema)}
    ahead: list[tuple[str, ...]] = [()]
    seen: set[tuple[str, ...]] = set()
    while ahead:
        path = ahead.pop()
        if path in seen or path not in found:
            continue
        seen.add(path)
        yield found[path].schema
        if isinstance(reference := found[path].schema.get("$ref"), str):
            ahead.append(target(reference) or ())
        ahead += [at for at, place in found.items() if place.within == path and at[-1] != "not"]


def _check_size(value: Mapping[str, Any], field: str, max_bytes: int) -> None:
    """Refuse what is too deep or too long, or holds what JSON or a store cannot."""
    if depth(value, MAX_DEPTH) > MAX_DEPTH:
        raise InvalidInput.of(field, f"must be nested at most {MAX_DEPTH} levels deep")
    try:
        size = len(written(value).encode())
    except PydanticCustomError as error:
        raise InvalidInput.of(field, error.message()) from None
    if size > max_bytes:
        raise InvalidInput.of(field, f"must take at most {max_bytes} bytes as JSON; got {size}")


def _wrong(schema: Mapping[str, Any], found: Mapping[tuple[str, ...], Place]) -> Iterator[FieldError]:
    if len(found) > _MAX_PLACES:
        yield FieldError("parameters", f"must have at most {_MAX_PLACES} subschemas")
        return
    if schema.get("$schema", next(iter(_DRAFTS))) not in _DRAFTS:
        words = "is read as draft 2020-12; leave $schema out, or write https://json-schema.org/draft/2020-12/schema"
        yield FieldError("parameters.$schema", words)
        return
    if schema.get("type") != "object":
        yield FieldError("parameters.type", f'must be "object": arguments have names, as in {_EXAMPLE}')
        return
    explained = (each for error in schema_errors(schema) for each in explain(error))
    general = [FieldError(_dotted(path), words) for path, words in dict.fromkeys(explained)]
    yield from general
    for place in () if general else found.values():  # what follows relies on keywords of the right types
        yield from _wrong_here(place, found)
    yield from () if general else _never_given(schema)


def _dotted(path: str) -> str:
    return f"parameters.{path}" if path else "parameters"


def _wrong_here(place: Place, found: Mapping[tuple[str, ...], Place]) -> Iterator[FieldError]:
    for word in _REFUSED:
        if word in place.schema:
            fix = "use additionalProperties" if word == "unevaluatedProperties" else "write the schema without it"
            yield FieldError(f"{place.dotted}.{word}", f"is not supported here; {fix}")
    if place.path and "$id" in place.schema:
        yield FieldError(f"{place.dotted}.$id", "must not be given inside a schema; remove it")
    if "$ref" in place.schema:
        yield from _wrong_reference(place, found)
    patterns = [("pattern", place.schema["pattern"])] if "pattern" in place.schema else []
    patterns += [(f"patternProperties.{pattern}", pattern) for pattern in place.schema.get("patternProperties", {})]
    for where, pattern in patterns:
        try:
            compiled(pattern)
        except ValueError as error:
            yield FieldError(f"{place.dotted}.{where}", f"{error}; got {shown(pattern)}")


def _wrong_reference(place: Place, found: Mapping[tuple[str, ...], Place]) -> Iterator[FieldError]:
    reference, field = place.schema["$ref"], f"{place.dotted}.$ref"
    path = target(reference)
    if path is None:
        yield FieldError(field, f"must point into this schema, such as #/$defs/name; got {shown(reference)}")
    elif path not in found:
        yield FieldError(field, f"points to nothing that is a schema here; got {shown(reference)}")


def _never_given(schema: Mapping[str, Any]) -> Iterator[FieldError]:
    """Refuse a schema that asks for an argument which it would also refuse: a misspelt name."""
    around = list(_root_places(schema))
    if any("additionalProperties" in place or "patternProperties" in place for place in around):
        return
    known = sorted(property_names(schema))
    for at, name in enumerate(schema.get("required", [])):
        if name not in known:
            yield FieldError(f"parameters.required.{at}", f"{shown(name)} {unknown(name, known, 'property')}")
