"""JSON bodies in which a variable may stand for a whole value: a number, a list, an object."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bare:
    """A variable that stands for a whole JSON value."""

    name: str


def as_body(value: Any) -> Any:
    """Return a body for a trigger: the JSON value, or JSON text when a `Bare` or a lone scalar needs it."""
    if isinstance(value, dict | list) and not _has_bare(value):
        return value
    return _written(value, 0)


def _has_bare(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_bare(item) for item in value.values())
    return isinstance(value, Bare) or (isinstance(value, list) and any(_has_bare(item) for item in value))


def _written(value: Any, depth: int) -> str:
    """Write JSON in which variables stand bare, two spaces deeper at each level."""
    if isinstance(value, Bare):
        return f"${value.name}"
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    if isinstance(value, list):
        return f"[{inner}{f',{inner}'.join(_written(item, depth + 1) for item in value)}{outer}]"
    members = (f"{json.dumps(key, ensure_ascii=False)}: {_written(item, depth + 1)}" for key, item in value.items())
    return f"{{{inner}{f',{inner}'.join(members)}{outer}}}"
