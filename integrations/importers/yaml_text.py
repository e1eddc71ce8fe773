"""YAML and JSON documents from outside, as JSON values: bounded in size, depth, and in what aliases expand to.

YAML is read by its events, so that no tag makes an object and no alias is copied. Plain scalars are what YAML 1.2 says
(its core schema): `no` is a text, and so is a date.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from rules.errors import InvalidInput

MAX_BYTES: Final = 2 * 1024 * 1024
_MAX_DEPTH: Final = 100
_MAX_VALUES: Final = 400_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {name: name.lower() == "true" for name in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,3})?")
_UNFIT: Final = re.compile("[\x00\ud800-\udfff\ufdd0-\ufdef]")


def read_document(document: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as a JSON object.

    Args:
        document: YAML or JSON text of up to 2 MiB, or what was read from it.

    Raises:
        InvalidInput: Field `openapi`, with line and column: not a document, or one that is too large.

    """
    value = _read_text(document) if isinstance(document, str) else document
    if not isinstance(value, Mapping):
        raise refused("The document must be an object that begins with openapi: 3.x.")
    if _depth_over(value):
        raise refused(f"The document has more than {_MAX_VALUES} values, or nests deeper than {_MAX_DEPTH} levels.")
    return dict(value)


def refused(message: str) -> InvalidInput:
    """Make the refusal of a document."""
    return InvalidInput.of("openapi", message)


def _read_text(text: str) -> Any:
    if len(text) > MAX_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise refused("The document is larger than 2 MiB; send the part with the operations that you need.")
    if bad := _UNFIT.search(text):
        raise refused(f"The document holds a character at {bad.start() + 1} that no text should have.")
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise refused("The document is empty.")
    return _json(text) if text.lstrip()[0] in "{[" else _Yaml().read(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as problem:
        raise refused(f"It is not JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}.") from None
    except ValueError:
        raise refused("It has a number of thousands of digits.") from None
    except RecursionError:
        raise refused(f"The document nests deeper than {_MAX_DEPTH} levels.") from None


def _depth_over(document: Any) -> bool:
    """Tell whether a value is too deep, or too large with everything that is mentioned several times counted anew."""
    level, seen = [document], 0
    for _ in range(_MAX_DEPTH):
        level = list(_inner(level, _MAX_VALUES - seen))
        seen += len(level)
        if not level or seen >= _MAX_VALUES:
            return bool(level)
    return True


def _inner(level: list[Any], room: int) -> Iterator[Any]:
    for value in level:
        children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        for child in children:
            if room <= 0:
                return
            room -= 1
            yield child
        for text in (value,) if isinstance(value, str) else value if isinstance(value, Mapping) else ():
            if _UNFIT.search(str(text)):
                raise refused("The document holds NUL or another character that no text should have.")


@dataclass(slots=True)
class _Open:
    """A mapping or a list that is being read."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    weight: int = 1
    key: str | None = None
    merges: list[Any] = field(default_factory=list)


class _Yaml:
    def __init__(self) -> None:
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.root: Any = None
        self.documents = 0

    def read(self, text: str) -> Any:
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self.event(event)
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            what = getattr(problem, "problem", None) or "it cannot be read"
            raise refused(f"It is not YAML: {what}{where}.") from None
        return self.root

    def event(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            value, weight = self.anchors.get(event.anchor, (None, 0))
            if not weight:
                raise self.at(event, f"*{event.anchor[:40]} refers to something that is not above it")
            self.put(value, weight, event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self.begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.end(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.at(event, "a second document begins; send one")

    def scalar(self, event: Any) -> None:
        above = self.open[-1] if self.open else None
        if above is not None and isinstance(above.value, dict) and above.key is None:
            above.key = event.value
        else:
            value = _scalar(event.value) if event.implicit[0] else event.value
            self.remember(event.anchor, value, 1)
            self.put(value, 1, event)

    def begin(self, event: Any) -> None:
        if len(self.open) >= _MAX_DEPTH:
            raise self.at(event, f"it nests deeper than {_MAX_DEPTH} levels")
        if self.open and isinstance(self.open[-1].value, dict) and self.open[-1].key is None:
            raise self.at(event, "a key is a list or an object")
        self.open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))

    def end(self, event: Any) -> None:
        closed = self.open.pop()
        if isinstance(closed.value, dict):
            for merged in closed.merges:
                for key, value in merged.items():
                    closed.value.setdefault(key, value)
        self.remember(closed.anchor, closed.value, closed.weight)
        self.put(closed.value, closed.weight, event)

    def put(self, value: Any, weight: int, event: Any) -> None:
        if not self.open:
            self.root = value
            return
        above = self.open[-1]
        above.weight += weight
        if above.weight > _MAX_VALUES:
            raise self.at(event, f"its aliases expand to more than {_MAX_VALUES} values")
        if isinstance(above.value, list):
            above.value.append(value)
        elif above.key is None:
            above.key = str(value)
        elif above.key == "<<":
            above.merges += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]
            above.key = None
        else:
            above.value[above.key] = value
            above.key = None

    def remember(self, anchor: str | None, value: Any, weight: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, weight)

    def at(self, event: Any, what: str) -> InvalidInput:
        return refused(f"It cannot be read: {what} (line {event.start_mark.line + 1}).")


def _scalar(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
