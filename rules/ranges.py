"""Field types whose error names the value and the whole range, not just the end that was crossed."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_SHOWN = 80
_BROKEN = "must not contain NUL or half a surrogate pair"
# An even number of backslashes before it: `C:\\u0000` is text, not NUL.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def shown(value: Any) -> str:
    """Quote a refused value, shortened, for an error message."""
    text = repr(_beginning(value, iter(range(_SHOWN))))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _beginning(value: Any, room: Iterator[int]) -> Any:
    """Copy what of a value can be shown: writing a whole one may take a second. Each part takes a character or more."""
    if isinstance(value, str):
        return value[: _SHOWN + 1]
    if isinstance(value, list):
        return [_beginning(item, room) for item, _ in zip(value, room, strict=False)]
    if isinstance(value, dict):
        return {
            _beginning(name, room): _beginning(item, room) for (name, item), _ in zip(value.items(), room, strict=False)
        }
    return value


def whole(low: int, high: int, unit: str = "") -> Any:
    """Make the type of whole numbers from `low` to `high`, both inclusive."""
    message = f"must be a whole number from {low} to {high}{' ' + unit if unit else ''}; got {{value}}"

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise PydanticCustomError("range", message, {"value": shown(value)})
        return value

    schema = {"type": "integer", "minimum": low, "maximum": high}
    return Annotated[int, BeforeValidator(check), WithJsonSchema(schema)]


def decimal(low: float, high: float) -> Any:
    """Make the type of numbers from `low` to `high`, both inclusive; NaN and booleans are refused."""
    message = f"must be a number from {low:g} to {high:g}; got {{value}}"

    def check(value: Any) -> Any:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # NaN is in no range
            raise PydanticCustomError("range", message, {"value": shown(value)})
        return value

    schema = {"type": "number", "minimum": low, "maximum": high}
    return Annotated[int | float, BeforeValidator(check), WithJsonSchema(schema)]


def text(low: int, high: int) -> Any:
    """Make the type of texts of `low` to `high` characters, without NUL."""
    message = f"must be a text of {low} to {high} characters; got {{value}}"

    def check(value: Any) -> str:
        if not isinstance(value, str) or not low <= len(value) <= high:
            found = f"{len(value)} characters" if isinstance(value, str) else shown(value)
            raise PydanticCustomError("range", message, {"value": found})
        return whole_text(value)

    schema = {"type": "string", "minLength": low, "maxLength": high}
    return Annotated[str, BeforeValidator(check), WithJsonSchema(schema)]


def _in_calendar(value: datetime) -> datetime:
    if not 1970 <= value.year <= 9998:  # so that it is in every zone's calendar, and in the store's
        message = "must be a time from 1970 to 9998; got {value}"
        raise PydanticCustomError("range", message, {"value": value.isoformat()})
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_in_calendar)]


def whole_text(value: str) -> str:
    """Return a text; refuse NUL and half a surrogate pair, which neither stores nor answers can hold."""
    if "\x00" in value or any(0xD800 <= ord(mark) <= 0xDFFF for mark in value):
        raise PydanticCustomError("range", _BROKEN)
    return value


def storable(max_bytes: int) -> AfterValidator:
    """Make the check of JSON values of any shape: at most `max_bytes` as JSON, whole texts, finite numbers."""

    def check(value: Any) -> Any:
        try:
            written = json.dumps(value, ensure_ascii=False, allow_nan=False)
            size = len(written.encode())
        except ValueError:  # Infinity, or half a surrogate pair
            raise PydanticCustomError("range", f"{_BROKEN}, nor a number beyond what JSON can hold") from None
        if has_nul(written):
            raise PydanticCustomError("range", _BROKEN)
        if size > max_bytes:
            raise PydanticCustomError("range", f"must take at most {max_bytes} bytes as JSON; got {size}")
        return value

    return AfterValidator(check)


def has_nul(written: str) -> bool:
    """Say whether JSON text holds a NUL character anywhere."""
    return "\\u0000" in written and _NUL.search(written) is not None
