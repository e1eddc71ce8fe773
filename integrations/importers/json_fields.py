"""A JSON body as a template: its fields become parameters, its credentials secrets."""

import json
import re
from typing import Any, Final

from integrations.importers.bare_json import Bare, as_body
from integrations.importers.credentials import holds_credential, known_value, looks_credential
from integrations.importers.draft import DraftBuilder
from integrations.importers.examples import is_setting, string_schema, value_schema
from integrations.importers.placeholders import Hole, join, literal, plain, split_value
from rules.errors import InvalidInput
from rules.json_source import JsonBare, JsonList, JsonNode, JsonObject, JsonRaw, JsonText, read_json
from rules.typed_secrets import HIDDEN

_TOKENS: Final = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*"?)|(?P<hidden>\[hidden\])'
    r"|\{\{ {0,3}(?P<moustache>[A-Za-z_][\w.-]*) {0,3}\}\}|<(?P<angle>[A-Za-z_][\w.-]*)>",
    re.DOTALL,
)
_GRAPHQL: Final = re.compile(r"\s*(?:query|mutation|subscription|fragment)?\b[^{]{0,500}\{")
# Objects that only wrap the fields, so that their names would tell nobody anything.
_WRAPPERS: Final = frozenset({"data", "attributes", "payload", "params", "variables", "input", "body", "properties"})


def read_fields(text: str) -> JsonNode:
    """Read a body; raises InvalidInput, field `curl`, with the column when it is not JSON."""
    try:
        return read_json(_TOKENS.sub(_bare, text), "body")
    except InvalidInput as error:
        raise InvalidInput.of("curl", f"The body {error.errors[0].message}.") from None


def json_template(node: JsonNode, builder: DraftBuilder) -> Any:
    """Write a body as a template: a JSON value, or JSON text where a variable is a number, a list or an object."""
    marked = _is_marked(node)
    written = _Fields(builder, marked=marked).value(node, ())
    if marked:
        builder.note("Only what was marked as a variable in the body varies; the rest stays as it is.")
    return as_body(written)


def _bare(match: re.Match[str]) -> str:
    """Spell a placeholder outside of strings as the renderer's own."""
    if match["text"] is not None:
        return match["text"]
    if match["hidden"] is not None:
        return json.dumps(HIDDEN)
    name = re.sub(r"\W", "_", match["moustache"] or match["angle"])
    return f"${{{name}}}"


def _is_marked(node: JsonNode, name: str = "") -> bool:
    if isinstance(node, JsonText):
        holes = [piece for piece in split_value(node.text) if isinstance(piece, Hole)]
        return bool(holes) and not looks_credential(name) and not _is_graphql(name, node)
    if isinstance(node, JsonObject):
        return any(_is_marked(member.value, member.key.text) for member in node.members)
    if isinstance(node, JsonList):
        return any(_is_marked(item, name) for item in node.items)
    return isinstance(node, JsonBare)


def _is_graphql(name: str, node: JsonNode) -> bool:
    return name == "query" and isinstance(node, JsonText) and _GRAPHQL.match(node.text) is not None


class _Fields:
    def __init__(self, builder: DraftBuilder, *, marked: bool) -> None:
        self.builder, self.marked = builder, marked

    def value(self, node: JsonNode, path: tuple[str, ...]) -> Any:
        name = path[-1] if path else ""
        if isinstance(node, JsonObject):
            return {
                literal(member.key.text): self.value(member.value, (*path, member.key.text)) for member in node.members
            }
        if isinstance(node, JsonBare):
            return Bare(self.builder.hole(Hole(_system(node.reference.name)), value_schema(node.reference.name, None)))
        if isinstance(node, JsonText):
            return self.text(node, name, path)
        if isinstance(node, JsonList) and (self.marked or _has_credential(node)):
            return [self.value(item, path) for item in node.items]
        return self.typed(node, name, path)

    def text(self, node: JsonText, name: str, path: tuple[str, ...]) -> str:
        pieces = split_value(node.text)
        hole = pieces[0] if len(pieces) == 1 and isinstance(pieces[0], Hole) else None
        if holds_credential(name, node.text):
            value = None if hole else known_value(node.text)
            return join([Hole(self.builder.secret(field_label(path), value, hole=hole.name if hole else None))])
        if _is_graphql(name, node):
            return literal(node.text)
        if len(pieces) > 1 or hole:
            return self.builder.filled(pieces)
        if self.marked or not path or is_setting(name, node.text):
            if name and not self.marked:
                self.builder.keep(name)
            return literal(node.text)
        return join(
            [Hole(self.builder.parameter(field_label(path), string_schema(field_label(path), plain(node.text))))]
        )

    def typed(self, node: JsonRaw | JsonList, name: str, path: tuple[str, ...]) -> Any:
        """Write a number, a list, true, false or null: lists and numbers are parameters with their type kept."""
        example = _plain(node)
        if (
            self.marked
            or example in ([], None)
            or is_setting(name, example)
            or (not path and isinstance(node, JsonRaw))
        ):
            if name and not self.marked:
                self.builder.keep(name)
            return _literal(example)
        return Bare(
            self.builder.parameter(
                field_label(path) if path else "items", value_schema(field_label(path) if path else "items", example)
            )
        )


def field_label(path: tuple[str, ...]) -> str:
    """Name a field after the objects that it is in, without those that only wrap: `customer_name`."""
    telling = [name for name in path[:-1] if name.lower() not in _WRAPPERS]
    return "_".join((*telling[-2:], path[-1])) if path else "value"


def _system(name: str) -> str:
    return name if name.startswith("images") or name.endswith(".id") else re.split(r"[.\[]", name)[0]


def _has_credential(node: JsonNode, name: str = "") -> bool:
    if isinstance(node, JsonText):
        return holds_credential(name, node.text)
    if isinstance(node, JsonList):
        return any(_has_credential(item, name) for item in node.items)
    return isinstance(node, JsonObject) and any(_has_credential(each.value, each.key.text) for each in node.members)


def _plain(node: JsonNode) -> Any:
    if isinstance(node, JsonRaw):
        return json.loads(node.source)
    if isinstance(node, JsonText):
        return plain(node.text)
    if isinstance(node, JsonList):
        return [_plain(item) for item in node.items]
    return {member.key.text: _plain(member.value) for member in node.members} if isinstance(node, JsonObject) else None


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return {literal(key): _literal(item) for key, item in value.items()} if isinstance(value, dict) else value
