"""The headers of a curl command: credentials become secrets, what the connection sets itself is left out."""

import re
from base64 import b64encode
from typing import Final

from integrations.importers.credentials import known_value, looks_credential
from integrations.importers.draft import DraftBuilder
from integrations.importers.names import lower_identifier
from integrations.importers.placeholders import IN_URL, Hole, join, plain, split_value
from rules.header_fields import is_connections, looks_secret
from rules.typed_secrets import HIDDEN, hide_secrets

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z-]{1,30})[ \t]+(\S+)")
_PER_REQUEST: Final = re.compile(
    r"(?:digest|aws4-hmac-sha256|oauth|signature|hawk|hmac|negotiate|ntlm)\b", re.IGNORECASE
)
# Headers that are right for one request only, or say what the browser was doing.
_LEFT_OUT: Final = frozenset(
    {"accept-encoding", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "traceparent"}
    | {"tracestate", "x-request-id", "x-correlation-id", "request-id", "idempotency-key", "x-idempotency-key"}
)
_PSEUDO: Final = frozenset({"authority", "method", "path", "scheme"})
_ROLES: Final = {"bearer": "token", "basic": "login", "token": "token"}


def add_login(user: str, builder: DraftBuilder) -> tuple[str, str]:
    """Return the header for `user:password` (RFC 7617); the secret's value is the pair, encoded.

    A template only substitutes, so the encoding has to be done before the value is in the vault.
    """
    pair = plain(user)
    open_ = HIDDEN in user or IN_URL.search(user) or ":" not in user
    value = None if open_ else b64encode(pair.encode()).decode()
    name = builder.secret("login", value)
    if value is None:
        builder.note(f"The value of ${name} is user:password in Base64, as in: printf '%s' user:password | base64")
    return "Authorization", f"Basic ${name}"


def add_bearer(token: str, builder: DraftBuilder) -> tuple[str, str]:
    """Return the header for a bearer token (RFC 6750)."""
    return "Authorization", join(["Bearer ", Hole(_secret("token", token, builder))])


def header_templates(headers: list[tuple[str, str]], builder: DraftBuilder) -> list[tuple[str, str]]:
    """Write headers as templates and collect their variables; headers given twice are joined (RFC 9110, 5.3)."""
    templates: dict[str, tuple[str, str]] = {}
    for name, value in _joined(headers):
        key = name.lower()
        if is_connections(key) or key in _PSEUDO or key.startswith("sec-"):
            if key == "host" and value.lower() != builder.host:
                builder.note(f"The header Host was left out: it is always the URL's, {builder.host}.")
        elif key in _LEFT_OUT:
            builder.note(f"The header {name} was left out: its value is right for one request only.")
        elif not value:
            builder.note(f"The header {name[:60]} was left out, because it has no value.")
        else:
            templates[key] = (name, _value(name, value, builder))
    return list(templates.values())


def _joined(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    found: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), (name, []))[1].append(value)
    once = {"authorization", "content-type", "user-agent", "referer"}
    return [
        (name, values[-1] if key in once else ("; " if key == "cookie" else ", ").join(filter(None, values)))
        for key, (name, values) in found.items()
    ]


def _value(name: str, value: str, builder: DraftBuilder) -> str:
    if name.lower() == "authorization":
        return _authorization(value, builder)
    if looks_secret(name):
        scheme = _SCHEME.fullmatch(value)
        role = secret_role(name)
        if scheme and scheme[1].lower() in _ROLES:
            return join([f"{scheme[1]} ", Hole(_secret(role, scheme[2], builder))])
        return join([Hole(_secret(role, value, builder))])
    if HIDDEN in hide_secrets(value):
        return join([Hole(_secret(secret_role(name), value, builder))])
    return builder.filled(split_value(value))


def _authorization(value: str, builder: DraftBuilder) -> str:
    if _PER_REQUEST.match(value):
        builder.note("The Authorization header is signed for one request; the trigger works until that expires.")
        return join([Hole(_secret("authorization", value, builder))])
    scheme = _SCHEME.fullmatch(value)
    if scheme is None:
        return join([Hole(_secret("token", value, builder))])
    role = _ROLES.get(scheme[1].lower(), "token")
    return join([f"{scheme[1]} ", Hole(_secret(role, scheme[2], builder))])


def _secret(role: str, value: str, builder: DraftBuilder) -> str:
    pieces = split_value(value)
    holes = [piece for piece in pieces if isinstance(piece, Hole)]
    if len(pieces) == len(holes) == 1:
        return builder.secret(role, None, hole=holes[0].name)
    return builder.secret(role, None if holes else known_value(value))


def secret_role(name: str) -> str:
    """Name a credential after its header or field: `X-Api-Key` gives api_key."""
    role = lower_identifier(name)
    role = re.sub(r"^(?:x|http)_", "", role) or "key"
    return role if looks_credential(role) or role.endswith(("key", "cookie")) else f"{role}_key"
