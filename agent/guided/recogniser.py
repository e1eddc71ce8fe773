"""The recogniser: each clause of a message becomes a reading."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from agent.guided.clauses import Clause, cut
from agent.guided.commands import read_command, read_fragment
from agent.guided.moods import Mood
from agent.guided.phrase import whole
from agent.guided.questions import read_question, read_remark
from agent.guided.reading import LIGHT, Intent, Reading
from agent.guided.tokens import tokenise
from agent.guided.topics import small_talk


@lru_cache(maxsize=512)
def recognise(text: str, names: tuple[str, ...] = ()) -> tuple[Reading, ...]:
    """Read a message. `names` are the names of known webhooks, kept whole where they stand in the text."""
    tokens = tokenise(text, names)
    talk = small_talk(tokens)
    if talk:
        return (Reading(Intent.SOCIAL, Clause(tokens, Mood.FRAGMENT), topic=talk),)
    readings = [read_clause(clause) for clause in cut(tokens)]
    if any(reading.values.secret for reading in readings):
        readings = [
            replace(one, intent=Intent.EDIT_FORM, values=replace(one.values, secret=True))
            if one.intent in {Intent.SET_HEADER, Intent.ADJUST}
            else one
            for one in readings
        ]
    return tuple(_settle(readings))


def read_clause(clause: Clause) -> Reading:
    """Read one clause by its mood."""
    answer = _short_answer(clause)
    if answer:
        return Reading(answer, clause)
    talk = small_talk(clause.tokens) if clause.mood is not Mood.CANCEL else ""
    if talk:
        return Reading(Intent.SOCIAL, clause, topic=talk)
    return _READERS[clause.mood](clause)


def _short_answer(clause: Clause) -> Intent | None:
    if whole(clause.tokens, "marks", "yes"):
        return Intent.YES
    return Intent.NO if whole(clause.tokens, "marks", "no") else None


def _guess_after_negation(clause: Clause) -> Intent | None:
    """Guess what is not wanted: retries at all, or anything else."""
    return Intent.RETRY if any(token.is_word("retry", "resend") for token in clause.tokens) else None


def _read_negated(clause: Clause) -> Reading:
    """Read what is not wanted; "nothing is firing" is a symptom."""
    symptom = read_remark(clause) if clause.tokens[0].is_word("nothing", "none", "nobody") else None
    if symptom and symptom.intent is Intent.DIAGNOSE:
        return symptom
    return Reading(Intent.NEGATED, clause, guess=_guess_after_negation(clause))


_READERS: dict[Mood, Callable[[Clause], Reading]] = {
    Mood.CANCEL: lambda clause: Reading(Intent.CANCEL, clause),
    Mood.NEGATED: _read_negated,
    Mood.QUESTION: read_question,
    Mood.HYPOTHETICAL: read_question,
    Mood.REPORT: read_remark,
    Mood.COMMAND: read_command,
    Mood.FRAGMENT: read_fragment,
}


def _settle(readings: list[Reading]) -> list[Reading]:
    """Let a second thought take back what was said before it, and let a lone verb share the next one's target."""
    settled: list[Reading] = []
    for reading in readings:
        if reading.intent is Intent.CANCEL and settled:
            settled = [one for one in settled if not one.acts]
        settled.append(reading)
    for index in range(len(settled) - 2, -1, -1):
        here, after = settled[index], settled[index + 1]
        bare = here.acts and not here.mention.explicit and not here.residue and len(here.clause.tokens) == 1
        if bare and after.acts and after.clause.joiner in {"and", "&", "then", "+"} and after.intent in LIGHT:
            settled[index] = replace(here, mention=after.mention, residue=after.residue)
    return settled
