"""The body of an endpoint's answer: a JSON value when it is JSON, else text, whatever the bytes are."""

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from rules.json_values import depth

MAX_DEPTH: Final = 64
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_TEXTUAL: Final = re.compile(r"(?:utf|iso8859|cp125|koi8|shift_jis|euc_|gb|big5)[\w-]*|ascii|latin_1|mac-roman")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")
_BINARY_SHARE: Final = 0.3


def read_body(body: bytes, headers: Mapping[str, str]) -> Any:
    """Read a body as JSON, else as text, else as a note of how many bytes it was; None when there was none.

    Args:
        body: Its bytes, perhaps cut off.
        headers: The response's, with lower-case names.

    Returns:
        A JSON value at most 64 levels deep, without NUL and surrogates. Integers are exact.

    """
    if not body:
        return None
    text = _text(body, headers.get("content-type", ""))
    found = _json(text, headers.get("content-type", ""))
    return _plain(text, len(body)) if found is _NOT_JSON else found


def read_text(body: bytes, headers: Mapping[str, str]) -> str:
    """Read a body as text, be it JSON or not, else as a note of how many bytes it was."""
    return _plain(_text(body, headers.get("content-type", "")), len(body))


def storable_text(text: str) -> str:
    """Replace what no store can hold: NUL and half surrogate pairs."""
    return _UNSTORABLE.sub("\ufffd", text)


def _plain(text: str, size: int) -> str:
    if len(_CONTROLS.findall(text)) > len(text) * _BINARY_SHARE:
        return f"[{size} bytes that are not text]"
    return storable_text(text)


class _NotJson:
    """What is no JSON, where None is."""


_NOT_JSON: Final = _NotJson()


def _text(body: bytes, content_type: str) -> str:
    """Decode bytes as their byte order mark or Content-Type says, else as UTF-8; broken bytes are replaced."""
    encoding = next((name for mark, name in _BOMS if body.startswith(mark)), None)
    if encoding is None and (match := _CHARSET.search(content_type)):
        encoding = _known(match[1])
    return body.decode(encoding or "utf-8", errors="replace")


def _known(charset: str) -> str | None:
    """Look up a charset among those of texts; Python's registry also holds slow and surprising ones."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    plain = name.replace("-", "_") if not name.startswith("utf") else name
    return name if _TEXTUAL.fullmatch(plain) and name != "utf-7" else None


def _json(text: str, content_type: str) -> Any:
    # Objects and lists count as JSON under any Content-Type: many endpoints send them as text/html.
    if text.lstrip()[:1] not in {"{", "["} and "json" not in content_type.lower():
        return _NOT_JSON
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return _NOT_JSON
    if depth(value, MAX_DEPTH) > MAX_DEPTH:
        return _NOT_JSON
    return _storable(value) if "\\u" in text else value


def _finite(written: str) -> float | str:
    """Read a number; one beyond what JSON can hold (1e999) stays as it is written."""
    number = float(written)
    return number if math.isfinite(number) else written


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _storable(value: Any) -> Any:
    """Replace what no store can hold: NUL and half surrogate pairs, which JSON can only write as escapes."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value
