"""Places in a text that its writer left open: `$name`, `${name}`, `{{name}}`, `{name}`, `<name>`, `:name`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from integrations.importers.names import words

# A dollar sign that the shell was told to leave alone. Unicode reserves this code point for a program's own use.
LITERAL_DOLLAR: Final = "\ufdd0"
HIDDEN: Final = "[hidden]"  # what rules.typed_secrets leaves of a credential in a chat

_SYSTEM = r"(?:session|company|assistant)\.id\b|images(?:\[\d{1,3}\])?"
_DOLLAR = rf"\$\{{(?P<braced>{_SYSTEM}|[A-Za-z_]\w*)\}}|\$(?P<bare>{_SYSTEM}|[A-Za-z_]\w*)"
_MOUSTACHE = r"\{\{ {0,3}(?P<moustache>[A-Za-z_][\w.-]*) {0,3}\}\}"
_BRACE = r"\{(?P<brace>[A-Za-z_][\w.-]*)\}"
_ANGLE = r"<(?P<angle>[A-Za-z_][\w .-]{0,60})>"
IN_TEXT: Final = re.compile(f"{_DOLLAR}|{_MOUSTACHE}", re.ASCII)
IN_URL: Final = re.compile(f"{_DOLLAR}|{_MOUSTACHE}|{_BRACE}|{_ANGLE}", re.ASCII)
_WHOLE_SEGMENT: Final = re.compile(r":(?P<colon>[A-Za-z_]\w*)", re.ASCII)

_SECRET_WORDS: Final = frozenset(
    {"token", "secret", "password", "passwd", "passphrase", "pwd", "credential", "credentials", "authorization", "jwt"}
    | {"apikey", "apitoken", "appkey", "accesskey", "signature", "sig", "auth", "bearer", "authkey", "secretkey"}
)
_KEY_KINDS: Final = frozenset(
    {"api", "access", "secret", "private", "auth", "subscription", "app", "master", "account", "client", "consumer"}
)
_NOT_SECRET: Final = frozenset(
    {"page", "next", "prev", "previous", "continuation", "cursor", "max", "min", "device", "push", "sync", "count"}
)
_STAND_IN: Final = re.compile(
    r"(?i:(?:your|my|the|insert|put|enter|some|example)[-_ ][A-Za-z_ -]*|your[A-Za-z]*|x{3,}|\*{3,}|\.{3}|…|redacted)"
    r"|<[^<>]*>|\{[^{}]*\}|\{\{[^{}]*\}\}|\[[^\[\]]*\]|[A-Z_]*(?:TOKEN|KEY|SECRET|PASSWORD)[A-Z_]*"
)
_LONGEST_STAND_IN: Final = 80


@dataclass(frozen=True, slots=True)
class Hole:
    """A placeholder, by the name that its writer gave it."""

    name: str


def split(text: str, pattern: re.Pattern[str] = IN_TEXT) -> list[str | Hole]:
    """Split a text into what stands in it and its placeholders."""
    found: list[str | Hole] = []
    end = 0
    for match in pattern.finditer(text):
        found += [text[end : match.start()], Hole(_name(match))]
        end = match.end()
    return [part for part in (*found, text[end:]) if part != ""]


def split_value(text: str) -> list[str | Hole]:
    """Split the value of a field: `{name}` and `<name>` are placeholders only when they are all of it."""
    whole = IN_URL.fullmatch(text)
    return [Hole(_name(whole))] if whole else split(text)


def split_segment(text: str) -> list[str | Hole]:
    """Split a segment of a path, where `:name` stands for all of it."""
    whole = _WHOLE_SEGMENT.fullmatch(text)
    return [Hole(_name(whole))] if whole else split(text, IN_URL)


def literal(text: str) -> str:
    """Write a text so that it means itself in a template."""
    return text.replace("$", "$$").replace(LITERAL_DOLLAR, "$$")


def plain(text: str) -> str:
    """Return the text that the shell would have passed on."""
    return text.replace(LITERAL_DOLLAR, "$")


def reference(name: str, following: str = "") -> str:
    """Write a variable, in braces when what follows could be read as part of its name."""
    return f"${{{name}}}" if following and (following[0].isalnum() or following[0] in "_.-[$") else f"${name}"


def join(pieces: Sequence[str | Hole]) -> str:
    """Write a template: texts mean themselves, holes are variables."""
    written = [""] * len(pieces)
    following = ""
    for place in range(len(pieces) - 1, -1, -1):
        piece = pieces[place]
        written[place] = reference(piece.name, following) if isinstance(piece, Hole) else literal(piece)
        following = written[place] or following
    return "".join(written)


def looks_credential(name: str) -> bool:
    """Tell whether a field of this name holds a credential: `api_key` and `accessToken` do, `max_tokens` does not."""
    found = words(name)
    if not found or _NOT_SECRET.intersection(found):
        return False
    if _SECRET_WORDS.intersection(found) or found == ["pass"]:
        return True
    return any(after == "key" and before in _KEY_KINDS for before, after in pairwise(found))


def known_value(value: str) -> str | None:
    """Return a credential's value; None when the text only stands in for one, or was hidden in a chat."""
    value = plain(value)
    if not value or HIDDEN in value or (len(value) <= _LONGEST_STAND_IN and _STAND_IN.fullmatch(value)):
        return None
    return value


def _name(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)
