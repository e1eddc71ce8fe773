"""Bare fields: everyday words before a comparison ("if amount > 100", "if cart weight > 5"), taken to be a field."""

from agent.guided.lexicon import phrases, words
from agent.guided.phrase import Span, spans_at
from agent.guided.slots.page import Page
from agent.guided.tokens import Kind

_ARTICLES = {"the", "its", "their", "a", "an"}
_OPENERS = {"if", "when", "whenever", "where", "with", "whose", "having"}
_MORE = {"and", "or", ","}


def bare_field(page: Page, index: int) -> Span | None:
    """Find the field of one or two unknown words that ends here, its path as the key; nothing when it may be else.

    It has to open a condition of a filter ("only … if amount", "send … where quantity"), or to follow an "and" in one.
    """
    for first in (index, index - 1):
        if first < 0 or not _unknown(page, first):
            return None
        if _opens(page, first):
            places = tuple(range(first, index + 1))
            return Span(f"properties.{'_'.join(page.tokens[place].text for place in places)}", places)
    return None


def _opens(page: Page, index: int) -> bool:
    """Tell whether a condition of a filter begins with this word."""
    before = [one.norm for one in page.tokens[:index]]
    while before and before[-1] in _ARTICLES:
        before.pop()
    opened = bool(before) and (before[-1] in _OPENERS or (before[-1] in _MORE and not _OPENERS.isdisjoint(before)))
    return opened and not words("filtering_words").isdisjoint(before)


def _unknown(page: Page, index: int) -> bool:
    token = page.tokens[index]
    plain = token.kind is Kind.WORD and token.norm == token.text.lower()
    return plain and page.free(index) and not _known(page, index)


def _known(page: Page, index: int) -> bool:
    """Tell whether the grammar has a meaning of its own for the word ("it", "trust", "purchases")."""
    known = [span for book in ("nouns", "fields", "events") for span in spans_at(page.tokens, index, book)]
    filler = (page.tokens[index].norm,) in phrases("marks", "filler")
    return bool(known) or filler
