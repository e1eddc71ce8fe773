"""Fields of a form: `multipart/form-data` as curl's `-F` sends it, or URL-encoded."""

from collections.abc import AsyncGenerator, Mapping
from email.message import Message
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from rules.errors import FieldError, InvalidInput, MalformedBody
from server.deps import read_body

MAX_FORM_BYTES = 1024 * 1024
_MAX_FIELDS = 20
_MULTIPART, _ENCODED = "multipart/form-data", "application/x-www-form-urlencoded"


def is_form(request: Request) -> bool:
    """Tell whether a request's body is a form."""
    return _media_type(request) in {_MULTIPART, _ENCODED}


async def form_fields(request: Request) -> Mapping[str, str]:
    """Read a form of at most 1 MiB: each field once, no files.

    Raises:
        PayloadTooLarge: It is longer.
        MalformedBody: It is not what its Content-Type says.
        InvalidInput: A field is given twice, or is a file.

    """
    data = await read_body(request, MAX_FORM_BYTES)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise MalformedBody([FieldError("body", "is a form that is not UTF-8; files cannot be sent here")]) from None
    pairs = await _parts(request, data) if _media_type(request) == _MULTIPART else _encoded(text)
    twice = sorted({name for at, (name, _) in enumerate(pairs) if name in {other for other, _ in pairs[:at]}})
    if twice:
        raise InvalidInput([FieldError(name[:64], "is given more than once") for name in twice])
    return dict(pairs)


async def _parts(request: Request, data: bytes) -> list[tuple[str, str]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield data

    headers = Headers({"content-type": request.headers["content-type"]})
    parser = MultiPartParser(headers, stream(), max_files=1, max_fields=_MAX_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise MalformedBody([FieldError("body", f"is not a form: {error.message}")]) from None
    try:
        pairs = form.multi_items()
        files = [name for name, value in pairs if not isinstance(value, str)]
        if files:
            words = "is sent as a file; send it as a plain form field, as curl's -F 'name=value' does without @"
            raise InvalidInput([FieldError(name[:64] or "body", words) for name in files])
        return [(name, value) for name, value in pairs if isinstance(value, str)]
    finally:
        await form.close()


def _encoded(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError as error:
        raise MalformedBody([FieldError("body", f"is not a form: {error}")]) from None


def _media_type(request: Request) -> str:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    return message.get_content_type() if "content-type" in request.headers else ""
