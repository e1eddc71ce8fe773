"""JSON bodies as templates: variables in strings and names are escaped, bare ones keep their type (C05)."""

from rules.encodings import JSON_KEY, JSON_STRING, JSON_VALUE, Context
from rules.json_source import JsonBare, JsonList, JsonNode, JsonObject, JsonRaw, JsonText, below
from rules.rendering import Key, Part, Slot
from rules.text_template import Mention, parse_text


def flatten(node: JsonNode, field: str) -> list[Part]:
    """Write a JSON template as parts: compact JSON with slots; raises InvalidInput for a broken `${`."""
    flat = _Flat()
    flat.node(node, field, 0)
    return flat.parts


def text_parts(node: JsonText, context: Context, field: str) -> list[Part]:
    """Compile a text for one kind of place: its own text encoded, its variables as slots."""
    parsed = parse_text(node.text, field, node.where)
    return [
        Slot(part.reference, context, field) if isinstance(part, Mention) else context.literal(part) for part in parsed
    ]


def has_slot(parts: list[Part]) -> bool:
    """Tell whether anything in these parts is a variable."""
    return not all(isinstance(part, str) for part in parts)


def fixed(names: list[list[Part]]) -> frozenset[str]:
    """Return those of an object's encoded names that hold no variables."""
    return frozenset("".join(map(str, name)) for name in names if not has_slot(name))


class _Flat:
    """The parts so far; `depth` below is how many objects and lists a node stands in."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.objects = 0

    def node(self, node: JsonNode, field: str, depth: int) -> None:
        if isinstance(node, JsonRaw):
            self.parts.append(node.source)
        elif isinstance(node, JsonBare):
            self.parts.append(Slot(node.reference, JSON_VALUE, field, depth))
        elif isinstance(node, JsonText):
            self.parts += ['"', *text_parts(node, JSON_STRING, field), '"']
        elif isinstance(node, JsonList):
            self.array(node, field, depth + 1)
        else:
            self.record(node, field, depth + 1)

    def array(self, node: JsonList, field: str, depth: int) -> None:
        self.parts.append("[")
        for at, item in enumerate(node.items):
            if at:
                self.parts.append(",")
            self.node(item, below(field, at), depth)
        self.parts.append("]")

    def record(self, node: JsonObject, field: str, depth: int) -> None:
        names = [text_parts(member.key, JSON_KEY, field) for member in node.members]
        siblings = fixed(names)
        self.objects += 1
        group = self.objects
        self.parts.append("{")
        for at, (member, name) in enumerate(zip(node.members, names, strict=True)):
            self.parts.append(',"' if at else '"')
            self.parts += [Key(tuple(name), siblings, group, field)] if has_slot(name) else name
            self.parts.append('":')
            self.node(member.value, below(field, member.key.text), depth)
        self.parts.append("}")
