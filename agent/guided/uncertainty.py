"""Uncertainty: what in a command's own words says that it may not be meant as one, or not now."""

from collections.abc import Callable

from agent.guided.clauses import Clause
from agent.guided.phrase import has
from agent.guided.reading import FILTERING, LIGHT, Intent
from agent.guided.slots.comparisons import PERIODS, TIMES
from agent.guided.tokens import Kind

_Words = list[str]
_ONTO = {Intent.DELETE, Intent.DISABLE, Intent.ENABLE, Intent.KILL}
_WITH_CONDITIONS = FILTERING | {Intent.CREATE, Intent.REPLAY, Intent.DRY_RUN}


def uncertainties(clause: Clause, intent: Intent) -> list[str]:
    """Name the doubts about a command: asked, condition, time, negation, choice."""
    words = [token.norm for token in clause.tokens]
    return [doubt for doubt, holds in _RULES if holds(clause, intent, words)]


def _asked(clause: Clause, intent: Intent, words: _Words) -> bool:
    refused = words[0] == "no" and intent not in {Intent.FILTER, Intent.SET_RETRIES}
    hedged = not {"maybe", "perhaps", "possibly", "probably"}.isdisjoint(words)
    return refused or hedged or (clause.asked and not clause.polite)


def _conditional(clause: Clause, intent: Intent, words: _Words) -> bool:
    if intent in FILTERING:
        alone = "if" in words and {"only", "just"}.isdisjoint(words)
        return alone or not {"unless", "until", "till"}.isdisjoint(words)
    return intent not in _WITH_CONDITIONS and has(clause.tokens[1:], "marks", "conditional")


def _timed(clause: Clause, intent: Intent, _: _Words) -> bool:
    return has(clause.tokens, "marks", "time") or _has_clock(clause, TIMES if intent in LIGHT else PERIODS)


def _negated(_: Clause, intent: Intent, words: _Words) -> bool:
    denied = not {"not", "never", "without", "nothing"}.isdisjoint(words[1:])
    return words[-1] == "not" or (denied and intent not in FILTERING | {Intent.CREATE})


def _excepted(_: Clause, intent: Intent, words: _Words) -> bool:
    """Tell whether something is left out, or brought in with a second webhook ("delete A from B")."""
    left_out = not {"except", "but", "besides", "apart"}.isdisjoint(words)
    everything = not {"all", "everything", "every"}.isdisjoint(words)
    onto = intent in _ONTO and not {"from", "to", "into", "with", "like"}.isdisjoint(words)
    return onto or (intent in LIGHT and left_out and not everything)


def _has_clock(clause: Clause, units: frozenset[str]) -> bool:
    """Tell whether a time or a duration is given that has nothing to do with a timeout."""
    padded = [*(token.norm for token in clause.tokens), ""]
    for index, token in enumerate(clause.tokens):
        before = padded[index - 1] if index else ""
        if token.kind is not Kind.NUMBER:
            continue
        if token.unit in units and before in {"for", "in", "after", "every", "within"}:
            return True
        if before == "at" and padded[index + 1] in {"am", "pm", "o'clock", ":"}:
            return True
    return False


_RULES: tuple[tuple[str, Callable[[Clause, Intent, _Words], bool]], ...] = (
    ("asked", _asked),
    ("condition", _conditional),
    ("time", _timed),
    ("negation", _negated),
    ("negation", _excepted),
    ("choice", lambda _, intent, words: intent in LIGHT and "or" in words),
)
