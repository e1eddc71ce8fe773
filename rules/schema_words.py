"""What a JSON Schema expected, in plain words: for the person who wrote it and the model that must correct itself."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from rapidfuzz import process

from rules.json_schema import ValidationError, relevance
from rules.ranges import shown

_NEAR = 70
_LISTED = 20
_TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS: Final = {
    "date": "a date such as 2026-01-31",
    "time": "a time with its zone, such as 14:30:00Z",
    "date-time": "a time with its zone, such as 2026-01-31T14:30:00Z",
    "duration": "a duration such as P3D or PT2H",
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "uri": "an absolute URL such as https://example.com/page",
    "uuid": "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
    "ipv4": "an IPv4 address such as 192.0.2.1",
    "ipv6": "an IPv6 address such as 2001:db8::1",
    "hostname": "a host name such as example.com",
    "regex": "a regular expression",
}
Words = Callable[[Any], str]
_WORDS: Final[dict[str, Words]] = {
    "minimum": lambda limit: f"must be at least {limit}",
    "maximum": lambda limit: f"must be at most {limit}",
    "exclusiveMinimum": lambda limit: f"must be greater than {limit}",
    "exclusiveMaximum": lambda limit: f"must be less than {limit}",
    "multipleOf": lambda factor: f"must be a multiple of {factor}",
    "minLength": lambda limit: f"must have at least {_many(limit, 'character')}",
    "maxLength": lambda limit: f"must have at most {_many(limit, 'character')}",
    "minItems": lambda limit: f"must have at least {_many(limit, 'entry')}",
    "maxItems": lambda limit: f"must have at most {_many(limit, 'entry')}",
    "minProperties": lambda limit: f"must have at least {_many(limit, 'field')}",
    "maxProperties": lambda limit: f"must have at most {_many(limit, 'field')}",
    "pattern": lambda pattern: f"must match the pattern {pattern}",
    "format": lambda name: f"must be {_FORMATS.get(name, f'in the format {name}')}",
    "type": lambda names: f"must be {_types(names)}",
    "const": lambda value: f"must be {shown(value)}",
    "enum": lambda values: f"must be {_one_of(values)}",
    "uniqueItems": lambda _: "must not hold the same entry twice",
    "contains": lambda _: "must hold an entry of the shape that the schema asks for",
    "not": lambda _: "must not have this value, which the schema excludes",
}


def explain(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Give the dotted path of what is wrong ("" for the whole) and a sentence of what was expected there."""
    path = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        yield path, "is required"
    elif error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {})) if isinstance(error.schema, dict) else []
        yield path, unknown(str(error.absolute_path[-1]), known)
    elif error.validator == "dependentRequired":
        yield path, _dependent(error)
    elif error.validator in {"anyOf", "oneOf"}:
        yield from _alternatives(error, path)
    elif error.validator is None:
        yield path, "is not allowed"
    else:
        yield path, f"{_words(error)}; got {shown(error.instance)}"


def unknown(name: str, known: Sequence[str], what: str = "field") -> str:
    """Say that a name is not known, and which one may have been meant."""
    near = process.extractOne(name, known, score_cutoff=_NEAR) if known else None
    listed = f"; the {what}s are {', '.join(known[:_LISTED])}" if known else ""
    hint = f"; did you mean {near[0]}?" if near else listed
    return f"is not a{'n' if what[0] in 'aeiou' else ''} {what} here{hint}"


def _words(error: ValidationError) -> str:
    words = _WORDS.get(str(error.validator))
    return words(error.validator_value) if words else f"does not fit the schema's {error.validator!r}"


def _dependent(error: ValidationError) -> str:
    """Name the fields that another field's presence asks for."""
    rules = cast("dict[str, list[str]]", error.validator_value)
    instance = cast("dict[str, Any]", error.instance)
    needed = {name: other for other, names in rules.items() if other in instance for name in names}
    missing = [f"{name} (because {other} is given)" for name, other in needed.items() if name not in instance]
    return f"also needs {', '.join(missing)}"


def _alternatives(error: ValidationError, path: str) -> Iterator[tuple[str, str]]:
    """Word a value that fits none of several shapes, or more than one: by their types, else by the nearest shape."""
    context = error.context or []
    if not context:
        yield path, "fits more than one of the shapes that exclude each other"
    elif all(each.validator == "type" and not each.relative_path for each in context):
        names = [name for each in context for name in _listed(each.validator_value)]
        yield path, f"must be {_types(names)}; got {shown(error.instance)}"
    else:
        shapes = cast("list[Any]", error.validator_value)
        note = f"(it fits none of the {len(shapes)} allowed shapes; this is the nearest)"
        for where, words in explain(_nearest(context)):
            yield where, f"{words} {note}"


def _nearest(context: Sequence[ValidationError]) -> ValidationError:
    """Choose from the branch with the fewest errors: most likely the one that was meant."""
    branches = Counter(each.relative_schema_path[0] for each in context)
    return min(
        context,
        key=lambda each: (branches[each.relative_schema_path[0]], each.validator == "required", relevance(each)),
    )


def _listed(names: Any) -> list[str]:
    return names if isinstance(names, list) else [names]


def _types(names: Any) -> str:
    return " or ".join(dict.fromkeys(_TYPES.get(name, str(name)) for name in _listed(names)))


def _one_of(values: Sequence[Any]) -> str:
    listed = ", ".join(shown(value) for value in values[:_LISTED])
    more = f", … ({len(values)} in all)" if len(values) > _LISTED else ""
    return f"one of {listed}{more}" if len(values) != 1 else listed


def _many(count: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
