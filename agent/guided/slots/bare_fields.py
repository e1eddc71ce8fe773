"""Bare fields: an everyday word before a comparison ("if amount > 100"), taken to be a field of the payload."""

from agent.guided.lexicon import phrases, words
from agent.guided.phrase import spans_at
from agent.guided.slots.page import Page
from agent.guided.tokens import Kind

_ARTICLES = {"the", "its", "their", "a", "an"}
_OPENERS = {"if", "when", "whenever", "where", "with", "whose", "having"}
_MORE = {"and", "or", ","}


def bare_field(page: Page, index: int) -> str:
    """Give the path that an unknown word stands for; empty when it may be anything else.

    It has to open a condition of a filter ("only … if amount", "send … where quantity"), or to follow an "and" in one.
    """
    token = page.tokens[index]
    if token.kind is not Kind.WORD or not page.free(index) or token.norm != token.text.lower() or _known(page, index):
        return ""
    before = [one.norm for one in page.tokens[:index]]
    while before and before[-1] in _ARTICLES:
        before.pop()
    opened = bool(before) and (before[-1] in _OPENERS or (before[-1] in _MORE and not _OPENERS.isdisjoint(before)))
    return f"properties.{token.text}" if opened and not words("filtering_words").isdisjoint(before) else ""


def _known(page: Page, index: int) -> bool:
    """Tell whether the grammar has a meaning of its own for the word ("it", "trust", "purchases")."""
    known = [span for book in ("nouns", "fields", "events") for span in spans_at(page.tokens, index, book)]
    filler = (page.tokens[index].norm,) in phrases("marks", "filler")
    return bool(known) or filler
