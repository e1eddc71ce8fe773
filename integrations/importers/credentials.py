"""Which fields hold credentials: by their name, or by what their value looks like."""

import re
from itertools import pairwise
from typing import Final

from integrations.importers.names import words
from integrations.importers.placeholders import plain
from rules.typed_secrets import HIDDEN, hide_secrets

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
# Long random texts: hexadecimal of 24 digits or more, or letters of both cases with digits, as keys are written.
_RANDOM: Final = re.compile(
    r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{24,128}|(?=[A-F]*[0-9])(?=[0-9]*[A-F])[0-9A-F]{24,128}"
    r"|(?=[A-Za-z]*[0-9])(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{24,200}"
)
_RANDOM_NAMES: Final = frozenset(  # of fields whose random text is a name or a sum of something
    {"id", "ids", "hash", "sha", "md5", "checksum", "digest", "etag", "ref", "cursor", "commit", "revision", "nonce"}
    | {"uuid", "guid", "number", "sid", "page", "content", "text", "data", "file", "image", "slug"}
)
_LONGEST_KEY: Final = 500


def holds_credential(name: str, value: str) -> bool:
    """Tell whether a field holds a credential, by its name or its value."""
    return looks_credential(name) or HIDDEN in value or looks_key(name, value)


def looks_key(name: str, value: str) -> bool:
    """Tell whether a value is written as keys are: in a format that is known, or long and random."""
    if not 8 <= len(value) <= _LONGEST_KEY:
        return False
    if hide_secrets(value) == HIDDEN:
        return True
    return _RANDOM.fullmatch(value) is not None and not _RANDOM_NAMES.intersection(words(name)[-1:])


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
