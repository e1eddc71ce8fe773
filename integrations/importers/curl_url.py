"""The URL of a curl command as a template: ids and search terms become parameters, keys become secrets."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

import idna

from integrations.importers.credentials import holds_credential, known_value
from integrations.importers.curl_path import encoded, path_template
from integrations.importers.draft import DraftBuilder
from integrations.importers.examples import is_setting, string_schema, text_schema
from integrations.importers.names import words
from integrations.importers.placeholders import IN_URL, Hole, join, literal, plain, split
from rules.errors import InvalidInput
from rules.typed_secrets import HIDDEN

_URL: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:(?P<login>[^/?#]*)@)?(?P<host>[^/?#]*)"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?P<fragment>\#.*)?",
    re.DOTALL,
)
_MAX_URL: Final = 8_000
_GLOB: Final = re.compile(r"\{[^{}]*,[^{}]*\}|\[[A-Za-z0-9]+-[A-Za-z0-9]+(?::[0-9]+)?\]")


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
    path = path_template(address.path, builder, marked=marked)
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


def _pair(name: str, value: str | None, builder: DraftBuilder, *, marked: bool) -> str:
    written = encoded(literal(name))
    if value is None:
        return written
    return f"{written}={_value(unquote_plus(name), value, builder, marked=marked)}"


def _value(name: str, value: str, builder: DraftBuilder, *, marked: bool) -> str:
    pieces = split(value, IN_URL)
    hole = pieces[0] if len(pieces) == 1 and isinstance(pieces[0], Hole) else None
    if words(name) == ["key"] or holds_credential(name, unquote_plus(value)):
        return join([Hole(_query_secret(name, value, hole, builder))])
    if hole or len(pieces) > 1:
        return encoded(builder.filled(pieces))
    decoded = unquote_plus(value)
    if marked or is_setting(name, decoded):
        if not marked:
            builder.keep(name)
        return encoded(literal(value))
    schema = string_schema(name, decoded) if decoded == "" else text_schema(name, decoded)
    return join([Hole(builder.parameter(name, schema))])


def _query_secret(name: str, value: str, hole: Hole | None, builder: DraftBuilder) -> str:
    if HIDDEN in value:
        builder.note(
            f"The value of {name[:60]} was hidden, with what stood after it up to the next space: check the URL."
        )
    return builder.secret(name, None if hole else known_value(unquote_plus(value)), hole=hole.name if hole else None)


def _refused(message: str) -> InvalidInput:
    return InvalidInput.of("curl", message)
