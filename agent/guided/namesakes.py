"""Namesakes: webhooks called what a message may mean otherwise ("delete the webhook", and one is called "Webhook")."""

from typing import Any

from agent.guided.memory import Memory
from agent.guided.plain_names import is_generic
from agent.guided.reading import Reading
from agent.guided.tokens import Kind, Token


def may_be_named(reading: Reading) -> bool:
    """Tell whether a word that was understood might be a name after all, so that the names have to be known.

    Any word may, where something is changed or sent; for a look, one that is written with a capital or means "webhook".
    """
    words = _words(reading)
    return any(reading.acts or token.text[:1].isupper() or is_generic(token.norm) for token in words)


def namesakes(reading: Reading, memory: Memory) -> list[dict[str, Any]]:
    """Find the webhooks, apart from the one last spoken of, whose whole name is a word of the message."""
    said = {token.text.casefold() for token in _words(reading)}
    others = [one for one in memory.webhooks.values() if one.get("id") != memory.focus]
    return [one for one in others if str(one.get("name") or "").casefold() in said]


def _words(reading: Reading) -> list[Token]:
    """Give the words after the verb; "it" and "this webhook" leave nothing to a name."""
    if reading.mention.pronoun:
        return []
    return [token for token in reading.clause.tokens[1:] if token.kind is Kind.WORD]
