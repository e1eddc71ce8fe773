"""The one pass over a compiled template: pieces of text are written once and never read again (C04)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Final, Protocol

from rules.encodings import TOO_LONG, Context, Unsafe, json_of, text_of
from rules.errors import InvalidInput
from rules.header_fields import MASK
from rules.template_limits import MAX_RENDERED_BYTES
from rules.variables import Absence, Reference, Resolution, Scope, Source, resolve

_BARE_MASK: Final = encode_basestring(MASK)
_DECLARE: Final = "Store it as a secret, declare it as a parameter, or set it in client_data"


class Rendering:
    """What has been written so far. `left` bounds the whole request; `pieces` and `masks` are the present field's."""

    def __init__(self, scope: Scope) -> None:
        self.layers = scope.layers()
        self.declared = scope.declared
        self.pieces: list[str] = []
        self.masks: dict[int, str] = {}
        self.left = MAX_RENDERED_BYTES
        self.keys: dict[int, set[str]] = {}
        self.boundaries: list[int] = []
        self.used: dict[str, Any] = {}
        self.secrets: set[str] = set()
        self.warnings: dict[str, None] = {}

    def run(self, parts: Iterable["Part"], field: str) -> tuple[str, str]:
        """Write one field and return it, and the same with masks instead of secrets; raises InvalidInput."""
        self.pieces, self.masks = [], {}
        self.write(parts)
        if self.left < 0:
            raise InvalidInput.of(field, f"this {TOO_LONG}")
        text = "".join(self.pieces)
        return text, self.shown() if self.masks else text

    def write(self, parts: Iterable["Part"]) -> None:
        """Write literal text and slots in their order; raises InvalidInput."""
        for part in parts:
            if isinstance(part, str):
                self.put(part)
            else:
                part.write(self)

    def put(self, text: str) -> None:
        """Write text that is encoded already. Once nothing is left, the next value or the end of the field refuses."""
        self.pieces.append(text)
        self.left -= len(text)

    def shown(self) -> str:
        """Return the present field with a mask in the place of each secret."""
        masks = self.masks
        return "".join(masks.get(place, piece) for place, piece in enumerate(self.pieces))


class Slot:
    """A place where a variable is written, encoded for where it stands."""

    __slots__ = ("context", "depth", "field", "reference")

    def __init__(self, reference: Reference, context: Context, field: str, depth: int = 0) -> None:
        self.reference = reference
        self.context = context
        self.field = field
        self.depth = depth

    def write(self, out: Rendering) -> None:
        """Write the variable's value; raises InvalidInput, never with a value in its message."""
        found = resolve(self.reference, out.layers, out.declared)
        try:
            if isinstance(found.value, Absence):
                out.put(self._absent(found, out))
            else:
                self._write_value(found, out)
        except Unsafe as problem:
            raise InvalidInput.of(self.field, f"`${found.name}` {problem}") from None
        if found.rest:
            out.put(self.context.literal(found.rest))

    def _write_value(self, found: Resolution, out: Rendering) -> None:
        context = self.context
        if context.bare:
            text = json_of(found.value, depth=self.depth, room=out.left)
        else:
            text = context.encode(text_of(found.value, out.left))
        if found.source is Source.SECRET:
            out.masks[len(out.pieces)] = _BARE_MASK if context.bare else MASK
            out.used[found.name] = MASK
            out.secrets.add(found.name)
        else:
            out.used[found.name] = found.value
        out.put(text)

    def _absent(self, found: Resolution, out: Rendering) -> str:
        context = self.context
        if found.value is Absence.UNKNOWN:
            done = "null is sent" if context.bare else "it is sent as written"
            if context.bare or self.reference.whole or not found.name[0].isdigit():  # `$5.00` is a price
                out.warnings[f"{self.field}: there is no variable `{self.reference.written}`; {done}. {_DECLARE}"] = (
                    None
                )
            return "null" if context.bare else self._as_written()
        if context.missing is None:
            raise InvalidInput.of(
                self.field, f"`${found.name}` has no value, and {context.title} cannot be left out: set it first"
            )
        done = context.missing or "an empty text"
        out.warnings[f"{self.field}: `${found.name}` has no value; {done} is sent"] = None
        return context.missing

    def _as_written(self) -> str:
        # Braces may hold anything, also what would be structure here; a bare name cannot.
        written = self.reference.written
        return "$" + self.context.encode(written[1:]) if self.reference.whole else self.context.literal(written)


class Composite(Protocol):
    """What is made of parts, or writes something else than text."""

    @property
    def parts(self) -> tuple["Part", ...]:
        """Return what it is made of."""

    def write(self, out: Rendering) -> None:
        """Write it; raises InvalidInput."""


Part = str | Slot | Composite


def merge(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Join neighbouring literals."""
    merged: list[Part] = []
    literal: list[str] = []
    for part in parts:
        if isinstance(part, str):
            literal.append(part)
        else:
            merged += ["".join(literal), part]
            literal = []
    merged.append("".join(literal))
    return tuple(part for part in merged if part != "")


def slots_of(parts: Iterable[Part]) -> Iterator[Slot]:
    """Yield every slot, also those inside of other parts."""
    for part in parts:
        if isinstance(part, Slot):
            yield part
        elif not isinstance(part, str):
            yield from slots_of(part.parts)


@dataclass(frozen=True, slots=True)
class Key:
    """A name with variables in it, which must differ from the other names of the same object."""

    parts: tuple[Part, ...]
    siblings: frozenset[str]
    group: int
    field: str

    def write(self, out: Rendering) -> None:
        """Write the name; raises InvalidInput when another one of the object is the same."""
        start = len(out.pieces)
        out.write(self.parts)
        name = "".join(out.pieces[start:])
        taken = out.keys.setdefault(self.group, set())
        if name in taken or name in self.siblings:
            raise InvalidInput.of(self.field, "two names of this object are the same once the variables are filled in")
        taken.add(name)
