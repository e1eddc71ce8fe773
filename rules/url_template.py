"""URLs with variables: where they may stand, and that no value changes what the URL is made of (C05)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rules.encodings import FRAGMENT, PATH, QUERY, Context, url_literal
from rules.errors import InvalidInput
from rules.rendering import Part, Rendering, Slot, merge, slots_of
from rules.text_template import Mention, parse_text, place_in

_FIELD: Final = "url"
_HEAD: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)", re.IGNORECASE)
_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]+))?")
_NOT_IN_HOST: Final = re.compile(r"[^A-Za-z0-9._-]")
_DELIMITERS: Final = {PATH: re.compile(r"[/?#]"), QUERY: re.compile(r"#"), FRAGMENT: re.compile(r"(?!)")}
_ENCODED_DOT: Final = re.compile(r"%2e", re.IGNORECASE)
_WRITE_OUT: Final = "write scheme, host and port out, so that no value can choose where the request goes"


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """A URL ready for rendering; `host` in lower case, with its port only when one is written."""

    scheme: str
    host: str
    parts: tuple[Part, ...]
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A path segment with variables."""

    parts: tuple[Part, ...]

    def write(self, out: Rendering) -> None:
        """Write the segment; raises InvalidInput when it would vanish: empty, or a `.` or `..` that gets resolved."""
        start = len(out.pieces)
        out.write(self.parts)
        text = "".join(out.pieces[start:])
        if not text:
            raise InvalidInput.of(_FIELD, f"{self.names()} is empty, and so would be the path segment: set it first")
        if _is_dots(text):
            raise InvalidInput.of(_FIELD, f"{self.names()} makes the path segment . or .., which would change the path")

    def names(self) -> str:
        """Return the segment's variables for a sentence."""
        return " with ".join(f"`{part.reference.written}`" for part in self.parts if isinstance(part, Slot))


def _is_dots(segment: str) -> bool:
    # Some servers drop `;parameters` before they resolve dots.
    return _ENCODED_DOT.sub(".", segment.partition(";")[0][:7]) in {".", ".."}


def compile_url(url: str) -> UrlTemplate:
    """Compile a URL with variables in path, query and fragment.

    The template's own text stays as it is, but for characters that no URL can hold: spaces, double quotes, backticks,
    backslashes, `<>^{|}`, a % that begins no escape, and, after the host, what is not ASCII are percent-encoded.

    Raises:
        InvalidInput: A variable in scheme, credentials, host or port (with its column), or no http(s) URL.

    """
    where = place_in(url)
    if bad := _UNWRITABLE.search(url):
        raise InvalidInput.of(_FIELD, f"there is a control character or half a surrogate pair at {where(bad.start())}")
    if url != url.strip():
        raise InvalidInput.of(_FIELD, "begins or ends with a space: remove it")
    parsed = parse_text(url, _FIELD, where)
    head = _head(url, parsed)
    first = parsed[0]
    host = _host(head[2])
    rest = [str(first)[head.end() :], *parsed[1:]]
    parts = merge([head[0], *_after_host(rest)])
    return UrlTemplate(head[1].lower(), host, parts, tuple(slots_of(parts)))


def _head(url: str, parsed: Sequence[str | Mention]) -> re.Match[str]:
    literal = parsed[0] if parsed and isinstance(parsed[0], str) else ""
    head = _HEAD.match(literal)
    mention = next((part for part in parsed if isinstance(part, Mention)), None)
    if mention and (head is None or head.end() == len(literal)):
        place = f"`{mention.reference.written}` at {place_in(url)(mention.at)}"
        raise InvalidInput.of(_FIELD, f"the variable {place} stands in {_before_path(url, mention.at)}: {_WRITE_OUT}")
    if head is None or head[1].lower() not in {"http", "https"}:
        raise InvalidInput.of(_FIELD, "must be a complete URL such as https://api.example.com/orders/$order_number")
    return head


def _before_path(url: str, at: int) -> str:
    scheme, slashes, authority = url[:at].partition("://")
    if not slashes:
        return "the scheme" if ":" not in scheme else "the host"
    rest = re.split(r"[/?#]", url[at:], maxsplit=1)[0]
    if "@" in rest:
        return "the credentials"
    return "the port" if ":" in authority.rpartition("@")[2].rpartition("]")[2] else "the host"


def _host(authority: str) -> str:
    if "@" in authority:
        raise InvalidInput.of(_FIELD, "contains credentials (user:password@): put them in the Authorization header")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise InvalidInput.of(_FIELD, "has no readable host: give one such as api.example.com or api.example.com:8443")
    host, port = match[1], match[2]
    if port and (len(port) > 5 or port[0] == "0" or int(port) > 65535):
        raise InvalidInput.of(_FIELD, f"has the port {port[:20]}: use 1 to 65535")
    # Some characters turn into / or @ when a host is normalised.
    plain = unicodedata.normalize("NFKC", host)
    bad = [mark for mark in plain if (mark.isascii() and _NOT_IN_HOST.match(mark)) or not mark.isprintable()]
    if bad and not host.startswith("["):
        raise InvalidInput.of(_FIELD, f"has a host with the character {bad[0]!r}, which no host can have")
    return authority.lower()


def _after_host(parsed: Sequence[str | Mention]) -> Iterator[Part]:
    """Yield encoded literals, slots and path segments with slots."""
    context: Context = PATH
    segment: list[Part] = []
    for part in parsed:
        if isinstance(part, Mention):
            segment.append(Slot(part.reference, context, _FIELD))
            continue
        at = 0
        while delimiter := _DELIMITERS[context].search(part, at):
            segment.append(url_literal(part[at : delimiter.start()]))
            yield from _closed(segment, context)
            yield delimiter[0]
            segment, at = [], delimiter.end()
            context = {"/": PATH, "?": QUERY, "#": FRAGMENT}[delimiter[0]]
        segment.append(url_literal(part[at:]))
    yield from _closed(segment, context)


def _closed(segment: Sequence[Part], context: Context) -> Sequence[Part]:
    if context is not PATH:
        return segment
    if any(isinstance(part, Slot) for part in segment):
        return [Segment(tuple(segment))]
    text = "".join(str(part) for part in segment)
    if _is_dots(text):
        raise InvalidInput.of(_FIELD, f"has the path segment {text}: write the path without . and .. segments")
    return [text]
