"""The body of a curl command: JSON, a form, or text (curl --help: -d, --json, -F)."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from integrations.importers.credentials import holds_credential, known_value, looks_credential
from integrations.importers.curl_command import CurlCommand
from integrations.importers.curl_url import query_pairs
from integrations.importers.draft import DraftBuilder
from integrations.importers.examples import is_setting, text_schema
from integrations.importers.json_fields import json_template, read_fields
from integrations.importers.placeholders import Hole, join, literal, plain, split, split_value
from rules.errors import InvalidInput
from rules.typed_secrets import HIDDEN

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
_JSON_TYPE: Final = re.compile(r"[\w.-]+/(?:[\w.-]+\+)?json", re.ASCII | re.IGNORECASE)
_PART_OPTION: Final = re.compile(r";\s*(?:type|filename|encoder|headers)=[^;]*\Z")
# What curl leaves of a text that it encodes, and the marks of placeholders, which must stay readable.
_SAFE: Final = "${}<>" + "\ufdd0"


@dataclass(frozen=True, slots=True)
class Content:
    """A body as a template, and the Content-Type that it needs."""

    body: Any
    content_type: str


def joined_data(command: CurlCommand) -> str | None:
    """Join what -d, --json and their kin give, as curl does; None when there is nothing."""
    written = ""
    for place, (kind, value) in enumerate(command.data):
        written += ("&" if place and kind != "json" else "") + encoded_data(kind, value)
    return written if command.data else None


def encoded_data(kind: str, value: str) -> str:
    """Return what one data option sends; raises InvalidInput when it would read a file."""
    if kind in {"data", "json"} and value.startswith("@"):
        raise _reads_file(value[1:])
    if kind != "data-urlencode":
        return value
    name, equals, content = value.partition("=")
    if not equals:
        if "@" in value:
            raise _reads_file(value.partition("@")[2])
        return quote_plus(value, safe=_SAFE)
    return f"{name}={quote_plus(content, safe=_SAFE)}" if name else quote_plus(content, safe=_SAFE)


def content_of(command: CurlCommand, content_type: str, builder: DraftBuilder) -> Content | None:
    """Write the command's body as a template and collect its variables.

    Args:
        command: The command; its data is the body unless -G put it into the URL.
        content_type: The Content-Type header that it sets; empty when it sets none.
        builder: Takes the parameters, secrets and notes.

    """
    if command.form:
        if command.data:
            raise InvalidInput.of("curl", "The command has both -F and -d; a request has one body.")
        return Content(_multipart(command.form, builder), MULTIPART)
    text = joined_data(command)
    if not text or "get" in command.switches:
        return None
    essence = content_type.partition(";")[0].strip().lower()
    if any(kind == "json" for kind, _ in command.data) or _JSON_TYPE.fullmatch(essence):
        return Content(json_template(read_fields(text), builder), content_type or JSON)
    if essence in {"", FORM} and text.lstrip()[:1] in {"{", "["} and _is_json(text):
        builder.note("The body is JSON, so it is sent as application/json; curl would have called it a form.")
        return Content(json_template(read_fields(text), builder), JSON)
    if essence in {"", FORM}:
        return Content(_form(text, builder), content_type or FORM)
    if essence == MULTIPART:
        raise InvalidInput.of("curl", "The body is a multipart form in its raw spelling; write its fields with -F.")
    return Content(_text(text, builder), content_type)


def _is_json(text: str) -> bool:
    try:
        read_fields(text)
    except InvalidInput:
        return False
    return True


def _form(text: str, builder: DraftBuilder) -> Any:
    pairs = query_pairs(text)
    if any(value is None for _, value in pairs):  # not names and values: a text that only claims to be a form
        return _text(text, builder)
    fields: dict[str, list[str]] = {}
    marked = _is_marked((unquote_plus(name), value or "") for name, value in pairs)
    for name, value in pairs:
        key = unquote_plus(name)
        template = _form_field(key, value or "", builder, marked=marked)
        fields.setdefault(literal(key), []).append(template)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _form_field(name: str, value: str, builder: DraftBuilder, *, marked: bool) -> str:
    pieces = [piece if isinstance(piece, Hole) else unquote_plus(piece) for piece in split_value(value)]
    return _field(name, pieces, builder, marked=marked)


def _field(name: str, pieces: list[str | Hole], builder: DraftBuilder, *, marked: bool) -> str:
    hole = pieces[0] if len(pieces) == 1 and isinstance(pieces[0], Hole) else None
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    if holds_credential(name, text):
        if HIDDEN in text:
            builder.note(f"The value of {name[:60]} was hidden, with what stood after it up to the next space.")
        open_ = len(pieces) > 1 or hole
        return join(
            [Hole(builder.secret(name, None if open_ else known_value(text), hole=hole.name if hole else None))]
        )
    if len(pieces) > 1 or hole:
        return builder.filled(pieces)
    if marked or is_setting(name, text):
        if not marked:
            builder.keep(name)
        return literal(text)
    return join([Hole(builder.parameter(name, text_schema(name, plain(text))))])


def _multipart(form: list[tuple[str, str]], builder: DraftBuilder) -> dict[str, Any]:
    parts = [(*_part(kind, written, builder),) for kind, written in form]
    marked = _is_marked(parts)
    fields: dict[str, list[str]] = {}
    for name, value in parts:
        template = _field(name, split_value(value), builder, marked=marked)
        fields.setdefault(literal(name), []).append(template)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _part(kind: str, written: str, builder: DraftBuilder) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals:
        raise InvalidInput.of("curl", f"-F {written[:60]} has no =; write -F name=value.")
    if kind == "form-string":
        return name, value
    if value[:1] in {"@", "<"} and not re.fullmatch(r"<[A-Za-z_][\w -]*>", value):
        raise _reads_file(value[1:].partition(";")[0])
    if _PART_OPTION.search(value):
        builder.note(f"The part {name[:60]} is sent without its own type or file name.")
        value = _PART_OPTION.sub("", value)
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return name, value


def _is_marked(fields: Any) -> bool:
    return any(
        not looks_credential(name) and any(isinstance(piece, Hole) for piece in split_value(value))
        for name, value in fields
    )


def _text(text: str, builder: DraftBuilder) -> str:
    return builder.filled(split(text)) if text.strip() else json.dumps(text)


def _reads_file(name: str) -> InvalidInput:
    return InvalidInput.of(
        "curl",
        f"The command sends the file {name[:80]}, which a trigger cannot read; put its content into the command.",
    )
