"""Reads integration documents as people print them: JSON in whose `body` bare `$variables` stand as values (C10)."""

import json
from dataclasses import dataclass
from typing import Any, Final

from rules.errors import InvalidInput
from rules.json_source import JsonBare, JsonList, JsonNode, JsonObject, JsonRaw, JsonText, Member, below, read_json

MAX_DOCUMENT_CHARACTERS: Final = 256 * 1024
_BODY: Final = "body"


def read_integration(text: str, *, field: str = "document") -> dict[str, Any]:
    """Return a document as plain JSON; a `body` that holds bare variables becomes its source text.

    Such a text is what `rules.request_template.compile_request` takes as a body. The body may stand anywhere in the
    document, so that a trigger with its integration can be read as well as the integration alone.

    Args:
        text: JSON, up to 262 144 characters.
        field: The name of the document in errors.

    Raises:
        InvalidInput: Not JSON (with line and column), not an object, or a bare variable outside of a body.

    """
    if len(text) > MAX_DOCUMENT_CHARACTERS:
        raise InvalidInput.of(field, f"has {len(text)} characters; at most {MAX_DOCUMENT_CHARACTERS} are allowed")
    node = read_json(text, field)
    if not isinstance(node, JsonObject):
        raise InvalidInput.of(field, "must be a JSON object")
    document: dict[str, Any] = _Document(text).plain(node, field)
    return document


@dataclass(frozen=True, slots=True)
class _Document:
    text: str

    def plain(self, node: JsonNode, field: str) -> Any:
        if isinstance(node, JsonText):
            return node.text
        if isinstance(node, JsonRaw):
            return json.loads(node.source)
        if isinstance(node, JsonList):
            return [self.plain(item, below(field, at)) for at, item in enumerate(node.items)]
        if isinstance(node, JsonObject):
            return {member.key.text: self.member(member, field) for member in node.members}
        raise InvalidInput.of(
            field,
            f"the variable `{node.reference.written}` at {node.where(node.at)} must stand in quotes outside of a body",
        )

    def member(self, member: Member, field: str) -> Any:
        if member.key.text == _BODY and _has_bare(member.value):
            return self.text[member.start : member.end]
        return self.plain(member.value, below(field, member.key.text))


def _has_bare(node: JsonNode) -> bool:
    if isinstance(node, JsonObject):
        return any(_has_bare(member.value) for member in node.members)
    return isinstance(node, JsonBare) or (isinstance(node, JsonList) and any(map(_has_bare, node.items)))
