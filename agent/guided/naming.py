"""Naming: the webhooks that words name, by exact name, by words of the name or host, then by likeness."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from rapidfuzz import fuzz

_SURE = 88
_SHORT = 3
_GENERIC = {"webhook", "webhooks", "hook", "hooks", "endpoint", "the", "one", "automation", "integration", "a", "my"}
_GENERIC |= {"our", "to"}


def matches(words: str, webhooks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Find the webhooks that words name: by the exact name, by words of the name or host, then by likeness."""
    query = words.casefold().strip()
    exact = [one for one in webhooks if str(one.get("name") or "").casefold() == query or one.get("url") == words]
    if exact or not query:
        return exact
    parts = [part for part in words_of(query) if part not in _GENERIC]
    within = [one for one in webhooks if parts and all(part in words_of(text_of(one)) for part in parts)]
    if within:
        return within
    inside = [one for one in webhooks if parts and all(len(part) >= _SHORT and part in text_of(one) for part in parts)]
    if inside:
        return inside
    scored = sorted(((likeness(" ".join(parts), one), index) for index, one in enumerate(webhooks)), reverse=True)
    return [webhooks[index] for score, index in scored if score >= _SURE]


def words_of(text: str) -> list[str]:
    """Cut a text into words, marks left out."""
    return "".join(char if char.isalnum() else " " for char in text).split()


def text_of(webhook: dict[str, Any]) -> str:
    """Give the words that a webhook can be known by: its name, host and path."""
    parts = urlsplit(str(webhook.get("url") or ""))
    return f"{webhook.get('name') or ''} {parts.hostname or ''} {parts.path}".casefold()


def likeness(query: str, webhook: dict[str, Any]) -> float:
    """Score how much words look like the name or host of a webhook, 0 to 100."""
    name = str(webhook.get("name") or "").casefold()
    host = urlsplit(str(webhook.get("url") or "")).hostname or ""
    names = [name, host, *[word for word in words_of(name) if len(word) > _SHORT]]
    return max((fuzz.ratio(query, one) for one in names if one), default=0.0)
