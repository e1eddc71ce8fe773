"""Places in a text that its writer left open: `$name`, `${name}`, `{{name}}`, `{name}`, `<name>`, `:name`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# A dollar sign that the shell was told to leave alone. Unicode reserves this code point for a program's own use.
LITERAL_DOLLAR: Final = "\ufdd0"

_SYSTEM = r"(?:session|company|assistant)\.id\b|images(?:\[\d{1,3}\])?"
_DOLLAR = rf"\$\{{(?P<braced>{_SYSTEM}|[A-Za-z_]\w*)\}}|\$(?P<bare>{_SYSTEM}|[A-Za-z_]\w*)"
_MOUSTACHE = r"\{\{ {0,3}(?P<moustache>[A-Za-z_][\w.-]*) {0,3}\}\}"
_BRACE = r"\{(?P<brace>[A-Za-z_][\w.-]*)\}"
_ANGLE = r"<(?P<angle>[A-Za-z_][\w .-]{0,60})>"
IN_TEXT: Final = re.compile(f"{_DOLLAR}|{_MOUSTACHE}", re.ASCII)
IN_URL: Final = re.compile(f"{_DOLLAR}|{_MOUSTACHE}|{_BRACE}|{_ANGLE}", re.ASCII)
# `:id`, and what manuals write in capitals: OWNER, ORDER_ID.
_WHOLE_SEGMENT: Final = re.compile(
    r":(?P<colon>[A-Za-z_]\w*)|(?P<capitals>[A-Z]+(?:_[A-Z]+)+|OWNER|REPO|ORG|USERNAME|ID|UUID)", re.ASCII
)


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


def _name(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)
