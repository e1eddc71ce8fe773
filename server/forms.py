"""Fields of a form: `multipart/form-data` as curl's `-F` sends it, or URL-encoded."""

from collections.abc import AsyncGenerator, Mapping
from email.message import Message
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from rules.errors import FieldError, InvalidInput, MalformedBody

MAX_FORM_BYTES = 1024 * 1024
_MAX_FIELDS = 20
_MULTIPART, _ENCODED = "multipart/form-data", "application/x-www-form-urlencoded"


def is_form(content_type: str) -> bool:
    """Tell whether a Content-Type is that of a form."""
    return _media_type(content_type) in {_MULTIPART, _ENCODED}


async def form_fields(content_type: str, data: bytes) -> Mapping[str, str]:
    """Read a form: each field once, no files.

    Raises:
        MalformedBody: It is not what its Content-Type says, or has more than 20 fields.
        InvalidInput: A field is given twice, or is a file.

    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise MalformedBody([FieldError("body", "is a form that is not UTF-8; files cannot be sent here")]) from None
    pairs = await _parts(content_type, data) if _media_type(content_type) == _MULTIPART else _encoded(text)
    twice = sorted({name for at, (name, _) in enumerate(pairs) if name in {other for other, _ in pairs[:at]}})
    if twice:
        raise InvalidInput([FieldError(name[:64], "is given more than once") for name in twice])
    return dict(pairs)


async def _parts(content_type: str, data: bytes) -> list[tuple[str, str]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield data

    headers = Headers({"content-type": content_type})
    parser = MultiPartParser(headers, stream(), max_files=1, max_fields=_MAX_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise MalformedBody([FieldError("body", f"is not a form: {error.message}")]) from None
    try:
        pairs = form.multi_items()
        if files := [name for name, value in pairs if not isinstance(value, str)]:
            words = "is sent as a file; send it as a plain form field, as curl's -F 'name=value' does without @"
            raise InvalidInput([FieldError(name[:64] or "body", words) for name in files])
        return [(name, value) for name, value in pairs if isinstance(value, str)]
    finally:
        await form.close()


def _encoded(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise MalformedBody([FieldError("body", f"is not a form: {error}")]) from None


def _media_type(content_type: str) -> str:
    message = Message()
    message["content-type"] = content_type
    return message.get_content_type()
