"""Forms as templates: `application/x-www-form-urlencoded` and `multipart/form-data` (C05)."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from rules.encodings import FIELD_NAME, FORM, TEXT, Context
from rules.errors import InvalidInput
from rules.json_source import JsonList, JsonNode, JsonObject, JsonRaw, JsonText, below
from rules.json_template import fixed, has_slot, text_parts
from rules.rendering import Key, Part, Rendering


@dataclass(frozen=True, slots=True)
class Boundary:
    """The line between two parts of a multipart body; its text is chosen when all values are known."""

    parts: tuple[Part, ...] = ()

    def write(self, out: Rendering) -> None:
        """Leave the place empty and remember it."""
        out.boundaries.append(len(out.pieces))
        out.put("")


def flatten_form(form: JsonObject, name: str) -> Iterator[Part]:
    """Write an object's fields as `a=1&b=2`; a list repeats its field; raises InvalidInput for nested objects."""
    for at, (key, value) in enumerate(_fields(form, FORM, name)):
        if at:
            yield "&"
        yield from (*key, "=", *value)


def flatten_multipart(form: JsonObject, name: str) -> Iterator[Part]:
    """Write an object's fields as the parts of a multipart body (RFC 7578); a list repeats its field."""
    for key, value in _fields(form, TEXT, name):
        yield from ("--", Boundary(), '\r\nContent-Disposition: form-data; name="', *key, '"\r\n\r\n', *value, "\r\n")
    yield from ("--", Boundary(), "--\r\n")


def _fields(form: JsonObject, context: Context, name: str) -> Iterator[tuple[list[Part], list[Part]]]:
    names = FIELD_NAME if context is TEXT else context
    keys = [text_parts(member.key, names, name) for member in form.members]
    siblings = fixed(keys)
    for member, key in zip(form.members, keys, strict=True):
        first: list[Part] = [Key(tuple(key), siblings, 0, name)] if has_slot(key) else key
        items = member.value.items if isinstance(member.value, JsonList) else (member.value,)
        for at, item in enumerate(items):
            yield key if at else first, _value(item, context, below(name, member.key.text))


def _value(node: JsonNode, context: Context, name: str) -> list[Part]:
    if isinstance(node, JsonText):
        return text_parts(node, context, name)
    if isinstance(node, JsonRaw):
        return [node.source]
    raise InvalidInput.of(name, "must be a text, number, true, false or null, or a list of them, in a form")


def choose_boundary(body: str, shown: str) -> str:
    """Return a boundary that the body does not contain, always the same for the same body.

    Args:
        body: Everything but the boundaries.
        shown: The same with masks, which is what the boundary is made of: it must not hint at a secret.

    """
    attempt = 0
    while True:
        digest = sha256(f"{attempt}\n{shown}".encode()).hexdigest()[:40]
        if (boundary := f"hookwright-{digest}") not in body:
            return boundary
        attempt += 1
