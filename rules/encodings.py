"""How a value is written at each kind of place in a request, so that it never becomes part of its structure (C05)."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, Final
from urllib.parse import quote, quote_plus

from rules.template_limits import MAX_DIGITS, MAX_INTEGER_BITS, MAX_JSON_DEPTH, MAX_RENDERED_BYTES

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URL_PUNCTUATION: Final = "%:/?@[]!$&'()*+,;=~"
_XML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_XML_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FIELD_NAME: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_CONTAINERS: Final = (dict, list, tuple)
TOO_LONG: Final = f"would make the rendered request longer than {MAX_RENDERED_BYTES} bytes"


class Unsafe(Exception):
    """A value cannot be written at its place; the message is a predicate: `contains a line break`."""


def text_of(value: Any, room: int = MAX_RENDERED_BYTES) -> str:
    """Return a value as text: a string as it is, anything else as compact JSON; raises Unsafe beyond `room` bytes."""
    if not isinstance(value, str):
        return json_of(value, room=room)
    _check_text(value, room)
    return value


def json_of(value: Any, *, depth: int = 0, room: int = MAX_RENDERED_BYTES) -> str:
    """Return a value as compact JSON.

    Args:
        value: Anything; what JSON cannot hold is refused.
        depth: How many objects and lists it will stand in.
        room: How many bytes it may take.

    Raises:
        Unsafe: NaN, infinity, half a surrogate pair, too deep, too long, or no JSON value at all.

    """
    if isinstance(value, str):
        _check_text(value, room)
        return encode_basestring(value)
    if isinstance(value, _CONTAINERS):
        _check_nested(value, depth, room)
    else:
        _scalar_length(value)
    try:
        text = _ENCODER.encode(value)
    except ValueError:  # an interpreter that was told to refuse shorter integers
        raise Unsafe(f"is, or contains, an integer of more than {MAX_DIGITS} digits") from None
    _check_text(text, room)
    return text


def _check_text(value: str, room: int) -> None:
    if len(value) > room:
        raise Unsafe(TOO_LONG)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unsafe("contains half a surrogate pair, which no text can hold") from None


def _check_nested(value: Any, depth: int, room: int) -> None:
    """Refuse what cannot be written; visits no more nodes than there is room for, as each takes a byte at least."""
    waiting = [(value, depth)]
    while waiting:
        node, depth = waiting.pop()
        if depth >= MAX_JSON_DEPTH:
            raise Unsafe(f"nests deeper than {MAX_JSON_DEPTH} objects and lists")
        room -= len(node)
        if isinstance(node, dict):
            room -= _keys_length(node)
            node = node.values()
        for inner in node if room >= 0 else ():
            if inner.__class__ is str:
                room -= len(inner)
            elif isinstance(inner, _CONTAINERS):
                waiting.append((inner, depth + 1))
            elif inner is not None:
                room -= _scalar_length(inner)
        if room < 0:
            raise Unsafe(TOO_LONG)


def _keys_length(node: dict[Any, Any]) -> int:
    try:
        return len("".join(node))
    except TypeError:
        raise Unsafe("contains an object with a key that is not text") from None


def _scalar_length(node: Any) -> int:
    """Return a lower bound of a scalar's length; raises Unsafe when JSON cannot hold it."""
    if isinstance(node, str):
        return len(node)
    if isinstance(node, float):
        if not isfinite(node):
            raise Unsafe("is, or contains, NaN or Infinity, which JSON cannot hold")
    elif isinstance(node, int):
        if node.bit_length() > MAX_INTEGER_BITS:
            raise Unsafe(f"is, or contains, an integer of more than {MAX_DIGITS} digits")
    elif node is not None:
        raise Unsafe(f"is, or contains, a value of type {type(node).__name__}, which is not JSON")
    return 0


def escaped(text: str) -> str:
    """Write a text for the inside of a JSON string."""
    return encode_basestring(text)[1:-1]


def url_literal(text: str) -> str:
    """Write the template's own text in a URL: untouched, but for what no URL can hold (a stray % included)."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_URL_PUNCTUATION)


def _url_slot(text: str) -> str:
    return quote(text, safe="")


def _header(text: str) -> str:
    if _CONTROL.search(text):
        raise Unsafe("contains a line break or another control character, which no header can hold")
    return text


def _xml(text: str) -> str:
    if _XML_FORBIDDEN.search(text):
        raise Unsafe("contains a control character, which XML cannot hold")
    return text.translate(_XML)


def _field_name(text: str) -> str:
    return text.translate(_FIELD_NAME)


def _plain(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Context:
    """A kind of place in a request.

    Args:
        title: For sentences: `a path segment`.
        encode: Writes a value's text; raises Unsafe.
        literal: Writes the template's own text.
        missing: What a missing value becomes; None when it is refused.
        bare: Whether a value is written as JSON instead of as text, and so is the mask that is shown for a secret.

    """

    title: str
    encode: Callable[[str], str] = _plain
    literal: Callable[[str], str] = _plain
    missing: str | None = ""
    bare: bool = False


PATH: Final = Context("a path segment", _url_slot, url_literal, missing=None)
QUERY: Final = Context("the query", _url_slot, url_literal)
FRAGMENT: Final = Context("the fragment", _url_slot, url_literal)
HEADER: Final = Context("a header", _header)
JSON_STRING: Final = Context("a JSON string", escaped, escaped)
JSON_KEY: Final = Context("a JSON key", escaped, escaped)
JSON_VALUE: Final = Context("a JSON value", missing="null", bare=True)
FORM: Final = Context("a form field", quote_plus, quote_plus)
FORM_TEXT: Final = Context("a form field", quote_plus)
FIELD_NAME: Final = Context("the name of a form field", _field_name, _field_name)
TEXT: Final = Context("text")
XML: Final = Context("XML text", _xml)
