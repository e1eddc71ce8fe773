"""Twins: webhooks of one name, and what tells them apart."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from agent.guided.wording import title

_LONGEST = 48
_END = 4


def host_of(webhook: Mapping[str, Any]) -> str:
    """Give the host of a webhook's URL, with its port."""
    return urlsplit(str(webhook.get("url") or "")).netloc.rpartition("@")[2]


def apart(webhook: Mapping[str, Any], webhooks: Iterable[Mapping[str, Any]]) -> str:
    """Give what tells a webhook from others of its name: its host, its path, or the end of its id; else nothing."""
    name, own = str(webhook.get("name") or "").casefold(), str(webhook.get("id") or "")
    twins = [one for one in webhooks if str(one.get("name") or "").casefold() == name and one.get("id") != own]
    if not (name and twins):
        return ""
    for part in (host_of, _address):
        if part(webhook) not in {part(twin) for twin in twins}:
            return part(webhook)
    return f"…{own[-_END:]}"


def title_among(webhook: Mapping[str, Any], webhooks: Iterable[Mapping[str, Any]]) -> str:
    """Name a webhook in a sentence, with what tells it from others of its name."""
    difference = apart(webhook, webhooks)
    return f"{title(webhook)} ({difference})" if difference else title(webhook)


def _address(webhook: Mapping[str, Any]) -> str:
    text = host_of(webhook) + urlsplit(str(webhook.get("url") or "")).path
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
