"""What a diagnosis is made of: evidence, fixes, and one finding per thing that is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rules.outcomes import Cause

EDIT_ENDPOINT: Final[Mapping[str, Any]] = {"action": "edit_endpoint"}
TEST: Final[Mapping[str, Any]] = {"action": "test"}
REPLAY: Final[Mapping[str, Any]] = {"action": "replay"}
_QUOTES: Final = str.maketrans("“”", "''")


def patch(**fields: Any) -> Mapping[str, Any]:
    """Make the change that PATCH /v1/webhooks/{id} with these fields applies."""
    return {"patch": fields}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation of attempts, response, probe, certificate, filters, events, settings, speed or duplicates."""

    kind: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """Return the API's shape."""
        return {"kind": self.kind, "text": self.text}


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do, and where we can act, the `change` that does it.

    A change is `{"patch": {…}}` with fields of a webhook patch, or `{"action": …}`: `edit_endpoint` opens the form for
    the URL and the auth header (a person types them), `test` sends a test, `replay` sends failed deliveries again.
    """

    text: str
    change: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape; `change` is left out when a person must act elsewhere."""
        return {"text": self.text} if self.change is None else {"text": self.text, "change": dict(self.change)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; without a cause, one that is only worth knowing."""

    cause: Cause | None
    summary: str
    evidence: tuple[Evidence, ...] = ()
    fixes: tuple[Fix, ...] = ()


def count(number: int, noun: str, plural: str = "") -> str:
    """Write `1 event` or `3 events`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def listed(names: Iterable[str], most: int = 6) -> str:
    """Write names in backquotes, the first few of them."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(f"`{plain(name, 80)}`" for name in every[:most]) + more


def plain(text: str, limit: int) -> str:
    """Cut text from outside to `limit` characters of one printable line."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def quoted(text: str, limit: int = 200) -> str:
    """Quote text from outside, so that it reads as what someone else said."""
    return f"“{plain(text, limit).translate(_QUOTES)}”"


def ago(moment: datetime, now: datetime) -> str:
    """Write how long ago something was, in its largest unit; `just now` under a minute."""
    passed = max(now - moment, timedelta())
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if passed >= length:
            return f"{count(passed // length, unit)} ago"
    return "just now"
