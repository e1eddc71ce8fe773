"""Clauses: a message cut where one request ends and the next begins, each with the mood it is said in."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.guided.lexicon import words
from agent.guided.moods import Mood, mood_of, strip
from agent.guided.phrase import has, longest_at, spans_at, whole
from agent.guided.tokens import Kind, Token


@dataclass(frozen=True, slots=True)
class Clause:
    """One request. `tokens` start after words such as "please" and "then"; `joiner` is what stood before it."""

    tokens: tuple[Token, ...]
    mood: Mood
    joiner: str = ""
    polite: bool = False
    lead: tuple[str, ...] = ()
    asked: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Give the clause as it was typed, secrets left out."""
        return " ".join(token.text for token in self.tokens if token.text)


_HARD = {".", ";", "!", "?", "\n"}
_SOFT = {",", ":", "–", "—", "-", "&", "+"}
_JOINERS = {"and", "then", "but", "or", "plus", "so", "nor"}
# These words begin a request only when they stand first in a message: elsewhere they are mostly nouns.
_ALL = ("all", "everything", "anything", "nothing", "every", "any")
_NOT_A_START = words("not_a_start")
_STARTS_ANYWAY = words("starts_anyway")
_SAID = words("said")


def cut(tokens: Sequence[Token]) -> tuple[Clause, ...]:
    """Cut a message into clauses and find the mood of each."""
    clauses: list[Clause] = []
    for sentence, mark in _sentences(tokens):
        first = len(clauses)
        for joiner, part in _parts(sentence):
            clauses.append(_clause(part, joiner, clauses[first:], asked=mark == "?"))
    return tuple(clause for clause in clauses if clause.mood is not Mood.EMPTY)


def _sentences(tokens: Sequence[Token]) -> list[tuple[list[Token], str]]:
    sentences: list[tuple[list[Token], str]] = [([], "")]
    for token in tokens:
        if token.kind is Kind.STOP and token.norm in _HARD:
            if sentences[-1][0]:
                sentences[-1] = (sentences[-1][0], token.norm)
                sentences.append(([], ""))
            elif token.norm == "?" and len(sentences) > 1:
                sentences[-2] = (sentences[-2][0], "?")
        else:
            sentences[-1][0].append(token)
    return [sentence for sentence in sentences if sentence[0]]


def _parts(sentence: Sequence[Token]) -> list[tuple[str, list[Token]]]:
    parts: list[tuple[str, list[Token]]] = [("", [])]
    for index, token in enumerate(sentence):
        soft = token.norm in _SOFT if token.kind is Kind.STOP else token.norm in _JOINERS and token.kind is Kind.WORD
        if soft and _starts_request(sentence, index, parts[-1][1]):
            if not parts[-1][1]:
                parts[-1] = (_joined(parts[-1][0], token.norm), [])
            else:
                parts.append((token.norm, []))
        elif not (token.kind is Kind.STOP and token.norm in "()#"):
            parts[-1][1].append(token)
    return [part for part in parts if part[1]]


def _joined(before: str, mark: str) -> str:
    """Keep the stronger of two joiners that follow each other (", then", ", or")."""
    return mark if mark in {"then", "but", "or", "nor"} or not before else before


def _starts_request(sentence: Sequence[Token], index: int, before: Sequence[Token]) -> bool:
    """Tell whether what follows a comma or an "and" is another request, not more of the same one."""
    rest, joiner = list(sentence[index + 1 :]), sentence[index].norm
    if not before or not rest or joiner == "then":
        return True
    if joiner == "but":
        return not any(token.is_word(*_ALL) for token in before[-4:])
    if whole(rest, "marks", "cancel") or (joiner == "," and rest[0].is_word("then")):
        return True
    rest, polite, _ = strip(rest)
    return bool(rest) and _is_request(rest, polite=polite)


def _is_request(rest: Sequence[Token], *, polite: bool) -> bool:
    first = rest[0].norm
    if first in _STARTS_ANYWAY:
        return len(rest) > 1 and first not in {"trigger", "label"}
    if first in _NOT_A_START:
        return polite and bool(spans_at(rest, 0, "verbs"))
    if _verb_is_noun(rest):
        return False
    return bool(spans_at(rest, 0, "verbs") or mood_of(rest) in {Mood.QUESTION, Mood.HYPOTHETICAL, Mood.NEGATED})


def _verb_is_noun(rest: Sequence[Token]) -> bool:
    """Tell a list such as "tests, demos" from a request: one bare word that is a verb, with nothing to act upon."""
    return (
        len(rest) > 1
        and rest[0].is_word("test", "change", "list", "start")
        and rest[1].is_word("is", "filter", "of", "tag", "tags", "has", "was", "not", "contains")
    )


def _clause(part: Sequence[Token], joiner: str, before: Sequence[Clause], *, asked: bool) -> Clause:
    if whole(part, "marks", "cancel"):
        return Clause(tuple(part), Mood.CANCEL, joiner, asked=asked)
    rest, polite, lead = strip(part)
    if not rest:
        kept = Mood.FRAGMENT if has(part, "marks", "yes") or has(part, "marks", "no") else Mood.EMPTY
        return Clause(tuple(part), kept, joiner, asked=asked)
    mood = Mood.CANCEL if whole(rest, "marks", "cancel") else mood_of(rest)
    if mood is Mood.CANCEL and whole(rest, "marks", "cancel") and len(rest) == 1 and polite:
        mood = Mood.COMMAND
    mood, doubts = _inherited(mood, joiner, before, asked=asked)
    return Clause(tuple(rest), mood, joiner, polite, lead, asked, doubts)


def _inherited(mood: Mood, joiner: str, before: Sequence[Clause], *, asked: bool) -> tuple[Mood, tuple[str, ...]]:
    """Carry the mood of "don't … or …", "should I … and …" and "if …, …" over to what follows."""
    last = before[-1] if before else None
    if last is None or mood not in {Mood.COMMAND, Mood.FRAGMENT}:
        return mood, ()
    if _shares_mood(last, joiner, asked=asked):
        return last.mood, ()
    return mood, _doubts(last, joiner)


def _shares_mood(last: Clause, joiner: str, *, asked: bool) -> bool:
    if joiner in {"or", "nor"}:
        return last.mood is not Mood.COMMAND
    if joiner in {"and", "&", "+", "plus"}:
        return last.mood in {Mood.NEGATED, Mood.QUESTION, Mood.HYPOTHETICAL}
    return joiner in {",", "then", "so"} and asked and last.mood in {Mood.QUESTION, Mood.HYPOTHETICAL}


def _doubts(last: Clause, joiner: str) -> tuple[str, ...]:
    if joiner in {"or", "nor"}:
        return ("choice",)
    if _is_condition(last) and joiner in {",", "then", "so", ":", "–", "—", "-"}:
        return ("condition",)
    said = any(token.norm in _SAID for token in last.tokens) and last.mood is not Mood.COMMAND
    if said or (joiner == ":" and last.mood in {Mood.FRAGMENT, Mood.REPORT}):
        return ("quoted",)
    return last.doubts if joiner in {"and", ",", "then"} else ()


def _is_condition(clause: Clause) -> bool:
    return bool(longest_at(clause.tokens, 0, "marks", "conditional") or clause.mood is Mood.HYPOTHETICAL)
