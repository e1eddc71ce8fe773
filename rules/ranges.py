"""Field types whose error names the value and the whole range, not just the end that was crossed."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_SHOWN = 80


def shown(value: Any) -> str:
    """Quote a refused value, shortened, for an error message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


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
        if "\x00" in value or any(0xD800 <= ord(mark) <= 0xDFFF for mark in value):
            raise PydanticCustomError("range", "must not contain NUL or half a surrogate pair")
        return value

    schema = {"type": "string", "minLength": low, "maxLength": high}
    return Annotated[str, BeforeValidator(check), WithJsonSchema(schema)]
