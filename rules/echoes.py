"""Secrets that come back: found in what an endpoint answers, however it spells them, and masked.

Request echoes and messages such as `invalid token abc` would otherwise carry a secret into the log, the API and the
assistant's context. A secret is looked for as it is, in base64 (at any offset, so also within a `user:password` pair)
and in hex; and each of these also where the text around it is JSON, percent-encoded or HTML, up to two layers deep.
An endpoint that hides a secret on purpose can always do so; this is about those that repeat it.
"""

import re
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from html.entities import html5
from typing import Any, Final, NamedTuple

from rules.header_fields import MASK

SHORTEST: Final = 4  # characters; masking still shorter texts would hide most of an answer

_MASK: Final = MASK.encode()
_LAYERS: Final = 2
_SHORT: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_JSON: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[^ux]"
)
_PERCENT: Final = re.compile(rb"%[0-9a-fA-F]{2}")
_HTML: Final = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_BREAKS: Final = re.compile(rb"[\r\n]+[ \t]?")
_CUT_SHORT: Final = re.compile(rb"(?:\\+(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?|%[0-9a-fA-F]?|&[#\w]{0,8})\Z")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]* +")
_PAIR: Final = re.compile(r"[^\s:]{1,256}:(?!//)(\S{8,})")


class View(NamedTuple):
    """A text with one way of writing undone; `starts` and `origins` say where each decoded piece came from."""

    text: bytes
    starts: Sequence[int]
    origins: Sequence[tuple[int, int]]  # (place in the text before, how far a piece reaches there; 0: one to one)

    def origin(self, at: int) -> int:
        """Find where the byte at `at` was in the text before."""
        piece = bisect_right(self.starts, at) - 1
        if piece < 0:
            return at
        before, length = self.origins[piece]
        return before if length else before + at - self.starts[piece]


class Echoes:
    """The spellings of some secrets, ready to be looked for."""

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {part for secret in secrets for part in _parts(secret) if len(part) >= SHORTEST}
        values = [part.encode(errors="surrogatepass") for part in parts]
        self._plain = [*values, *(value.replace(b" ", b"+") for value in values if b" " in value)]
        self._base64 = [core for value in values for core in _cores(value)]
        self._hex = [value.hex().encode() for value in values]

    def scrub_bytes(self, data: bytes, *, cut: bool = False) -> bytes:
        """Mask the secrets in bytes; with `cut`, the data ends in mid-air, perhaps within a secret."""
        found = sorted(set(self._found(data, cut=cut))) if self._plain else []
        if not found:
            return data
        kept, at = [], 0
        for start, end in _joined(found):
            kept += [data[at:start], _MASK]
            at = end
        return b"".join((*kept, data[at:]))

    def scrub_text(self, text: str, *, cut: bool = False) -> str:
        """Mask the secrets in a text."""
        data = text.encode(errors="surrogatepass")
        scrubbed = self.scrub_bytes(data, cut=cut)
        return text if scrubbed is data else scrubbed.decode(errors="replace")

    def scrub_json(self, value: Any) -> Any:
        """Mask the secrets in a JSON value: in texts, names, and numbers that are one; at most some 100 levels deep."""
        everything = "\x00".join(_leaves(value))
        return value if self.scrub_text(everything) is everything else self._scrubbed(value)

    def _scrubbed(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.scrub_text(value)
        if isinstance(value, Mapping):
            return {self.scrub_text(str(name)): self._scrubbed(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._scrubbed(item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        return value if self.scrub_text(repr(value)) == repr(value) else MASK

    def _found(self, data: bytes, *, cut: bool) -> Iterator[tuple[int, int]]:
        """Give the spans of all secrets, in places of `data`."""
        for views in _views(data, cut=cut):
            text = views[-1].text if views else data
            for start, end in self._found_here(text, cut=cut):
                first, last = start, end - 1
                for view in reversed(views):
                    first, last = view.origin(first), _end(view, last)
                yield first, last + 1

    def _found_here(self, text: bytes, *, cut: bool) -> Iterator[tuple[int, int]]:
        for needle in self._plain:
            yield from _spans(needle, text, cut=cut)
        lowered = text.lower()
        for needle in self._hex:
            yield from _spans(needle, lowered, cut=cut)
        standard = text.translate(_URL_SAFE)
        for needle in self._base64:
            for start, end in _spans(needle, standard, cut=cut):
                yield _base64_start(text, start), _base64_end(text, end)


def scrub(value: Any, secrets: Iterable[str], *, cut: bool = False) -> Any:
    """Mask secrets in a text, in bytes, or in a JSON value; `cut` says that a text ends in mid-air."""
    echoes = echoes_of(frozenset(secrets))
    if isinstance(value, bytes):
        return echoes.scrub_bytes(value, cut=cut)
    return echoes.scrub_text(value, cut=cut) if isinstance(value, str) else echoes.scrub_json(value)


@lru_cache(maxsize=256)
def echoes_of(secrets: frozenset[str]) -> Echoes:
    """Prepare the search for some secrets."""
    return Echoes(secrets)


def _parts(secret: str) -> Iterator[str]:
    """Give a secret as it is, after its scheme (`Bearer …`), and what is in a `user:password` pair, plain or base64."""
    yield secret
    whole = secret.strip()
    scheme = _SCHEME.match(whole)
    for value in {whole, whole[scheme.end() :] if scheme else whole}:
        yield value
        yield from (match[1] for match in [_PAIR.fullmatch(value)] if match)
        try:
            pair = b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
        except ValueError:
            continue
        if ":" in pair and pair.isprintable():
            yield from (pair, pair.partition(":")[2])


def _cores(value: bytes) -> Iterator[bytes]:
    """Encode in base64 at each of the three offsets, without the ends that depend on the bytes around."""
    for offset, unsure in ((0, 0), (1, 2), (2, 3)):
        sure = (offset + len(value)) * 8 // 6
        yield b64encode(b"\0" * offset + value)[unsure:sure]


def _views(data: bytes, *, cut: bool) -> Iterator[tuple[View, ...]]:
    """Undo the ways of writing, one after another, up to two layers; and the line breaks of long base64."""
    ahead: list[tuple[View, ...]] = [()]
    while ahead:
        views = ahead.pop()
        yield views
        text = views[-1].text if views else data
        if b"\n" in text or b"\r" in text:
            yield (*views, _undone(text, _BREAKS, lambda _: b""))
        if len(views) < _LAYERS:
            ahead += [(*views, view) for view in _decoded(text, cut=cut)]


def _decoded(text: bytes, *, cut: bool) -> Iterator[View]:
    whole = _CUT_SHORT.sub(b"", text) if cut else text
    for mark, pattern, spell in ((b"\\", _JSON, _json), (b"%", _PERCENT, _percent), (b"&", _HTML, _html)):
        if mark in whole and (view := _undone(whole, pattern, spell)).starts:
            yield view


def _undone(text: bytes, pattern: re.Pattern[bytes], spell: Any) -> View:
    pieces: list[bytes] = []
    starts: list[int] = []
    origins: list[tuple[int, int]] = []
    at = length = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        piece = spell(match[0])
        pieces += [text[at:start], piece]
        length += start - at
        if piece:
            starts.append(length)
            origins.append((start, end - start))
        length += len(piece)
        starts.append(length)
        origins.append((end, 0))
        at = end
    pieces.append(text[at:])
    return View(b"".join(pieces), starts, origins)


def _end(view: View, last: int) -> int:
    """Find the last byte, in the text before, of what the byte at `last` was decoded from."""
    piece = bisect_right(view.starts, last) - 1
    if piece < 0:
        return last
    before, length = view.origins[piece]
    return before + length - 1 if length else before + last - view.starts[piece]


def _json(escape: bytes) -> bytes:
    if escape[1:2] == b"x":
        return bytes.fromhex(escape[2:].decode())
    if escape[1:2] != b"u":
        return _SHORT.get(escape[1:], escape[1:])
    units = b"".join(int(unit, 16).to_bytes(2) for unit in escape.split(b"\\u")[1:])
    return units.decode("utf-16-be", errors="surrogatepass").encode(errors="surrogatepass")


def _percent(escape: bytes) -> bytes:
    return bytes([int(escape[1:], 16)])


def _html(entity: bytes) -> bytes:
    name = entity[1:].decode()
    if not name.startswith("#"):
        return html5.get(name, entity.decode()).encode()
    digits = name[1:-1]
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return chr(number).encode(errors="surrogatepass") if number < 0x110000 else entity


def _base64_start(text: bytes, start: int) -> int:
    """Take in the letter before, which holds some of the secret's bits."""
    return start - (_BASE64.match(text, start - 1, start) is not None) if start else 0


def _base64_end(text: bytes, end: int) -> int:
    return end + (_BASE64.match(text, end, end + 1) is not None)


def _spans(needle: bytes, haystack: bytes, *, cut: bool) -> Iterator[tuple[int, int]]:
    at = haystack.find(needle)
    while at >= 0:
        yield at, at + len(needle)
        at = haystack.find(needle, at + len(needle))
    if cut and (length := _beginning(needle, haystack)):
        yield len(haystack) - length, len(haystack)


def _beginning(needle: bytes, haystack: bytes) -> int:
    """Measure how much of a needle's beginning the haystack ends with, if it is enough to matter."""
    lengths = range(min(len(needle) - 1, len(haystack)), SHORTEST - 1, -1)
    return next((length for length in lengths if haystack.endswith(needle[:length])), 0)


def _joined(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Unite spans that overlap or touch; `spans` are in order."""
    start, end = spans[0]
    for first, last in spans[1:]:
        if first > end:
            yield start, end
            start, end = first, last
        end = max(end, last)
    yield start, end


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield repr(value)
