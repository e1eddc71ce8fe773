"""Moods: how a clause is meant, from how it begins; only a command may act."""

from collections.abc import Sequence
from enum import StrEnum

from agent.guided.phrase import has, longest_at, spans_at
from agent.guided.tokens import Kind, Token


class Mood(StrEnum):
    """How a clause is meant; only a command may act."""

    COMMAND = "command"
    QUESTION = "question"
    HYPOTHETICAL = "hypothetical"
    NEGATED = "negated"
    REPORT = "report"
    CANCEL = "cancel"
    FRAGMENT = "fragment"
    EMPTY = "empty"


def strip(tokens: Sequence[Token]) -> tuple[list[Token], bool, tuple[str, ...]]:
    """Take words such as "please", "then" and "could you" off the front."""
    rest, polite, taken = list(tokens), False, list[str]()
    while rest:
        if rest[0].is_word("just") and _plain_verb(rest[1:]):
            rest = rest[1:]
            continue
        span = longest_at(rest, 0, "marks", "prefix")
        stop = rest[0].kind is Kind.STOP
        if not span and not stop:
            break
        if span and _begins_more(rest, len(span.indexes)):
            break
        polite = polite or bool(span and longest_at(rest, 0, "marks", "polite"))
        size = len(span.indexes) if span else 1
        taken += [token.norm for token in rest[:size]]
        rest = rest[size:]
    return rest, polite, tuple(taken)


def _plain_verb(rest: Sequence[Token]) -> bool:
    """Tell whether "just" stands before a plain command ("just delete it"), not before what alone is wanted."""
    plain = ("delete", "disable", "enable", "test", "rename", "undo", "retry", "create", "edit")
    return bool(rest) and rest[0].norm not in {"not", "no"} and bool(spans_at(rest, 0, "verbs", plain))


def _begins_more(rest: Sequence[Token], size: int) -> bool:
    """Tell whether a longer phrase than the prefix begins here ("no more …", "can you tell me why …")."""
    if (
        rest[0].is_word("no", "not")
        and len(rest) > 1
        and (spans_at(rest, 1, "events") or spans_at(rest, 1, "verbs") or spans_at(rest, 1, "nouns"))
    ):
        return True
    verbs = spans_at(rest, 0, "verbs")
    marks = spans_at(rest, 0, "marks", ("question", "hypothetical", "negation"))
    return any(len(span.indexes) > size for span in (*verbs, *marks)) or (
        len(rest) == size and has(rest, "marks", "cancel")
    )


def mood_of(tokens: Sequence[Token]) -> Mood:
    """Find the mood from how a clause begins."""
    verb = spans_at(tokens, 0, "verbs")
    compared = spans_at(tokens, 0, "before")
    if compared and (not verb or len(compared[0].indexes) > len(verb[0].indexes)):
        return Mood.FRAGMENT
    verb_length = len(verb[0].indexes) if verb else 0
    if verb_length > 1 and any(token.is_word("only", "just") for token in tokens):
        verb_length = 1  # "do not send only …": what is not to be is that others are left out
    for key, mood in (("hypothetical", Mood.HYPOTHETICAL), ("question", Mood.QUESTION), ("negation", Mood.NEGATED)):
        span = longest_at(tokens, 0, "marks", key)
        if span and len(span.indexes) >= _needed(key, verb_length):
            return mood
    if verb:
        return Mood.COMMAND
    for key, mood in (("conditional", Mood.HYPOTHETICAL), ("reporter", Mood.REPORT)):
        if longest_at(tokens, 0, "marks", key):
            return mood
    return Mood.FRAGMENT


def _needed(key: str, verb_length: int) -> int:
    """Give how long a mark has to be to outweigh the verb phrase here ("do not send …" is a wish, not a negation)."""
    if key != "negation":
        return verb_length
    return verb_length + 1 if verb_length > 1 else 0
