"""Request headers with variables in their values (C05)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from rules.encodings import HEADER
from rules.errors import InvalidInput
from rules.header_fields import HeaderName
from rules.rendering import Part, Slot
from rules.text_template import Mention, parse_text, place_in

_NAME: Final[TypeAdapter[str]] = TypeAdapter(HeaderName)
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class HeaderTemplate:
    """One header: a fixed name and the parts of its value."""

    name: str
    field: str
    parts: tuple[Part, ...]
    slots: tuple[Slot, ...]


def compile_headers(headers: Sequence[tuple[str, str]]) -> tuple[HeaderTemplate, ...]:
    """Compile headers, in their order.

    Raises:
        InvalidInput: `headers.N.key` or `headers.N.value`: a variable in a name or in Content-Type, a name that is not
            one, is given twice or belongs to the connection, or a control character.

    """
    taken: set[str] = set()
    templates = []
    for place, (name, value) in enumerate(headers):
        _check_name(name, taken, f"headers.{place}.key")
        templates.append(_compile_value(name, value, f"headers.{place}.value"))
    return tuple(templates)


def _check_name(name: Any, taken: set[str], field: str) -> None:
    if isinstance(name, str) and "$" in name:
        raise InvalidInput.of(field, f"a header's name is fixed: no $ at {place_in(name)(name.index('$'))}")
    try:
        _NAME.validate_python(name)
    except ValidationError as problem:
        raise InvalidInput.of(field, problem.errors()[0]["msg"]) from None
    if name.lower() in taken:
        raise InvalidInput.of(field, f"{name} is given twice; header names ignore case")
    taken.add(name.lower())


def _compile_value(name: str, value: Any, field: str) -> HeaderTemplate:
    if not isinstance(value, str):
        raise InvalidInput.of(field, "must be a text")
    where = place_in(value)
    if bad := _UNWRITABLE.search(value):
        raise InvalidInput.of(field, f"there is a line break or control character at column {bad.start() + 1}")
    parsed = parse_text(value, field, where)
    mention = next((part for part in parsed if isinstance(part, Mention)), None)
    if mention and name.lower() == "content-type":
        raise InvalidInput.of(
            field, f"decides how the body is written, so it cannot hold the variable at {where(mention.at)}"
        )
    parts = tuple(Slot(part.reference, HEADER, field) if isinstance(part, Mention) else part for part in parsed)
    return HeaderTemplate(name, field, parts, tuple(part for part in parts if isinstance(part, Slot)))
