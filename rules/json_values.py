"""JSON values from outside: how deep they are, and whether they can be written and stored."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from rules.ranges import has_nul

_BROKEN = "must not contain NUL, half a surrogate pair, or a number beyond what JSON can hold"


def depth(value: Any, enough: int) -> int:
    """Count the levels of nesting, 0 for a text or number; stops counting just over `enough`."""
    level, at = [value], 0
    while level := [below for each in level for below in _children(each)]:
        at += 1
        if at > enough:
            return at
    return at + isinstance(value, Mapping | list) if at == 0 else at


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def written(value: Any) -> str:
    """Write JSON text, compact and with its own characters.

    Raises:
        PydanticCustomError: it holds what a store or an answer cannot: NUL, half a surrogate pair, Infinity.

    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (ValueError, TypeError, RecursionError):
        raise PydanticCustomError("range", _BROKEN) from None
    if has_nul(text):
        raise PydanticCustomError("range", _BROKEN)
    return text
