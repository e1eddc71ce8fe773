"""Request bodies as templates: JSON, forms and plain text, each with its own encoding (C05)."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from rules.encodings import FORM_TEXT, TEXT, XML, Context
from rules.errors import InvalidInput
from rules.form_template import flatten_form, flatten_multipart
from rules.json_source import JsonNode, JsonObject, node_of, read_json, text_node
from rules.json_template import flatten, text_parts
from rules.rendering import Part, Slot, merge, slots_of
from rules.template_limits import MAX_SLOTS, MAX_TEMPLATE_BYTES, size

NO_BODY: Final = None
_FIELD: Final = "body"
_JSON: Final = "application/json"
_JSON_TYPE: Final = re.compile(r"(?:application|text)/(?:[\w.-]+\+)?json|[\w.-]+/[\w.-]+\+json", re.ASCII)
_LIKE_JSON: Final = re.compile(r'[\s\ufeff]*(?:\{|\[\s*[\[{"])')
_CHARSET: Final = re.compile(r"charset *= *\"?([^\"; ]*)")
_XML_TYPE: Final = re.compile(r"(?:application|text)/(?:xml|html)|[\w.-]+/[\w.-]+\+xml", re.ASCII)


class Kind(StrEnum):
    """How a body is written."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class BodyTemplate:
    """A body ready for rendering; `content_type` is what it needs when the headers name none."""

    kind: Kind
    content_type: str
    parts: tuple[Part, ...]
    slots: tuple[Slot, ...]
    size: int


def compile_body(body: Any, content_type: str | None) -> BodyTemplate:
    """Compile a body.

    Args:
        body: A JSON value whose texts and names are templates; or a text: JSON with bare variables when the content
            type says JSON, or there is none and it can be read as JSON; a form or plain text otherwise. An object is
            a form's fields when the content type is a form's.
        content_type: The value of the Content-Type header, if there is one.

    Raises:
        InvalidInput: `body` or `body.path`, with the column where there is one: not JSON although it should be, a name
            given twice, too large, too deep, too many variables.

    """
    essence, _, parameters = (content_type or "").lower().partition(";")
    essence = essence.strip()
    _check_charset(essence, parameters)
    if isinstance(body, str):
        kind, added, parts, length = _of_text(body, essence)
    else:
        kind, added, parts, length = _of_value(body, essence)
    check_size(length, _FIELD)
    merged = merge(parts)
    slots = tuple(slots_of(merged))
    if len(slots) > MAX_SLOTS:
        raise InvalidInput.of(_FIELD, f"has {len(slots)} variables; at most {MAX_SLOTS} are allowed")
    return BodyTemplate(kind, added, merged, slots, length)


def _check_charset(essence: str, parameters: str) -> None:
    charset = _CHARSET.search(parameters)
    if charset and charset[1] not in {"utf-8", "utf8", "us-ascii"} and not _JSON_TYPE.fullmatch(essence):
        raise InvalidInput.of(_FIELD, f"is sent as UTF-8, but the Content-Type says charset={charset[1][:40]}")


def check_size(length: int, field: str) -> None:
    """Refuse a template of more bytes than are allowed."""
    if length > MAX_TEMPLATE_BYTES:
        raise InvalidInput.of(field, f"the template has {length} bytes; at most {MAX_TEMPLATE_BYTES} are allowed")


_Read = tuple[Kind, str, Iterable[Part], int]


def _of_text(body: str, essence: str) -> _Read:
    length = size(body)
    check_size(length, _FIELD)
    if _JSON_TYPE.fullmatch(essence):
        return Kind.JSON, _JSON, flatten(read_json(body, _FIELD), _FIELD), length
    if not essence and (node := _guessed_json(body)):
        return Kind.JSON, _JSON, flatten(node, _FIELD), length
    if essence == "multipart/form-data":
        raise InvalidInput.of(_FIELD, "must be an object of fields for multipart/form-data: its parts are written here")
    context, kind = _text_context(essence)
    return kind, "text/plain; charset=utf-8", text_parts(text_node(body, _FIELD), context, _FIELD), length


def _text_context(essence: str) -> tuple[Context, Kind]:
    if essence == "application/x-www-form-urlencoded":
        return FORM_TEXT, Kind.FORM
    return (XML if _XML_TYPE.fullmatch(essence) else TEXT), Kind.TEXT


def _guessed_json(body: str) -> JsonNode | None:
    try:
        return read_json(body, _FIELD)
    except InvalidInput as problem:
        if _LIKE_JSON.match(body):
            hint = "; for text that is no JSON, add the header Content-Type: text/plain"
            raise InvalidInput.of(_FIELD, problem.errors[0].message + hint) from None
        return None


def _of_value(body: Any, essence: str) -> _Read:
    node = node_of(body, _FIELD)
    length = size(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    if essence == "application/x-www-form-urlencoded":
        return Kind.FORM, essence, flatten_form(_fields(node), _FIELD), length
    if essence == "multipart/form-data":
        return Kind.MULTIPART, essence, flatten_multipart(_fields(node), _FIELD), length
    return Kind.JSON, _JSON, flatten(node, _FIELD), length


def _fields(node: JsonNode) -> JsonObject:
    if not isinstance(node, JsonObject):
        raise InvalidInput.of(_FIELD, "must be an object of fields, or a text such as name=$name, for a form")
    return node
