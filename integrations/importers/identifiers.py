"""Which segments of a path name one particular thing, and what a parameter for it is called."""

import re
from dataclasses import dataclass
from typing import Final

from integrations.importers.names import singular_noun, words

_KINDS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("id", r"[0-9]{1,40}"),
        ("uuid", r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
        ("date", r"[0-9]{4}-[01][0-9]-[0-3][0-9]"),
        ("email", r"[^@\s/]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"),
        # A ULID, long hexadecimal, and base62 with at least one digit and one letter.
        ("id", r"[0-7][0-9A-HJKMNP-TV-Z]{25}|(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{8,128}"),
        ("id", r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,128}|(?=[A-F]*[0-9])(?=[0-9]*[A-F])[0-9A-F]{8,128}"),
        ("id", r"(?=[A-Za-z]*[0-9])(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{10,128}"),
        # usr_999, ord-123, ORD-2024-0001, cus_NffrFeUfNV2Hib, SKU123
        ("id", r"[A-Za-z]{1,8}[_-](?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{1,80}"),
        ("id", r"[A-Z]{1,6}[0-9]{2,40}|(?!iso|rfc|utf|sha|oauth)[a-z]{2,5}[0-9]{3,40}"),
    )
)
_VERSION: Final = re.compile(r"(?:.*[-_])?v[0-9]+(?:[._-][0-9a-z]+)*", re.IGNORECASE)
_ENDING: Final = re.compile(r"(.+)(\.(?:json|xml|csv|pdf|html))", re.IGNORECASE)
_NO_NOUN: Final = frozenset({"api", "apis", "rest", "v", "public", "internal", "by", "id", "rpc", "services", "web"})
_NAMES: Final = {"id": "{}_id", "uuid": "{}_id", "email": "{}_email", "date": "{}_date"}
_FORMATS: Final = {"uuid": "uuid", "email": "email", "date": "date"}


@dataclass(frozen=True, slots=True)
class Identifier:
    """The part of a segment that varies, what follows it (`.json`), and what it is."""

    text: str
    ending: str
    kind: str

    @property
    def format(self) -> str | None:
        """The format of JSON Schema that it has."""
        return _FORMATS.get(self.kind)

    def name_after(self, segment: str) -> str:
        """Return its name, from the segment before it: `orders` gives `order_id`."""
        noun = noun_of(segment)
        return _NAMES[self.kind].format(noun) if noun else self.kind.replace("uuid", "id")


def find_identifier(segment: str, *, first: bool = False) -> Identifier | None:
    """Read a decoded segment that is evidently an identifier; where it is the `first`, a date is a version."""
    ending = _ENDING.fullmatch(segment) if len(segment) < 150 and "@" not in segment else None
    text, rest = (ending[1], ending[2]) if ending else (segment, "")
    if _VERSION.fullmatch(text[:20]):
        return None
    kind = next((kind for kind, pattern in _KINDS if pattern.fullmatch(text)), None)
    if kind is None or (kind == "date" and first):
        return None
    return Identifier(text, rest, kind)


def noun_of(segment: str) -> str:
    """Return what a constant segment is about, in the singular; nothing when it only says where: `api`, `v1`."""
    if _VERSION.fullmatch(segment[:20]) or find_identifier(segment):
        return ""
    found = words(segment)
    return singular_noun("_".join(found[-4:])) if found and not set(found) <= _NO_NOUN else ""
