"""The variables that a request may name, where their values come from, and which one a `$reference` means (C03)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple

SYSTEM_NAMES: Final = frozenset({"session.id", "company.id", "assistant.id", "images"})
_STEP: Final = re.compile(r"\.|\[(?:0|[1-9][0-9]{0,8})\]")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class Source(StrEnum):
    """Where a variable's value comes from, in the order of precedence."""

    SYSTEM = "system"
    SECRET = "secret"  # noqa: S105 - a kind of source, no password
    CLIENT_DATA = "client_data"
    ARGUMENT = "argument"


class Absence(Enum):
    """Why there is no value: the name exists but has none now, or nobody ever declared it."""

    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Scope:
    """The values of one call. A later mapping never shadows an earlier one (C03).

    Args:
        system: Literal dotted names (`session.id`), and `images`, a list of URLs.
        secrets: Values from the vault, by name.
        client_data: The session's data; nested objects and lists are reached by `.key`, `.N` and `[N]`.
        arguments: What the model extracted; validated before.
        declared: Names that exist although they may have no value now: they are missing, not unknown.

    """

    system: Mapping[str, Any]
    secrets: Mapping[str, str]
    client_data: Mapping[str, Any]
    arguments: Mapping[str, Any]
    declared: frozenset[str] = frozenset()

    def layers(self) -> tuple[tuple[Source, Mapping[str, Any]], ...]:
        """Return the mappings by precedence; a system name without a value is missing: nobody else can lend it one."""
        return (
            (Source.SYSTEM, {**_RESERVED, **self.system}),
            (Source.SECRET, self.secrets),
            (Source.CLIENT_DATA, self.client_data),
            (Source.ARGUMENT, self.arguments),
        )


_RESERVED: Final[dict[str, Any]] = dict.fromkeys(SYSTEM_NAMES, Absence.MISSING)


@dataclass(frozen=True, slots=True)
class Reference:
    """One `$name` of a template.

    Args:
        written: As it stands in the template: `$customer.name` or `${first name}`.
        name: The whole of what may be a name.
        ends: Where a known name may end, the longest first; the rest is then literal text.
        whole: Whether the rest may not be literal text (`${…}`, and bare values in JSON).

    """

    written: str
    name: str
    ends: tuple[int, ...]
    whole: bool

    @classmethod
    def whole_name(cls, name: str, written: str) -> "Reference":
        """Make a reference whose whole text is the name, or a path into nested data."""
        starts = {match.start() for match in _STEP.finditer(name)} - {0}
        return cls(written, name, (len(name), *sorted(starts, reverse=True)), whole=True)

    def candidates(self) -> frozenset[str]:
        """Return every variable that this reference may turn out to mean."""
        return frozenset(self.name[:end] for end in self.ends)


class Resolution(NamedTuple):
    """What a reference means in one scope: the full name, its value or why there is none, and the literal rest."""

    name: str
    value: Any
    source: Source | None = None
    rest: str = ""


class _Match(NamedTuple):
    value: Any
    end: int


Layers = Sequence[tuple[Source, Mapping[str, Any]]]


def resolve(reference: Reference, layers: Layers, declared: frozenset[str]) -> Resolution:
    """Find what a reference means: the longest known name; among equally long ones the first layer's (C03, C04).

    A name below a system variable (`$session.id.x`, `$images[7]`) belongs to it and is never looked up elsewhere.
    """
    name = reference.name
    if len(reference.ends) == 1:
        return _resolve_word(name, layers, declared)
    best, source = None, None
    for layer_source, layer in layers:
        match = _match(reference, layer)
        if match is None:
            continue
        if best is None or _beats(match, best):
            best, source = match, layer_source
        at_end = match.end == len(name)
        if at_end and match.value is not Absence.MISSING:
            break
        if layer_source is Source.SYSTEM and (at_end or name[match.end] in ".["):
            break
    return _declared(reference, best, declared) or _resolution(reference, best, source)


def _resolve_word(name: str, layers: Layers, declared: frozenset[str]) -> Resolution:
    """Find what a name of one word means, which is neither a path nor more than one variable."""
    for source, layer in layers:
        if name in layer:
            return Resolution(name, layer[name], source)
    return Resolution(name, Absence.MISSING if name in declared else Absence.UNKNOWN)


def _beats(match: _Match, best: _Match) -> bool:
    if match.end != best.end:
        return match.end > best.end
    return best.value is Absence.MISSING and match.value is not Absence.MISSING


def _match(reference: Reference, layer: Mapping[str, Any]) -> _Match | None:
    """Find the longest name of one layer and walk on from its value; a literal dotted key wins over a walk."""
    name = reference.name
    for end in reference.ends:
        root = name[:end]
        if root in layer:
            return _walk(reference, layer[root], end)
    return None


def _declared(reference: Reference, best: _Match | None, declared: frozenset[str]) -> Resolution | None:
    name = reference.name
    for end in reference.ends:
        if best is not None and end <= best.end:
            return None
        if name[:end] in declared:
            # What its steps would lead to cannot be known without a value, so they go with it.
            end_of_steps = len(name) if reference.whole or name[end : end + 1] in {".", "["} else end
            return Resolution(name[:end_of_steps], Absence.MISSING, rest=name[end_of_steps:])
    return None


def _resolution(reference: Reference, best: _Match | None, source: Source | None) -> Resolution:
    name = reference.name
    if best is None:
        return Resolution(name, Absence.UNKNOWN)
    if reference.whole and best.end < len(name):
        return Resolution(name, Absence.MISSING, source)
    return Resolution(name[: best.end], best.value, source, name[best.end :])


def _walk(reference: Reference, value: Any, at: int) -> _Match:
    """Follow `.key`, `.N`, `[N]` into nested data; a text or number ends the walk, a step that is not there fails."""
    name = reference.name
    while at < len(name) and name[at] in ".[":
        if isinstance(value, Mapping):
            match = _member(reference, value, at)
        elif isinstance(value, list | tuple):
            match = _item(reference, value, at)
        elif value is None or value is Absence.MISSING:
            match = None
        else:
            break
        if match is None:
            return _Match(Absence.MISSING, len(name))
        value, at = match
    return _Match(value, at)


def _member(reference: Reference, value: Mapping[str, Any], at: int) -> _Match | None:
    if reference.name[at] != ".":
        return None
    for end in reference.ends:
        key = reference.name[at + 1 : end]
        if end > at + 1 and key in value:
            return _Match(value[key], end)
    return None


def _item(reference: Reference, value: Sequence[Any], at: int) -> _Match | None:
    end = min(end for end in reference.ends if end > at + 1)
    digits = _INDEX.fullmatch(reference.name[at:end].strip(".[]"))
    if digits is None or int(digits[0]) >= len(value):
        return None
    return _Match(value[int(digits[0])], end)
