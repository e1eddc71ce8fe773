"""HTTP header fields that people may set: names, values, and which ones are not theirs to set (RFC 9110)."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from rules.ranges import shown

MASK = "••••••"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_FORBIDDEN = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_CREDENTIALS = frozenset({"authorization", "cookie"})
_SENSITIVE = re.compile(r"auth|token|secret|(?<!idempotency-)key|cookie|password|credential", re.IGNORECASE)
_MAX_VALUE = 4096
_MAX_HEADERS = 50


def _check_name(value: Any) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise PydanticCustomError(
            "header_name",
            "must be a header name of letters, digits and - without spaces; got {value}",
            {"value": shown(value)},
        )
    if value.lower() in _FORBIDDEN:
        raise PydanticCustomError(
            "header_name", "{value} is set by the HTTP connection itself; remove it", {"value": value}
        )
    return value


def _check_value(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_VALUE:
        raise PydanticCustomError("header_value", f"must be a text of 1 to {_MAX_VALUE} characters")
    if any((ord(mark) < 32 and mark != "\t") or ord(mark) == 127 for mark in value):
        raise PydanticCustomError("header_value", "must not contain line breaks or control characters")
    if value != value.strip():
        raise PydanticCustomError("header_value", "must not begin or end with a space")
    if value == MASK:
        raise PydanticCustomError("header_value", "is the placeholder shown instead of a secret; send the real value")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("header_value", "must not contain half a surrogate pair") from None
    return value


HeaderName = Annotated[str, BeforeValidator(_check_name), WithJsonSchema({"type": "string"})]
HeaderValue = Annotated[
    str, BeforeValidator(_check_value), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _MAX_VALUE})
]


def is_connections(name: str) -> bool:
    """Tell whether a header is set by the HTTP connection itself."""
    return name.lower() in _FORBIDDEN


def check_custom_headers(headers: dict[str, str]) -> dict[str, str]:
    """Refuse credentials (they belong in the encrypted auth_header), names given twice, and too many."""
    if len(headers) > _MAX_HEADERS:
        raise PydanticCustomError("headers", f"at most {_MAX_HEADERS} headers")
    names = [name.lower() for name in headers]
    for name in names:
        if name in _CREDENTIALS:
            raise PydanticCustomError(
                "headers",
                "{name} carries a credential: set it as auth_header, which is encrypted and never shown",
                {"name": name},
            )
        if names.count(name) > 1:
            raise PydanticCustomError("headers", "{name} is given twice; header names ignore case", {"name": name})
    return headers


def looks_secret(name: str) -> bool:
    """Tell whether a header of this name carries a credential, as far as names tell."""
    return _SENSITIVE.search(name) is not None


def redact(headers: dict[str, str], also: frozenset[str] = frozenset()) -> dict[str, str]:
    """Replace the values of headers that look secret by their name, or are named in `also` (lower case), by a mask."""
    return {name: MASK if name.lower() in also or looks_secret(name) else value for name, value in headers.items()}
