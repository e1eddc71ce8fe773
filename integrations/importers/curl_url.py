"""The URL of a curl command as a template: ids and search terms become parameters, keys become secrets."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

import idna

from integrations.importers.draft import DraftBuilder
from integrations.importers.examples import describe, is_setting, string_schema, text_schema
from integrations.importers.identifiers import find_identifier, noun_of
from integrations.importers.names import words
from integrations.importers.placeholders import (
    HIDDEN,
    IN_URL,
    Hole,
    join,
    known_value,
    literal,
    looks_credential,
    plain,
    split,
    split_segment,
)
from rules.errors import InvalidInput

_URL: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:(?P<login>[^/?#]*)@)?(?P<host>[^/?#]*)"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?P<fragment>\#.*)?",
    re.DOTALL,
)
_MAX_URL: Final = 8_000
_GLOB: Final = re.compile(r"\{[^{}]*,[^{}]*\}|\[[A-Za-z0-9]+-[A-Za-z0-9]+(?::[0-9]+)?\]")
_SAFE: Final = "%/:;=,?@!$&'()*+~[]{}<>|^`\"\\" + "\ufdd0"
_TOKEN_AFTER: Final = frozenset({"services", "webhooks", "webhook", "hooks", "hook", "catch"})
_TOKEN: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w-]{20,200}|X{20,}", re.ASCII)
_BOT_TOKEN: Final = re.compile(r"(bot)([0-9]+:[\w-]{20,100})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts, as written; `host` in lower case and ASCII, with its port when one is written."""

    scheme: str
    host: str
    path: str
    query: str
    login: str | None
    notes: tuple[str, ...]


def read_address(url: str, *, globbing: bool) -> Address:
    """Split a URL; raises InvalidInput, field `curl`, when it is none that a trigger can have.

    Args:
        url: As the shell passes it on.
        globbing: Whether curl would expand `{a,b}` and `[1-9]` to several requests.

    """
    if len(url) > _MAX_URL:
        raise _refused(
            f"The URL has {len(url)} characters; at most {_MAX_URL} are read. Put long values into the body."
        )
    if globbing and _GLOB.search(url.partition("://")[2]):
        raise _refused("The URL has {…} or […] with several values: that is several requests. Import one of them.")
    found = _URL.fullmatch(url.strip())
    if found is None or not found["host"]:
        raise _refused("The URL has no host. Write the whole address, such as https://api.example.com/orders.")
    notes = []
    scheme = (found["scheme"] or "https").lower()
    if scheme not in {"http", "https"}:
        raise _refused(f"The URL begins with {scheme[:20]}://; triggers call http and https only.")
    if not found["scheme"]:
        notes.append("The URL names no scheme; https:// is assumed.")
    if found["fragment"]:
        notes.append("What follows # in the URL was left out: it is never sent.")
    path = found["path"] or "/"
    return Address(scheme, _host(found["host"]), path, found["query"] or "", found["login"], tuple(notes))


def url_template(address: Address, pairs: list[tuple[str, str | None]], builder: DraftBuilder) -> str:
    """Write the URL as a template and collect its variables.

    Args:
        address: The URL.
        pairs: The query: names and values as written, None for a name without `=`.
        builder: Takes the parameters, secrets and notes.

    """
    marked = bool(IN_URL.search(address.path)) or any(value and IN_URL.search(value) for _, value in pairs)
    path = _path(address.path, builder, marked=marked)
    query = "&".join(_pair(name, value, builder, marked=marked) for name, value in pairs)
    return f"{address.scheme}://{address.host}{path}{'?' if query else ''}{query}"


def query_pairs(query: str) -> list[tuple[str, str | None]]:
    """Split a query into names and values, as written."""
    pairs = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if pair:
            pairs.append((name, value if equals else None))
    return pairs


def path_segments(path: str) -> list[str | None]:
    """Return a path's constant segments, decoded, and None for those that vary."""
    found: list[str | None] = []
    for segment in path.strip("/").split("/"):
        varies = any(isinstance(piece, Hole) for piece in split_segment(segment))
        nothing_yet = not any(noun_of(before) for before in found if before)
        varies = varies or find_identifier(unquote(segment), first=nothing_yet) is not None
        found.append(None if varies else re.sub(r"\.(?:json|xml|php|aspx?)$", "", unquote(segment)))
    return found if path.strip("/") else []


def _host(host: str) -> str:
    if HIDDEN in host or IN_URL.search(host) or "$" in host:
        raise _refused(f"The URL's host is left open ({plain(host)[:60]}). Write it out: secrets are bound to it.")
    try:
        return host.lower() if host.isascii() else _international(host)
    except UnicodeError:  # idna's own errors are a kind of it
        raise _refused(f"The host {host[:60]} is not a valid internet name.") from None


def _international(host: str) -> str:
    name, colon, port = host.partition(":")
    return f"{idna.encode(name[:300], uts46=True).decode().lower()}{colon}{port}"


def _path(path: str, builder: DraftBuilder, *, marked: bool) -> str:
    written, before = [], ""
    segments = path.split("/")
    for place, segment in enumerate(segments):
        written.append(_segment(segment, before, builder, marked=marked, first=not noun_of(unquote(before))))
        before = segment if noun_of(unquote(segment)) or place < 2 else before
    return "/".join(written)


def _segment(segment: str, before: str, builder: DraftBuilder, *, marked: bool, first: bool) -> str:
    if secret := _secret_segment(segment, before, builder):
        return secret
    pieces = split_segment(segment)
    if any(isinstance(piece, Hole) for piece in pieces):
        return _encoded(builder.filled(pieces))
    decoded = unquote(segment)
    found = None if marked else find_identifier(decoded, first=first)
    if found is None:
        return _encoded(literal(segment))
    name = found.name_after(unquote(before))
    schema: dict[str, str] = {"type": "string"}
    if found.format:
        schema["format"] = found.format
    schema["description"] = describe(name, "" if found.kind == "email" else found.text)
    return join([Hole(builder.parameter(name, schema)), found.ending])


def _secret_segment(segment: str, before: str, builder: DraftBuilder) -> str:
    """Recognise addresses that are themselves a credential: incoming webhooks of chats, bots."""
    if bot := _BOT_TOKEN.fullmatch(unquote(segment)):
        return join([bot[1], Hole(builder.secret("bot_token", bot[2]))])
    if before.lower() in _TOKEN_AFTER and (segment == HIDDEN or _TOKEN.fullmatch(segment)):
        builder.note(f"The part of the path after {before} lets anybody in, so it became a secret.")
        return join([Hole(builder.secret("path_token", known_value(unquote(segment))))])
    return ""


def _pair(name: str, value: str | None, builder: DraftBuilder, *, marked: bool) -> str:
    written = _encoded(literal(name))
    if value is None:
        return written
    return f"{written}={_value(unquote_plus(name), value, builder, marked=marked)}"


def _value(name: str, value: str, builder: DraftBuilder, *, marked: bool) -> str:
    pieces = split(value, IN_URL)
    hole = pieces[0] if len(pieces) == 1 and isinstance(pieces[0], Hole) else None
    if looks_credential(name) or words(name) == ["key"] or value == HIDDEN:
        return join([Hole(_query_secret(name, value, hole, builder))])
    if hole or len(pieces) > 1:
        return _encoded(builder.filled(pieces))
    decoded = unquote_plus(value)
    if marked or is_setting(name, decoded):
        return _encoded(literal(value))
    schema = string_schema(name, decoded) if decoded == "" else text_schema(name, decoded)
    return join([Hole(builder.parameter(name, schema))])


def _query_secret(name: str, value: str, hole: Hole | None, builder: DraftBuilder) -> str:
    if HIDDEN in value:
        builder.note(
            f"The value of {name[:60]} was hidden, with what stood after it up to the next space: check the URL."
        )
    return builder.secret(name, None if hole else known_value(unquote_plus(value)), hole=hole.name if hole else None)


def _encoded(text: str) -> str:
    """Percent-encode what no URL can hold, and leave the rest as it was written."""
    return quote(text, safe=_SAFE)


def _refused(message: str) -> InvalidInput:
    return InvalidInput.of("curl", message)
