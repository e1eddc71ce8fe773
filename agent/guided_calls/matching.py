"""Matching: which trigger a message asks for, by the words of its name, description and parameters."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from rapidfuzz import process
from rapidfuzz.distance import OSA

from agent.guided_calls.lexicon import table, words
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.stems import content, kin, named, plain, stem, stems_of, terms
from agent.guided_calls.triggers import Trigger

EXACT = 100.0
"""The score of a message that is word for word what a trigger does."""
THRESHOLD = 1.5
"""Below this score a message is not a request for a trigger at all."""
_SURE = 2.5
_CLOSE = 0.75
_IN_NAME, _IN_DESCRIPTION, _IN_CHOICES, _IN_PARAMETER, _IN_SMALL_PRINT = 3.0, 2.0, 1.5, 1.2, 0.6
_GENERIC, _RELATED, _DISTANT = 0.35, 0.85, 0.4
_FAMILY = 6
_SHORTEST_TYPO, _LONG_WORD = 4, 8
_SEARCHED = 2.5
_FEWEST_WORDS = 2
_BEGINNINGS = frozenset({"return", "returns", "answers", "gives", "provides"})
_WISH = re.compile(r"\s*(?:(?:hi|hello|hey|well)\s+)?i(?:['’]d| would)? (?:want|like|need|wish) to\b", re.IGNORECASE)
_CLAUSES = re.compile(r"[.!?;:,\n]+|\b(?:because|about|since|that)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """How well a message fits a trigger; `hits` are the message's stems that its name or description knows.

    `named` is the place of the clause that says all words of the trigger's name; -1 when none does.
    """

    trigger: Trigger
    score: float
    hits: frozenset[str]
    coverage: float
    named: int = -1

    @property
    def sure(self) -> bool:
        """Tell whether it may be acted upon without asking first."""
        return self.named >= 0 or (self.score >= _SURE and (len(self.hits) > 1 or self.coverage >= 1 / 3))


def matches(text: str, triggers: Sequence[Trigger], *, image: bool = False) -> list[Match]:
    """Score every trigger against a message, the best first; only those above the threshold."""
    said = _spelled(text, triggers)
    found = [_match(text, said, trigger, triggers) for trigger in triggers]
    if image and not any(one.sure for one in found):
        found = [_match(text, [*said, "imag"], trigger, triggers) for trigger in triggers]
    return sorted((one for one in found if one.score >= THRESHOLD), key=lambda one: -one.score)


def rivals(found: Sequence[Match]) -> list[Match]:
    """Give the best match and those that are too close to it to choose.

    A trigger that is called by its name decides, the one that is named first; else a clause that only asks for one.
    """
    if called := [one for one in found if one.named >= 0]:
        first = min(one.named for one in called)
        return [one for one in called if one.named == first]
    close = [one for one in found if one.score >= found[0].score * _CLOSE] if found else []
    asked = [one for one in close if one.coverage >= 1]
    return asked if len(asked) == 1 else close


def vocabulary(trigger: Trigger) -> Mapping[str, float]:
    """Give the stems that speak for a trigger, each with its weight."""
    return _weights(trigger.name, trigger.description, tuple(_described(one) for one in trigger.parameters))


def request_stems(trigger: Trigger) -> frozenset[str]:
    """Give the stems that ask for a trigger rather than tell it something: its name and how it is described."""
    own = [one for one, weight in vocabulary(trigger).items() if weight > _IN_CHOICES or weight == _GENERIC]
    return frozenset(relative for one in own for relative in kin(one)) | _generic()


def _described(parameter: Parameter) -> tuple[str, str, str]:
    return f"{named(' '.join(parameter.path))} {parameter.label}", _choices(parameter), parameter.description


def _choices(parameter: Parameter) -> str:
    return " ".join(named(one) for one in parameter.choices if isinstance(one, str))


@lru_cache(maxsize=256)
def _weights(name: str, description: str, parameters: tuple[tuple[str, str, str], ...]) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    begun = description.partition(" ")
    layers = [(named(name), _IN_NAME), (begun[2] if begun[0].lower() in _BEGINNINGS else description, _IN_DESCRIPTION)]
    layers += [(text, _IN_PARAMETER) for text, _, _ in parameters]
    layers += [(text, _IN_CHOICES) for _, text, _ in parameters]
    layers += [(text, _IN_SMALL_PRINT) for _, _, text in parameters]
    dull = stems_of(words("described"))
    for text, weight in layers:
        for one in terms(text):
            if one not in dull or weight == _IN_NAME:
                weights[one] = max(weights.get(one, 0), _GENERIC if one in _generic() | dull else weight)
    return weights


@lru_cache(maxsize=1)
def _generic() -> frozenset[str]:
    return stems_of(words("generic"))


def _match(text: str, said: Sequence[str], trigger: Trigger, triggers: Sequence[Trigger]) -> Match:
    if plain(text) in {plain(trigger.deed), plain(trigger.request), plain(trigger.words)}:
        return Match(trigger, EXACT, frozenset(said), 1.0)
    known = vocabulary(trigger)
    distinct = list(dict.fromkeys(said))
    worth = {one: _worth(one, known, triggers) for one in distinct}
    own = stems_of(trigger.words.split())
    hits = frozenset(one for one, value in worth.items() if value >= 1 or (value and kin(one) & own))
    alone = [one for one in distinct if one.isalpha()]
    score = sum(sorted(worth.values(), reverse=True)[:5]) + _searching(text, trigger)
    if hits and text.rstrip().endswith("?") and any(one.role == "question" for one in trigger.parameters):
        score += 1
    if score >= _SEARCHED and not hits:
        return Match(trigger, score, hits, 1.0)
    coverage = max(len(hits) / max(len(alone), 1), _of_clause(text, hits))
    return Match(trigger, score, hits, coverage, _named(text, trigger))


def _named(text: str, trigger: Trigger) -> int:
    """Find the clause that calls a trigger by its name, or wishes for just what it is described by; -1 when none does.

    "Open a ticket" names `open_ticket`; "I want to complain" wishes for what stores a complaint.
    """
    name = set(terms(trigger.words))
    for place, clause in enumerate(_CLAUSES.split(text)):
        said = set(terms(clause))
        if len(name) >= _FEWEST_WORDS and name <= said:
            return place
        if said and _WISH.match(clause) and all(_own(one, vocabulary(trigger)) >= _IN_DESCRIPTION for one in said):
            return place
    return -1


def _of_clause(text: str, hits: frozenset[str]) -> float:
    """Tell how much of the clause that asks is about the trigger; the others may tell a long story."""
    shares = [0.0]
    for clause in _CLAUSES.split(text):
        said = {one for one in terms(clause) if one.isalpha()}
        shares += [len(said & hits) / len(said)] if said else []
    return max(shares)


def _searching(text: str, trigger: Trigger) -> float:
    """Reckon that "find …" and "do you have …" ask for the trigger that takes a search, whatever is searched for."""
    if not any(one.role == "query" and one.required for one in trigger.parameters):
        return 0.0
    said = plain(text)
    return _SEARCHED if any(f" {phrase} " in f" {said} " for phrase in words("searching")) else 0.0


def _worth(one: str, known: Mapping[str, float], triggers: Sequence[Trigger]) -> float:
    """Weigh a word: one that a trigger has itself counts more than one that only means the same."""
    own = _own(one, known)
    related = max((known.get(other, 0.0) for other in kin(one)), default=0.0) * _RELATED
    if not own and any(_own(one, vocabulary(other)) >= _IN_DESCRIPTION for other in triggers):
        related *= _DISTANT
    value = max(own, related)
    if not value:
        return 0.0
    sharing: int = sum(
        _shares(one, vocabulary(other), min(_IN_DESCRIPTION, value), own=bool(own)) for other in triggers
    )
    return value / sqrt(max(sharing, 1))


def _shares(one: str, known: Mapping[str, float], least: float, *, own: bool) -> bool:
    """Tell whether a word may mean a trigger; triggers that have it outdo those that have its synonym."""
    if own and least >= _IN_DESCRIPTION:
        return _own(one, known) >= least
    return any(known.get(relative, 0) >= least for relative in kin(one))


def _own(one: str, known: Mapping[str, float]) -> float:
    """Weigh a word that a trigger has itself, in whatever form ("complain", "complaint")."""
    family = [other for other in kin(one) if other == one or other[:_FAMILY] == one[:_FAMILY]]
    return max((known.get(other, 0.0) for other in family), default=0.0)


def _spelled(text: str, triggers: Sequence[Trigger]) -> list[str]:
    """Give the stems of a message, mistyped ones as the word of a trigger that they can only be."""
    vocabularies = frozenset(relative for one in triggers for each in vocabulary(one) for relative in kin(each))
    raw = tuple(sorted({word for one in triggers for word in content(_everything(one))}))
    said = f" {plain(text)} "
    meant = [stem(word) for word, some in table("words")["spoken"].items() if any(f" {one} " in said for one in some)]
    return [*(_corrected(word, raw, vocabularies) for word in content(text)), *meant]


def _everything(trigger: Trigger) -> str:
    return " ".join(
        [
            named(trigger.name),
            trigger.description,
            *(part for one in trigger.parameters for part in _described(one)[:2]),
        ]
    )


@lru_cache(maxsize=4096)
def _corrected(word: str, raw: tuple[str, ...], known: frozenset[str]) -> str:
    if len(word) < _SHORTEST_TYPO or not word.isalpha() or stem(word) in known or word in words("known"):
        return stem(word)
    limit = 2 if len(word) >= _LONG_WORD else 1
    near = process.extract(word, raw, scorer=OSA.distance, score_cutoff=limit, limit=3)
    near = [one for one in near if one[0][0] == word[0] and len(one[0]) > _SHORTEST_TYPO]
    return stem(near[0][0]) if near else stem(word)
