"""Spelling: a mistyped word is read as the one word of the grammar that it can only be."""

from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from agent.guided.lexicon import table

_BOOKS = ("verbs", "nouns", "marks", "events", "before", "after", "tests", "fields")
_MIN_LENGTH = 4
_LONG = 7


@cache
def vocabulary() -> frozenset[str]:
    """Give every word of the phrase tables."""
    words = {word for name in _BOOKS for entry in table(name).values() for phrase in entry for word in phrase.split()}
    return frozenset(words) | frozenset(table("words")["known"])


@cache
def _targets() -> tuple[str, ...]:
    """Give the words that a typo may be corrected to: those the grammar acts upon, not everyday words."""
    return tuple(sorted(table("words")["correctable"]))


@lru_cache(maxsize=4096)
def corrected(word: str) -> str:
    """Give the grammar's word for a mistyped one, or the word itself when there is no single near one."""
    if len(word) < _MIN_LENGTH or word in vocabulary() or not word.isascii() or inflected(word):
        return word
    limit = 2 if len(word) >= _LONG else 1
    near = process.extract(word, _targets(), scorer=OSA.distance, score_cutoff=limit, limit=3)
    near = [found for found in near if found[0][0] == word[0] or sorted(found[0]) == sorted(word)]
    if not near or (len(near) > 1 and near[0][1] == near[1][1]):
        return word
    return near[0][0]


def inflected(word: str) -> bool:
    """Tell whether the word is a past or progressive form of a known one ("deleted" is a report, not a command)."""
    for ending in ("ed", "ing", "d", "er", "ers", "s", "es"):
        stem = word.removesuffix(ending)
        if stem != word and (
            stem in vocabulary()
            or stem + "e" in vocabulary()
            or (stem[-2:-1] == stem[-1:] and stem[:-1] in vocabulary())
        ):
            return True
    return False
