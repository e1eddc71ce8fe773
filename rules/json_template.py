"""JSON bodies as templates: variables in strings and names are escaped, bare ones keep their type (C05)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from rules.encodings import JSON_KEY, JSON_STRING, JSON_VALUE, Context
from rules.json_source import JsonBare, JsonList, JsonNode, JsonObject, JsonRaw, JsonText, Member, below
from rules.rendering import Key, Part, Slot
from rules.text_template import Mention, parse_text


@dataclass(slots=True)
class _Flattening:
    groups: Iterator[int] = field(default_factory=count)

    def node(self, node: JsonNode, name: str, depth: int) -> Iterator[Part]:
        if isinstance(node, JsonRaw):
            yield node.source
        elif isinstance(node, JsonBare):
            yield Slot(node.reference, JSON_VALUE, name, depth)
        elif isinstance(node, JsonText):
            yield from ('"', *text_parts(node, JSON_STRING, name), '"')
        elif isinstance(node, JsonList):
            yield from self.array(node, name, depth + 1)
        else:
            yield from self.record(node, name, depth + 1)

    def array(self, node: JsonList, name: str, depth: int) -> Iterator[Part]:
        yield "["
        for at, item in enumerate(node.items):
            if at:
                yield ","
            yield from self.node(item, below(name, at), depth)
        yield "]"

    def record(self, node: JsonObject, name: str, depth: int) -> Iterator[Part]:
        keys = [text_parts(member.key, JSON_KEY, name) for member in node.members]
        siblings = frozenset("".join(map(str, key)) for key in keys if not any(isinstance(part, Slot) for part in key))
        group = next(self.groups)
        yield "{"
        for at, (member, key) in enumerate(zip(node.members, keys, strict=True)):
            yield ',"' if at else '"'
            yield from self.key(key, siblings, group, name)
            yield '":'
            yield from self.value(member, name, depth)
        yield "}"

    def key(self, key: list[Part], siblings: frozenset[str], group: int, name: str) -> Iterator[Part]:
        if any(isinstance(part, Slot) for part in key):
            yield Key(tuple(key), siblings, group, name)
        else:
            yield from key

    def value(self, member: Member, name: str, depth: int) -> Iterator[Part]:
        yield from self.node(member.value, below(name, member.key.text), depth)


def text_parts(node: JsonText, context: Context, name: str) -> list[Part]:
    """Compile a text for one kind of place: its own text encoded, its variables as slots."""
    parsed = parse_text(node.text, name, node.where)
    return [
        Slot(part.reference, context, name) if isinstance(part, Mention) else context.literal(part) for part in parsed
    ]


def flatten(node: JsonNode, name: str) -> Iterator[Part]:
    """Write a JSON template as parts: compact JSON with slots; raises InvalidInput for a broken `${`.

    Args:
        node: The template.
        name: The name of the field in errors.

    """
    return _Flattening().node(node, name, 0)
