"""Finding the phrases of a table in a run of tokens."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.guided.lexicon import phrases, table
from agent.guided.tokens import Token

_GAP = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase that was found: the indexes of its own tokens, and the entry of the table that it belongs to."""

    key: str
    indexes: tuple[int, ...]

    @property
    def start(self) -> int:
        """Give the index of the first token."""
        return self.indexes[0]

    @property
    def end(self) -> int:
        """Give the index after the last token."""
        return self.indexes[-1] + 1


def match_at(tokens: Sequence[Token], start: int, phrase: Sequence[str]) -> tuple[int, ...] | None:
    """Match one phrase at a position; "~" stands for one to six tokens in between."""
    indexes: list[int] = []
    position = start
    for place, word in enumerate(phrase):
        if word == "~":
            rest = _after_gap(tokens, position, phrase[place + 1 :])
            return (*indexes, *rest) if rest else None
        if position >= len(tokens) or tokens[position].norm != word:
            return None
        indexes.append(position)
        position += 1
    return tuple(indexes)


def _after_gap(tokens: Sequence[Token], position: int, phrase: Sequence[str]) -> tuple[int, ...] | None:
    for start in range(position + 1, min(position + 1 + _GAP, len(tokens))):
        found = match_at(tokens, start, phrase)
        if found:
            return found
    return None


def longest_at(tokens: Sequence[Token], start: int, book: str, key: str) -> Span | None:
    """Find the longest phrase of one entry that starts here."""
    for phrase in phrases(book, key):
        indexes = match_at(tokens, start, phrase)
        if indexes:
            return Span(key, indexes)
    return None


def spans_at(tokens: Sequence[Token], start: int, book: str, keys: Iterable[str] | None = None) -> list[Span]:
    """Find, for every entry of a table, the longest phrase that starts here; the longest of all comes first."""
    found = [longest_at(tokens, start, book, key) for key in (keys or table(book))]
    return sorted((span for span in found if span), key=lambda span: -len(span.indexes))


def spans(tokens: Sequence[Token], book: str, keys: Iterable[str] | None = None) -> Iterator[Span]:
    """Find the phrases of a table anywhere, the longest first at each place, not overlapping."""
    chosen = tuple(keys or table(book))
    position = 0
    while position < len(tokens):
        here = spans_at(tokens, position, book, chosen)
        if here:
            yield here[0]
            position = here[0].indexes[-1] + 1 if len(here[0].indexes) == here[0].end - here[0].start else position + 1
        else:
            position += 1


def has(tokens: Sequence[Token], book: str, key: str) -> bool:
    """Tell whether a phrase of this entry is anywhere in the tokens."""
    return any(longest_at(tokens, position, book, key) for position in range(len(tokens)))


def whole(tokens: Sequence[Token], book: str, key: str) -> bool:
    """Tell whether the tokens are exactly one phrase of this entry."""
    norms = tuple(token.norm for token in tokens)
    return norms in phrases(book, key)
