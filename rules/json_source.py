"""Reads JSON in which bare `$variables` may stand as values, into nodes that remember where they stood.

Strict otherwise (RFC 8259): names given twice, NaN, comments and trailing commas are refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from rules.encodings import Unsafe, json_of
from rules.errors import InvalidInput
from rules.template_limits import MAX_DIGITS, MAX_JSON_DEPTH
from rules.text_template import Where, place_in, read_reference
from rules.variables import Reference

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r"true|false|null")
_CHUNK: Final = re.compile(r'[^"\\\x00-\x1f]*')
_HEX: Final = re.compile(r"u([0-9A-Fa-f]{4})")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_SHOWN_KEY: Final = 40


@dataclass(frozen=True, slots=True)
class JsonText:
    """A string; `where` names the place of each of its characters in the source."""

    text: str
    where: Where


@dataclass(frozen=True, slots=True)
class JsonRaw:
    """A number, true, false or null, as written."""

    source: str


@dataclass(frozen=True, slots=True)
class JsonBare:
    """A variable that stands for a whole value; `where(at)` names its place."""

    reference: Reference
    where: Where
    at: int


@dataclass(frozen=True, slots=True)
class JsonList:
    """A list of nodes."""

    items: tuple["JsonNode", ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One name and value of an object; the value's source is `[start:end]` where it was read from a text."""

    key: JsonText
    value: "JsonNode"
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class JsonObject:
    """An object's members, in their order; names differ."""

    members: tuple[Member, ...]


JsonNode = JsonText | JsonRaw | JsonBare | JsonList | JsonObject


def below(field: str, key: str | int) -> str:
    """Return the dotted name of a value's part, shortened where a key is long."""
    name = str(key)
    return f"{field}.{name if len(name) <= _SHOWN_KEY else name[: _SHOWN_KEY - 1] + '…'}"


def read_json(text: str, field: str) -> JsonNode:
    """Read JSON with bare variables as values; raises InvalidInput with line and column of the first mistake.

    Args:
        text: The source.
        field: The name of the field in errors; parts of it are named `field.key`.

    """
    reader = _Reader(text)
    node = reader.value(field, 0)
    reader.space()
    if reader.at < len(text):
        raise reader.refuse(field, "something follows the end of the JSON")
    return node


class _Reader:
    """A position in a text that only moves forward, each character looked at a fixed number of times."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.where = place_in(text)
        self.at = 0

    def refuse(self, field: str, problem: str, at: int | None = None) -> InvalidInput:
        return InvalidInput.of(field, f"is not JSON: {problem} at {self.where(self.at if at is None else at)}")

    def space(self) -> str:
        """Skip white space and return the next character; empty at the end."""
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def value(self, field: str, depth: int) -> JsonNode:
        mark = self.space()
        if mark == '"':
            return self.string(field)
        if mark == "$":
            return self.bare(field)
        if mark in {"{", "["}:
            if depth >= MAX_JSON_DEPTH:
                raise InvalidInput.of(
                    field, f"nests deeper than {MAX_JSON_DEPTH} objects and lists at {self.where(self.at)}"
                )
            self.at += 1
            return self.record(field, depth + 1) if mark == "{" else self.array(field, depth + 1)
        return self.scalar(field)

    def record(self, field: str, depth: int) -> JsonObject:
        members: list[Member] = []
        names: set[str] = set()
        if self.space() == "}":
            self.at += 1
            return JsonObject(())
        while True:
            members.append(self.member(field, depth, names))
            if self.separator(field, "}"):
                return JsonObject(tuple(members))

    def member(self, field: str, depth: int, names: set[str]) -> Member:
        mark = self.space()
        start = self.at
        if mark == "$":
            raise self.refuse(field, 'a variable as a name must stand in quotes ("$name")')
        if mark != '"':
            raise self.refuse(field, "a name in double quotes is expected")
        key = self.string(field)
        if key.text in names:
            problem = f"the name {below('', key.text)[1:]!r} is given twice, the second time"
            raise self.refuse(field, problem, start)
        names.add(key.text)
        if self.space() != ":":
            raise self.refuse(field, "a colon is expected")
        self.at += 1
        self.space()
        start = self.at
        value = self.value(below(field, key.text), depth)
        return Member(key, value, start, self.at)

    def array(self, field: str, depth: int) -> JsonList:
        items: list[JsonNode] = []
        if self.space() == "]":
            self.at += 1
            return JsonList(())
        while True:
            items.append(self.value(below(field, len(items)), depth))
            if self.separator(field, "]"):
                return JsonList(tuple(items))

    def separator(self, field: str, end: str) -> bool:
        mark = self.space()
        if mark not in {",", end}:
            raise self.refuse(field, f"a comma or {end} is expected")
        self.at += 1
        return mark == end

    def bare(self, field: str) -> JsonBare:
        start = self.at
        reference = read_reference(self.text, self.at, field, self.where)
        if reference is None:
            raise self.refuse(field, "a bare $ stands for no value")
        self.at += len(reference.written)
        return JsonBare(Reference.whole_name(reference.name, reference.written), self.where, start)

    def scalar(self, field: str) -> JsonRaw:
        match = _NUMBER.match(self.text, self.at) or _WORD.match(self.text, self.at)
        if match is None:
            raise self.refuse(field, "a value is expected")
        if match[0][-1].isdigit():
            self.check_number(match, field)
        self.at = match.end()
        return JsonRaw(match[0])

    def check_number(self, match: re.Match[str], field: str) -> None:
        if len(match[0]) > MAX_DIGITS:
            raise self.refuse(field, f"a number of more than {MAX_DIGITS} digits stands")
        if (match[1] or match[2]) and not isfinite(float(match[0])):
            raise self.refuse(field, "a number that is too large stands")

    def string(self, field: str) -> JsonText:
        start = self.at
        self.at += 1
        # Of each part of the text: where it begins there, and where in the source.
        parts: list[str] = []
        places: list[tuple[int, int]] = []
        length = 0
        while True:
            places.append((length, self.at))
            part, closed = self.string_part(field, start)
            parts.append(part)
            length += len(part)
            if closed:
                break
        text = "".join(parts)
        if bad := _SURROGATE.search(text):
            raise self.refuse(field, "half a surrogate pair stands", _source_place(places, bad.start()))
        return JsonText(text, lambda at: self.where(_source_place(places, at)))

    def string_part(self, field: str, start: int) -> tuple[str, bool]:
        """Read up to the next escape, or one escape; returns the text and whether the string ended."""
        chunk = _CHUNK.match(self.text, self.at)
        if chunk and chunk[0]:
            self.at = chunk.end()
            return chunk[0], False
        mark = self.text[self.at : self.at + 1]
        if mark == '"':
            self.at += 1
            return "", True
        if mark == "\\":
            return self.escape(field), False
        if mark:
            raise self.refuse(field, "a line break or control character stands unescaped in a string")
        raise self.refuse(field, "the string that is never closed begins", start)

    def escape(self, field: str) -> str:
        mark = self.text[self.at + 1 : self.at + 2]
        if mark in _ESCAPES:
            self.at += 2
            return _ESCAPES[mark]
        code = _HEX.match(self.text, self.at + 1)
        if code is None:
            hint = " (write $$ for a plain dollar sign)" if mark == "$" else ""
            raise self.refuse(field, f"the escape \\{mark} is unknown{hint}")
        self.at += 6
        unit = int(code[1], 16)
        low = _HEX.match(self.text, self.at + 1) if self.text.startswith("\\", self.at) else None
        if 0xD800 <= unit < 0xDC00 and low and 0xDC00 <= int(low[1], 16) < 0xE000:
            self.at += 6
            return chr(0x10000 + ((unit - 0xD800) << 10) + (int(low[1], 16) - 0xDC00))
        return chr(unit)


def _source_place(places: Sequence[tuple[int, int]], at: int) -> int:
    begin, source = next(place for place in reversed(places) if place[0] <= at)
    return source + at - begin


def node_of(value: Any, field: str) -> JsonNode:
    """Turn a JSON value whose texts are templates into nodes; raises InvalidInput for what JSON cannot hold."""
    return _node_of(value, field, 0)


def _node_of(value: Any, field: str, depth: int) -> JsonNode:
    if isinstance(value, str):
        return text_node(value, field)
    if isinstance(value, Mapping | list | tuple):
        if depth >= MAX_JSON_DEPTH:
            raise InvalidInput.of(field, f"nests deeper than {MAX_JSON_DEPTH} objects and lists")
        if isinstance(value, Mapping):
            return JsonObject(tuple(_member_of(key, inner, field, depth + 1) for key, inner in value.items()))
        return JsonList(tuple(_node_of(inner, below(field, at), depth + 1) for at, inner in enumerate(value)))
    try:
        return JsonRaw(json_of(value))
    except Unsafe as problem:
        raise InvalidInput.of(field, str(problem)) from None


def _member_of(key: Any, value: Any, field: str, depth: int) -> Member:
    if not isinstance(key, str):
        raise InvalidInput.of(field, "has a name that is not text")
    return Member(text_node(key, field), _node_of(value, below(field, key), depth))


def text_node(text: str, field: str) -> JsonText:
    """Turn a text that is a template into a node; raises InvalidInput for half a surrogate pair."""
    where = place_in(text)
    if bad := _SURROGATE.search(text):
        raise InvalidInput.of(field, f"contains half a surrogate pair at {where(bad.start())}")
    return JsonText(text, where)
