"""A page: the tokens of one clause, with a mark on each that has been understood."""

from collections.abc import Iterable, Sequence

from agent.guided.lexicon import phrases
from agent.guided.phrase import Span, longest_at, spans
from agent.guided.tokens import Kind, Token


class Page:
    """The tokens of a clause while it is being read; what is left unread in the end must name a webhook, or we ask."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tuple(tokens)
        self.read: set[int] = set()

    def mark(self, indexes: Iterable[int]) -> None:
        """Mark tokens as understood."""
        self.read.update(indexes)

    def free(self, index: int) -> bool:
        """Tell whether there is a token here that is not understood yet."""
        return 0 <= index < len(self.tokens) and index not in self.read

    def spans(self, book: str, *keys: str) -> list[Span]:
        """Find the phrases of a table among what is not read yet."""
        return [span for span in spans(self.tokens, book, keys or None) if not self.read.intersection(span.indexes)]

    def at(self, index: int, book: str, key: str) -> Span | None:
        """Find a phrase that starts here and is not read yet."""
        span = longest_at(self.tokens, index, book, key) if 0 <= index < len(self.tokens) else None
        return span if span and not self.read.intersection(span.indexes) else None

    def of_kind(self, *kinds: Kind) -> list[int]:
        """Give the indexes of unread tokens of these kinds."""
        return [index for index, token in enumerate(self.tokens) if token.kind in kinds and index not in self.read]

    def residue(self) -> tuple[str, ...]:
        """Give the words, as typed, that nothing has understood and that say something."""
        fillers = {phrase[0] for phrase in phrases("marks", "filler") if len(phrase) == 1}
        return tuple(
            token.text
            for index, token in enumerate(self.tokens)
            if index not in self.read and token.kind is not Kind.STOP and token.norm not in fillers and token.text
        )
