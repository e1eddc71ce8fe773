"""Topics: questions and small talk that have an answer of their own, without a look at any webhook."""

from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

from agent.guided.lexicon import phrases, table, words
from agent.guided.tokens import Kind, Token

_GAP = 2
_NOTHING = words("idle_in_talk")


def topic_of(tokens: Sequence[Token]) -> str:
    """Find the topic of a question: the one with the longest group of words that are all there, in order."""
    words = [_word(token) for token in tokens]
    best, size = "", 0
    for topic, group in _groups():
        if len(group) > size and _in_order(group, words):
            best, size = topic, len(group)
    return best


def _word(token: Token) -> str:
    """Give the word that a token counts as; of a URL on this machine, its host."""
    if token.kind is Kind.URL and urlsplit(token.value).hostname in {"localhost", "127.0.0.1"}:
        return "localhost"
    return token.text.lower() if token.kind in {Kind.NUMBER, Kind.HOST} else token.norm


@cache
def _groups() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((topic, tuple(group.split())) for topic, entry in table("topics").items() for group in entry["any"])


def _in_order(group: Sequence[str], words: Sequence[str]) -> bool:
    position, reach = 0, len(words)
    for word in group:
        if word not in words[position : position + reach]:
            return False
        position = words.index(word, position) + 1
        reach = _GAP + 1
    return True


def answer(topic: str) -> str:
    """Give the answer to a topic."""
    return str(table("topics")[topic]["answer"])


def small_talk(tokens: Sequence[Token]) -> str:
    """Tell which kind of small talk the tokens are, if they are nothing else."""
    norms = [token.norm for token in tokens if token.kind is not Kind.STOP]
    loose = [norm for norm in norms if norm not in _NOTHING]
    for kind in table("social"):
        if tuple(norms) in phrases("social", kind) or (loose and tuple(loose) in phrases("social", kind)):
            return kind
    return "help" if not norms and any(token.norm == "?" for token in tokens) else ""
