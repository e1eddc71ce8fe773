"""Stems: words cut down to what their forms share, so that "cancelling" meets "cancellation"."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from agent.guided_calls.lexicon import table, words

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENDINGS = ("ations", "ation", "lation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "es", "s")
_SHORTEST = 3


def plain(text: str) -> str:
    """Write a text in lower case, without punctuation, to be compared with phrases."""
    return " ".join(word.replace("'", "") for word in _WORD.findall(text.replace("’", "'").lower()))


def named(name: str) -> str:
    """Write a name ("orderNumber", "order_number", "order.number") as words ("order number")."""
    return " ".join(_WORD.findall(_HUMPS.sub(" ", name))).lower()


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Cut the ending off an English word; light, and the same for every form that it knows."""
    if len(word) <= _SHORTEST or not word.isalpha() or word.endswith(("ss", "us", "is")):
        return word
    for ending in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST and re.search("[aeiouy]", rest):
            return _undoubled(rest + "y" if ending in {"ies", "ied"} else rest)
    return _undoubled(word)


def _undoubled(rest: str) -> str:
    if len(rest) > _SHORTEST and rest[-1] == rest[-2] and rest[-1] not in "aeiou":
        return rest[:-1]
    return rest[:-1] if rest.endswith("e") and len(rest) > _SHORTEST else rest


@cache
def _meanings() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for group in table("words")["synonyms"]:
        stems = frozenset(stem(word) for word in group)
        for one in stems:
            found[one] = found.get(one, frozenset()) | stems
    return found


def kin(one: str) -> frozenset[str]:
    """Give the stems that mean nearly the same, itself included."""
    return _meanings().get(one, frozenset()) | {one}


@cache
def _stops() -> frozenset[str]:
    return frozenset(words("stop"))


def content(text: str) -> list[str]:
    """Give the words of a text that carry meaning, in order, in lower case."""
    return [word for word in plain(text).split() if word not in _stops()]


def terms(text: str) -> list[str]:
    """Give the stems of the words that carry meaning."""
    return [stem(word) for word in content(text)]


def stems_of(some: Iterable[str]) -> frozenset[str]:
    """Give the stems of some words."""
    return frozenset(stem(word) for word in some)
