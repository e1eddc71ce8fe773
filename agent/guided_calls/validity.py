"""Validity: whether arguments fit a trigger's schema, before a call is made with them."""

import re
from collections.abc import Mapping
from typing import Any

from rules.argument_schema import violations
from rules.errors import FieldError
from rules.schema_patterns import PatternTimeoutError, Stopwatch

_LONGEST = 200
_REPEATED_GROUP = re.compile(r"\([^()]*[+*}|][^()]*\)+[+*{]")


def harmless(pattern: str) -> bool:
    """Tell whether a pattern of a customer's schema is worth trying on every word of a message: it ends soon."""
    return len(pattern) <= _LONGEST and not _REPEATED_GROUP.search(pattern)


def allows(pattern: str, text: str) -> bool:
    """Tell whether a pattern is found in a word."""
    try:
        return Stopwatch().search(pattern, text)
    except (ValueError, PatternTimeoutError):
        return False


def fits(root: Mapping[str, Any], part: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value fits one part of a schema, by the same rules that the server checks a call with."""
    around = {key: root[key] for key in ("$defs", "definitions") if key in root}
    named = root.get("properties")
    properties = {**(named if isinstance(named, Mapping) else {}), "value": part}
    return not violations({**around, "type": "object", "properties": properties}, {"value": value})


def faults(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[FieldError]:
    """List what is wrong with arguments; each field is the path to a value, without `arguments`."""
    found = violations(schema, arguments)
    return [FieldError(one.field.removeprefix("arguments").lstrip("."), one.message) for one in found]
