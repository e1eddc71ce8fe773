"""A session's client data: what its owner may put there, and what an endpoint's answer may add (C06, C08).

Names become `$variables`, so none may hide a system variable or a secret, nor one's continuation: with a secret `key`,
the name `key.json` would win over `$key` in `$key.json`.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import PydanticCustomError

from rules.errors import FieldError, InvalidInput
from rules.json_values import depth, written
from rules.ranges import shown
from rules.variables import SYSTEM_NAMES

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 32
LONGEST_NAME: Final = 128  # characters

_LONGEST_OWNER: Final = 64  # characters, of the name of a secret or a system variable
_NAME: Final = re.compile(rf"[A-Za-z_][\w.-]{{0,{LONGEST_NAME - 1}}}")
_NAME_RULE: Final = "must begin with a letter or _ and go on with at most 127 letters, digits, _, . or -"


class Merged(NamedTuple):
    """Client data after a merge, and a sentence for each thing that was left out."""

    client_data: dict[str, Any]
    warnings: tuple[str, ...]


def check_client_data(value: Any, secrets: Collection[str] = ()) -> dict[str, Any]:
    """Return client data that a caller sent, as it may be stored.

    Args:
        value: What was sent: an object of at most 64 KiB as JSON, at most 32 levels deep.
        secrets: Names of the workspace's secrets, when the caller is to be told of a conflict.

    Raises:
        InvalidInput: with one entry per refused name, `client_data.<name>`.

    """
    if not isinstance(value, Mapping):
        raise InvalidInput.of("client_data", f"must be a JSON object; got {shown(value)}")
    taken = SYSTEM_NAMES | set(secrets)
    wrong = [(name, words) for name, item in value.items() if (words := _refusal(name, item, taken))]
    if wrong:
        raise InvalidInput([FieldError(f"client_data.{str(name)[:128]}", words) for name, words in wrong])
    size = _size(value)
    if size > MAX_BYTES:
        raise InvalidInput.of("client_data", f"must take at most {MAX_BYTES} bytes as JSON; got {size}")
    return dict(value)


def shadowed(client_data: Mapping[str, Any], secrets: Collection[str]) -> tuple[str, ...]:
    """Say which names no template will see, because a secret of the workspace has the same."""
    return tuple(
        f"client_data.{name} is never used: ${name} is the secret of that name. Rename one of them."
        for name in client_data
        if name in secrets
    )


def merge_client_data(
    current: Mapping[str, Any],
    returned: Any,
    *,
    system: Collection[str] = SYSTEM_NAMES,
    secrets: Collection[str] = (),
) -> Merged:
    """Merge what an endpoint returned over the present client data, name by name; never raises (C06).

    Args:
        current: The session's client data.
        returned: `session.client_data` of the response, whatever it is.
        system: Names of system variables.
        secrets: Names of the workspace's secrets.

    Returns:
        The new data. What is refused is named in a warning only when the name is ours already: the endpoint's own
        words belong in no message.

    """
    if not isinstance(returned, Mapping):
        return Merged(dict(current), ("session.client_data in the response is not an object; nothing was merged.",))
    taken = {*system, *secrets}
    kept = {name: item for name, item in returned.items() if _refusal(name, item, taken) is None}
    warnings = [*_conflicts(returned, taken), *_malformed(returned, taken)]
    together = {**current, **kept}
    if kept and (size := _size(together)) > MAX_BYTES:
        warnings.append(
            f"session.client_data was not merged: the session would hold {size} bytes, and {MAX_BYTES} are allowed."
        )
        together = dict(current)
    return Merged(together, tuple(warnings))


def _refusal(name: Any, item: Any, taken: Collection[str]) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return _NAME_RULE
    if (owner := _owner(name, taken)) is not None:
        return f"conflicts with {'the system variable' if owner in SYSTEM_NAMES else 'the secret'} {owner}"
    if depth(item, MAX_DEPTH) >= MAX_DEPTH:
        return f"must be nested at most {MAX_DEPTH} levels deep"
    try:
        written(item)
    except PydanticCustomError as error:
        return error.message()
    return None


def _owner(name: str, taken: Collection[str]) -> str | None:
    """Find the system variable or secret that a name would hide: itself, or one that it continues."""
    # A response may hold a name of a megabyte, all dots.
    cuts = [at for at, mark in enumerate(name[: _LONGEST_OWNER + 1]) if mark in ".-["]
    return next((name[:at] for at in (len(name), *reversed(cuts)) if name[:at] in taken), None)


def _conflicts(returned: Mapping[Any, Any], taken: Collection[str]) -> list[str]:
    owners = {_owner(name, taken): None for name in returned if isinstance(name, str)}
    what = {True: "the system variable", False: "the secret"}
    return [
        f"session.client_data cannot overwrite {what[owner in SYSTEM_NAMES]} {owner}; it was left out."
        for owner in owners
        if owner is not None
    ]


def _malformed(returned: Mapping[Any, Any], taken: Collection[str]) -> list[str]:
    refused = [name for name, item in returned.items() if _refusal(name, item, taken) is not None]
    count = sum(1 for name in refused if not isinstance(name, str) or _owner(name, taken) is None)
    words = "entry of session.client_data was" if count == 1 else "entries of session.client_data were"
    reason = "a name that is no variable's, or a value that cannot be stored"
    return [f"{count} {words} left out: {reason}."] if count else []


def _size(value: Mapping[str, Any]) -> int:
    return len(written(value).encode())
