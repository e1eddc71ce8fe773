"""Makes a JSON value fit a number of characters, keeping its shape as long as there is room for it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

_STEPS: Final = ((1_000, 50), (300, 20), (100, 8), (40, 3))  # characters of a text, entries of a list

Trim = Callable[[str], str]


def shortened(body: Any, room: int, *, trim: Trim = str) -> Any:
    """Cut a body.

    Args:
        body: A JSON value, or a text.
        room: How many characters it may take as JSON.
        trim: Sees to the beginning of each text that was cut off, such as to half a secret at its end.

    """
    if written_length(body) <= room:
        return body
    if not isinstance(body, str):
        for characters, entries in _STEPS:
            if written_length(_pruned(body, characters, entries, str)) <= room:
                return _pruned(body, characters, entries, trim)
        body = json.dumps(body, ensure_ascii=False)
    # Quotes and backslashes take two characters in JSON, control characters six.
    text = body[: max(room, 0)]
    while text and (length := written_length(text)) > room:
        text = text[: min(len(text) - 1, len(text) * room // length)]
    return trim(text)


def written_length(value: Any) -> int:
    """Count the characters of a value as JSON."""
    return len(json.dumps(value, ensure_ascii=False))


def _pruned(value: Any, characters: int, entries: int, trim: Trim) -> Any:
    if isinstance(value, str):
        return value if len(value) <= characters else f"{trim(value[:characters])}…"
    if isinstance(value, list):
        kept = [_pruned(item, characters, entries, trim) for item in value[:entries]]
        return kept if len(value) <= entries else [*kept, f"… {len(value) - entries} more"]
    if isinstance(value, Mapping):
        some = list(value.items())[: entries * 2]
        kept_fields = {_name(name, characters, trim): _pruned(item, characters, entries, trim) for name, item in some}
        return kept_fields if len(value) == len(some) else {**kept_fields, "…": f"{len(value) - len(some)} more"}
    return value if len(repr(value)) <= characters else f"{trim(str(value)[:characters])}…"


def _name(name: str, characters: int, trim: Trim) -> str:
    return name if len(name) <= characters else trim(name[:characters])
