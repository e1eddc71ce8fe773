"""How JavaScript compares and converts JSON values: `==`, `Number()`, `String()` and `includes` (row B04).

Numbers are doubles, as in JavaScript: integers beyond 2^53 lose precision here too. One deliberate difference:
a JSON object with its own `toString` member throws in JavaScript; here it reads as `[object Object]` like any other.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, Final


class Missing:
    """The type of `MISSING`, which stands for JavaScript's `undefined`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()
NAN: Final = math.nan

# What String.prototype.trim removes; str.strip() would also take \x1c-\x1f and \x85, and leave \ufeff.
_WHITESPACE: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
# The point is inside the group: `[0-9]+\.?[0-9]*` would take minutes to give up on 250 000 digits and a letter.
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX: Final = re.compile(r"0(?:[xX](?P<hex>[0-9a-fA-F]+)|[oO](?P<octal>[0-7]+)|[bB](?P<binary>[01]+))")
_BASES: Final = {"hex": 16, "octal": 8, "binary": 2}
# Number::toString writes exponents outside of 1e-7 < x < 1e21.
_LARGEST_PLAIN_EXPONENT: Final = 21
_SMALLEST_PLAIN_EXPONENT: Final = -6


def to_number(value: Any) -> float:
    """Convert a JSON value (or `MISSING`) as `Number(value)` does; NaN where it is not a number."""
    kind = type(value)
    if kind is float:
        return value  # type: ignore[no-any-return]  # the check above is what mypy cannot see
    if kind is int or kind is bool:
        return _double(value)
    if value is None:
        return 0.0
    if kind is str:
        return _string_to_number(value)
    return _string_to_number(to_string(value)) if isinstance(value, list | tuple) else NAN


def to_string(value: Any) -> str:
    """Convert a JSON value (or `MISSING`) as `String(value)` does."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_to_string(_double(value))
    if isinstance(value, list | tuple):
        return _join(value)
    if value is None:
        return "null"
    return "undefined" if value is MISSING else "[object Object]"


def loose_equal(left: Any, right: Any) -> bool:
    """Compare two JSON values (or `MISSING`) as `left == right` does.

    Two lists or two objects are never equal, because in JavaScript they would be two different objects.
    """
    if left is None or left is MISSING or right is None or right is MISSING:
        return (left is None or left is MISSING) and (right is None or right is MISSING)
    left_kind, right_kind = type(left), type(right)
    if left_kind is str and right_kind is str:
        return bool(left == right)
    left_is_object, right_is_object = _is_object(left), _is_object(right)
    if left_is_object and right_is_object:
        return False
    if left_is_object and right_kind is str:
        return bool(to_string(left) == right)
    if right_is_object and left_kind is str:
        return bool(left == to_string(right))
    return to_number(left) == to_number(right)


def includes(values: Sequence[Any], wanted: Any) -> bool:
    """Say whether a list has a value, as `Array.prototype.includes` does: same type, same value."""
    return any(_same_value(value, wanted) for value in values)


def _same_value(left: Any, right: Any) -> bool:
    if _is_number(left) and _is_number(right):
        return _double(left) == _double(right)
    return type(left) is type(right) and not _is_object(left) and bool(left == right)


def _is_object(value: Any) -> bool:
    return isinstance(value, list | dict | tuple)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _string_to_number(text: str) -> float:
    text = text.strip(_WHITESPACE)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if match := _RADIX.fullmatch(text):
        base = str(match.lastgroup)
        return _double(int(match[base], _BASES[base]))
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, NAN)


def _number_to_string(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    return sign + _digits_to_string(*_shortest_digits(abs(number)))


def _shortest_digits(number: float) -> tuple[str, int]:
    """Return the shortest digits that read back as `number`, and the place of the point counted from their left."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    significant = digits.lstrip("0")
    point = len(whole) - (len(digits) - len(significant)) + int(exponent or 0)
    return significant.rstrip("0"), point


def _digits_to_string(digits: str, point: int) -> str:
    if _SMALLEST_PLAIN_EXPONENT < point <= 0:
        return "0." + "0" * -point + digits
    if 0 < point <= _LARGEST_PLAIN_EXPONENT:
        padded = digits.ljust(point, "0")
        return padded[:point] + ("." + padded[point:] if len(padded) > point else "")
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{mantissa}e{point - 1:+d}"


def _join(values: Sequence[Any]) -> str:
    """Join as `Array.prototype.toString` does, without recursion: nesting depth comes from outside."""
    parts: list[str] = []
    iterators = [iter(values)]
    while iterators:
        for value in iterators[-1]:
            if isinstance(value, list | tuple) and value:
                iterators.append(iter(value))
                break
            parts.append("" if value is None or value is MISSING else to_string(value))
        else:
            iterators.pop()
    return ",".join(parts)
