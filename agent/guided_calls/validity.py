"""Validity: whether arguments fit a trigger's schema, before a call is made with them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema
from jsonschema.exceptions import SchemaError
from pydantic_core import from_json, to_json

_LONGEST = 200
_REPEATED_GROUP = re.compile(r"\([^()]*[+*}|][^()]*\)+[+*{]")
_BROKEN = (SchemaError, RecursionError, re.error, jsonschema.exceptions._WrappedReferencingError)  # noqa: SLF001 - the only name of "a $ref leads nowhere"


def harmless(pattern: str) -> bool:
    """Tell whether a pattern of a customer's schema can be tried on short text without running for ever."""
    return len(pattern) <= _LONGEST and not _REPEATED_GROUP.search(pattern)


def fits(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value fits one part of a schema; where that cannot be told, the server's own check will."""
    return problem(root, schema, value) is None


def problem(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> tuple[tuple[str, ...], str] | None:
    """Find what is wrong with a value: the path to it and the keyword that it breaks; None when it fits."""
    try:
        found = sorted(_validator(_frozen(root), _frozen(schema)).iter_errors(value), key=lambda one: one.json_path)
    except _BROKEN:
        return None
    if not found:
        return None
    path = [str(step) for step in found[0].absolute_path if isinstance(step, str)]
    if found[0].validator == "required":
        path += [name for name in found[0].validator_value if name not in (found[0].instance or {})][:1]
    return tuple(path), str(found[0].validator)


def _frozen(schema: Mapping[str, Any]) -> bytes:
    return to_json(schema)


@lru_cache(maxsize=1024)
def _validator(root: bytes, schema: bytes) -> jsonschema.Draft202012Validator:
    whole = _tamed(from_json(schema))
    if root != schema and isinstance(whole, dict):
        around = from_json(root)
        for key in ("$defs", "definitions"):
            if isinstance(around, dict) and key in around:
                whole.setdefault(key, _tamed(around[key]))
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def _tamed(value: Any) -> Any:
    """Leave out the patterns that could run for ever: the server checks them under a time limit."""
    if isinstance(value, dict):
        return {
            key: _tamed(one)
            for key, one in value.items()
            if not (key == "pattern" and isinstance(one, str) and not harmless(one))
            and not (key == "patternProperties" and isinstance(one, dict))
        }
    return [_tamed(one) for one in value] if isinstance(value, list) else value
