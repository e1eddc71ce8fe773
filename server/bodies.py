"""Bodies of requests: read up to a limit, and parsed without holding up everyone else.

Python's JSON parser lets nothing else run until it is done. So what is large is parsed on another thread, and what
would take long even there is refused, or parsed piece by piece.
"""

import asyncio
import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from rules.errors import FieldError, InvalidInput, MalformedBody, PayloadTooLarge

MIB: Final = 1024 * 1024
MAX_BODY_BYTES: Final = MIB
MAX_DEPTH: Final = 64
_MAX_MARKS: Final = 250_000  # of a body over 1 MiB
_ASIDE: Final = 65_536  # bytes; parsing less takes no time
_WINDOWS: Final = (65_536, 262_144, MIB)  # characters, of an entry
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NEAR: Final = 16  # characters; what is wrong so close to a window's end may be right beyond it


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Read a body of at most `limit` bytes, a whole number of MiB; raises MalformedBody or PayloadTooLarge."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise _too_large(f"is over the limit of {limit} bytes ({limit // MIB} MiB)")
    except ClientDisconnect:
        raise MalformedBody([FieldError("body", "ends before it is complete")]) from None
    return bytes(data)


async def read_json(request: Request, limit: int = MAX_BODY_BYTES) -> Any:
    """Read a JSON body of at most `limit` bytes; raises as `read_body` and `json_value` do."""
    data = await read_body(request, limit)
    return await asyncio.to_thread(json_value, data) if len(data) > _ASIDE else json_value(data)


async def parse_entries(data: bytes, max_entries: int) -> Any:
    """Parse a JSON body that may be over 1 MiB if it is a list of entries of up to 1 MiB each.

    Raises:
        MalformedBody, PayloadTooLarge: As `json_value` does; an entry is too large.
        InvalidInput: There are more than `max_entries`, in a body over 1 MiB.

    """
    if len(data) <= _ASIDE:
        return json_value(data)
    return await asyncio.to_thread(json_entries if len(data) > MIB else _value, data, max_entries)


def json_value(data: bytes) -> Any:
    """Parse a JSON body, at most 64 levels deep; raises MalformedBody, PayloadTooLarge or InvalidInput."""
    if not data.strip():
        raise MalformedBody([FieldError("body", "is empty; send JSON, such as {}")])
    if len(data) > MIB and sum(map(data.count, (b",", b"[", b"{"))) > _MAX_MARKS:
        raise _too_large(f"is over 1 MiB and has more than {_MAX_MARKS} values; send less at once")
    try:
        with _uncollected():
            value = _DECODER.decode(data.decode(json.detect_encoding(data), "surrogatepass"))
    except RecursionError:
        raise MalformedBody([FieldError("body", "is nested too deeply")]) from None
    except ValueError as error:
        raise _malformed(error) from None
    _check_depth(value, data)
    return value


def json_entries(data: bytes, max_entries: int) -> list[Any]:
    """Parse a list entry by entry, so that other threads get their turn between two of them."""
    try:
        text = data.decode(json.detect_encoding(data), "surrogatepass")
        with _uncollected():
            entries = _entries(text, max_entries)
    except RecursionError:
        raise MalformedBody([FieldError("body", "is nested too deeply")]) from None
    except ValueError as error:
        raise _malformed(error) from None
    _check_depth(entries, data)
    return entries


@contextmanager
def _uncollected() -> Iterator[None]:
    """Put off garbage collection, which takes most of the time here and finds nothing: JSON has no cycles."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _value(data: bytes, _max_entries: int) -> Any:
    return json_value(data)


def _entries(text: str, max_entries: int) -> list[Any]:
    entries: list[Any] = []
    at = _after_space(text, 0)
    if text[at : at + 1] != "[":
        raise _too_large("is over 1 MiB, and no list: one entry may take 1 MiB")
    at = _after_space(text, at + 1)
    while text[at : at + 1] != "]" or entries:
        if len(entries) == max_entries:
            raise InvalidInput.of("body", f"must hold at most {max_entries} entries; got more")
        value, at = _entry(text, at, len(entries))
        entries.append(value)
        at = _after_space(text, at)
        if text[at : at + 1] == "]":
            break
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _after_space(text, at + 1)
    if (end := _after_space(text, at + 1)) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return entries


def _entry(text: str, at: int, number: int) -> tuple[Any, int]:
    """Parse one entry, looking no further than 1 MiB."""
    for size in _WINDOWS:
        window = text[at : at + size]
        try:
            value, length = _DECODER.raw_decode(window)
        except json.JSONDecodeError as error:
            cut = at + size < len(text)
            if cut and (error.msg.startswith("Unterminated") or error.pos > len(window) - _NEAR):
                continue
            raise json.JSONDecodeError(error.msg, text, at + error.pos) from None
        return value, at + length
    raise PayloadTooLarge([FieldError(str(number), "is over the limit of 1 MiB for an entry")])


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _malformed(error: ValueError) -> MalformedBody:
    words = str(error).partition("; use sys.")[0]  # what Python advises about 5000 digits is not for senders
    return MalformedBody([FieldError("body", f"is not JSON: {words}")])


def _too_large(words: str) -> PayloadTooLarge:
    return PayloadTooLarge([FieldError("body", words)])


def _check_depth(value: Any, data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return
    raise InvalidInput.of("body", f"is nested more than {MAX_DEPTH} levels deep")
