"""Alerts by e-mail: where mails go, what they say, and when the next one may follow (E07).

Names and errors come from outside: each is made one line before it is put anywhere, so no header can be added by one.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from rules.alerting import worst_first
from rules.alerting_words import console_link, one_line, sentence
from rules.times import rfc3339

PACE: Final = timedelta(minutes=5)
"""After a mail, the same people get the next one no sooner; what happens meanwhile is in it."""

STALE: Final = timedelta(hours=24)
"""What has been over for so long is not mailed any more."""

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_OF_WORKSPACE: Final = re.compile(r"(ws_[A-Za-z0-9]+)=(.*)")
_SUBJECT: Final = 160
_LISTED: Final = 50
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_PORTS: Final = {"smtp": 587, "smtps": 465}
_TLS: Final[Mapping[str, Literal["starttls", "none"]]] = {"always": "starttls", "never": "none"}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed over; `tls` is from the first byte (`implicit`), by STARTTLS, or `none`."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "MailServer":
        """Read `smtp://user:password@host:587?starttls=always|never` or `smtps://…:465`; raises ValueError.

        `smtp` demands STARTTLS, unless it is said to be never. What the error says never quotes the URL.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise ValueError("names a port that is not a number from 1 to 65535") from None
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        starttls = options.pop("starttls", "always")
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/") or parts.fragment:
            raise ValueError("must be smtp://user:password@host:587 or smtps://user:password@host:465")
        if options or starttls not in _TLS or (parts.scheme == "smtps" and parts.query):
            raise ValueError("takes no option but starttls=always or starttls=never, and that for smtp:// only")
        user, password = parts.username and unquote(parts.username), parts.password and unquote(parts.password)
        if bool(user) != bool(password):
            raise ValueError("needs both a user and a password, or neither; percent-encode @ : / ? # in them")
        tls = "implicit" if parts.scheme == "smtps" else _TLS[starttls]
        return cls(parts.hostname, port or _PORTS[parts.scheme], tls, user or None, password or None)


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who gets the alerts of a workspace: its own addresses, or the usual ones where it has none."""

    usual: tuple[str, ...] = ()
    of_workspaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Recipients":
        """Read `address` and `ws_…=address` entries; raises ValueError naming the one that is wrong."""
        usual: list[str] = []
        own: dict[str, list[str]] = {}
        for entry in entries:
            match = _OF_WORKSPACE.fullmatch(entry)
            address = checked_address(match[2] if match else entry)
            (own.setdefault(match[1], []) if match else usual).append(address)
        return cls(tuple(dict.fromkeys(usual)), {id_: tuple(dict.fromkeys(those)) for id_, those in own.items()})

    def of(self, workspace_id: str) -> tuple[str, ...]:
        """Return the addresses for a workspace; empty when nobody is to be told."""
        return self.of_workspaces.get(workspace_id, self.usual)


def checked_address(text: str) -> str:
    """Return an address as it may stand in an envelope; raises ValueError."""
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise ValueError(f"{one_line(text, 80)!r} is not an e-mail address")
    return text


def sender(text: str) -> Address:
    """Read `address` or `Name <address>`; raises ValueError."""
    name, address = parseaddr(text)
    return Address(display_name=one_line(name, 80), addr_spec=checked_address(address))


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts in a row (1, 2 …): 30 s, doubling up to 15 minutes."""
    doublings: int = 2 ** min(max(attempts, 1) - 1, 10)
    return min(_LONGEST_WAIT, _FIRST_WAIT * doublings)


def compose(
    alerts: Sequence[Mapping[str, Any]], *, by: Address, to: Sequence[str], base: str, now: datetime
) -> EmailMessage:
    """Write one mail about one alert or many, the open and worst first.

    Args:
        alerts: Their rows, each with `workspace_name`; at least one.
        by: Who sends it.
        to: Who gets it.
        base: Where the console is.
        now: When.

    """
    ordered = sorted(alerts, key=lambda one: (one["closed_at"] is not None, worst_first(one["topic"]), one["id"]))
    message = EmailMessage(policy=SMTP)
    message["From"] = by
    message["To"] = [Address(addr_spec=address) for address in to]
    message["Subject"] = _subject(ordered)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{_digest(ordered)}@{by.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(ordered, base), cte="quoted-printable")
    return message


def _subject(alerts: Sequence[Mapping[str, Any]]) -> str:
    if len(alerts) == 1:
        # Python's e-mail package decodes encoded words in what it is given: a name could hide line breaks in one.
        return one_line(f"[Hookwright] {sentence(alerts[0])}", _SUBJECT).replace("=?", "= ?")
    over = sum(one["closed_at"] is not None for one in alerts)
    counts = [f"{len(alerts) - over} open"] if over < len(alerts) else []
    counts += [f"{over} over"] if over else []
    return f"[Hookwright] {len(alerts)} alerts: {', '.join(counts)}"


def _text(alerts: Sequence[Mapping[str, Any]], base: str) -> str:
    several = len({one["workspace_id"] for one in alerts}) > 1
    blocks = [_block(one, base, several=several) for one in alerts[:_LISTED]]
    if len(alerts) > _LISTED:
        blocks.append(f"… and {len(alerts) - _LISTED} more: {base}/v1/alerts lists all.")
    return "\n\n".join(blocks) + "\n"


def _block(alert: Mapping[str, Any], base: str, *, several: bool) -> str:
    place = f"{one_line(alert['workspace_name'], 80)}: " if several else ""
    times = f"{alert['topic']}, since {rfc3339(alert['opened_at'])}"
    if alert["closed_at"] is not None:
        return f"{place}{sentence(alert)}\n{times}, over at {rfc3339(alert['closed_at'])}"
    return f"{place}{sentence(alert)}\n{times}\nFix it: {console_link(base, alert['webhook_id'])}"


def _digest(alerts: Sequence[Mapping[str, Any]]) -> str:
    """Name a mail by what it tells, so that one that is sent twice (a crash in between) is told as the same."""
    said = ",".join(sorted(f"{one['id']}{'' if one['closed_at'] is None else '/'}" for one in alerts))
    return hashlib.sha256(said.encode()).hexdigest()[:32]
