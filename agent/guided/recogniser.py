"""The recogniser: each clause of a message becomes a reading, with every reason to doubt it."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from agent.guided.clauses import Clause, cut
from agent.guided.facts import facts_of
from agent.guided.frames import match
from agent.guided.lexicon import words
from agent.guided.moods import Mood
from agent.guided.phrase import has, longest_at, spans_at, whole
from agent.guided.questions import read_question, read_remark
from agent.guided.reading import FILTERING, Intent, Reading
from agent.guided.slots.page import Page
from agent.guided.slots.values import Contents, read_light, read_values
from agent.guided.tokens import Kind, tokenise
from agent.guided.topics import small_talk

_LIGHT = {Intent.ENABLE, Intent.DISABLE, Intent.DELETE, Intent.KILL, Intent.TEST, Intent.DIAGNOSE, Intent.FIX}
_STATEMENT = words("statement")


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


def _read_command(clause: Clause) -> Reading:
    heads = spans_at(clause.tokens, 0, "verbs")
    verbs = frozenset(span.key for span in heads)
    if verbs & {"enable", "disable"}:
        verbs -= {"undo"}
    page = Page(clause.tokens)
    size = max(
        (span.end for span in heads if "~" not in span.key and span.indexes == tuple(range(span.end))), default=1
    )
    page.mark(heads[0].indexes if heads else ())
    _free_verb_values(page, heads[0].indexes if heads else ())
    found = read_values(page)
    facts = facts_of(page, found, min(size, 1))
    if any(span.key == "test" and len(span.indexes) > 1 for span in heads):
        facts |= {"test_phrase"}
    frame = match(verbs, facts)
    if frame is None:
        intent = Intent.REMARK if clause.tokens[0].is_word("i", "we", "it", "this", "they") else Intent.UNKNOWN
        return Reading(intent, clause, found.values, found.mention, found.nouns, found.residue)
    if frame.intent in _LIGHT and not (frame.intent is Intent.TEST and found.values.events):
        used = next(span for span in heads if span.key in frame.verbs)
        page = Page(clause.tokens)
        page.mark(used.indexes)
        nouns = found.nouns
        found = read_light(page)._replace(nouns=nouns, values=found.values)
    return _reading(frame.intent, clause, found, frame.mode)


def _free_verb_values(page: Page, indexes: tuple[int, ...]) -> None:
    """Leave what a gap in a phrase holds ("turn … off") unread."""
    page.read &= set(indexes)


def _reading(intent: Intent, clause: Clause, found: Contents, mode: str) -> Reading:
    doubts = [*clause.doubts, *_blockers(clause, intent)]
    return Reading(
        intent,
        clause,
        found.values,
        found.mention,
        found.nouns,
        found.residue,
        mode,
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _blockers(clause: Clause, intent: Intent) -> list[str]:
    """Find what makes a command uncertain: a question mark, a condition, a time, a second thought."""
    words = [token.norm for token in clause.tokens]
    doubts: list[str] = []
    if words[0] == "no" and intent not in {Intent.FILTER, Intent.SET_RETRIES}:
        doubts.append("asked")
    if clause.asked and not clause.polite:
        doubts.append("asked")
    if (
        intent not in FILTERING
        and intent not in {Intent.CREATE, Intent.REPLAY, Intent.DRY_RUN}
        and has(clause.tokens[1:], "marks", "conditional")
    ):
        doubts.append("condition")
    if intent in FILTERING and (
        {"unless", "until", "till"} & set(words) or ("if" in words and not {"only", "just"} & set(words))
    ):
        doubts.append("condition")
    if has(clause.tokens, "marks", "time") or _clock(clause):
        doubts.append("time")
    if (intent not in FILTERING | {Intent.CREATE} and {"not", "never", "without", "nothing"} & set(words[1:])) or words[
        -1:
    ] == ["not"]:
        doubts.append("negation")
    if (
        intent in _LIGHT
        and {"except", "but", "besides", "apart"} & set(words)
        and not {"all", "everything", "every"} & set(words)
    ):
        doubts.append("negation")
    if intent in _LIGHT and "or" in words:
        doubts.append("choice")
    if {"maybe", "perhaps", "possibly", "probably"} & set(words):
        doubts.append("asked")
    return doubts


def _clock(clause: Clause) -> bool:
    """Tell whether a time or a duration is given that has nothing to do with a timeout."""
    for index, token in enumerate(clause.tokens):
        before = clause.tokens[index - 1].norm if index else ""
        if (
            token.kind is Kind.NUMBER
            and token.unit in {"min", "h", "d", "w"}
            and before in {"for", "in", "after", "every", "within"}
        ):
            return True
        if (
            token.kind is Kind.NUMBER
            and before == "at"
            and index + 1 < len(clause.tokens)
            and clause.tokens[index + 1].norm in {"am", "pm", "o'clock", ":"}
        ):
            return True
    return False


def _read_fragment(clause: Clause) -> Reading:
    page = Page(clause.tokens)
    found = read_values(page)
    words = {token.norm for token in clause.tokens}
    words |= {word for word in clause.lead if word == "also"}
    mode = (
        "skip"
        if words & {"except", "exclude"}
        else "also"
        if words & {"too", "also"}
        else "only"
        if words & {"only", "just"}
        else ""
    )
    if found.values.filtering and not (mode and words & _STATEMENT):
        doubts = () if mode else ("fragment",)
        if any(page.free(index) and token.is_word("not", "never", "no") for index, token in enumerate(clause.tokens)):
            doubts = ("negation",)
        reading = _reading(Intent.FILTER, clause, found, mode or "only")
        return replace(reading, doubts=(*reading.doubts, *doubts))
    if "delivery" in found.nouns and not found.residue and not found.values.filtering:
        return _reading(Intent.DELIVERIES, clause, found, "")
    if found.values.about("") and not found.residue:
        return _reading(Intent.ADJUST, clause, found, "fragment")
    if found.values.tag_match or (
        words & {"all", "any", "both", "either"} and words & {"them", "these", "those", "tags", "tag"}
    ):
        match_word = "all" if words & {"all", "both"} else "any"
        return replace(_reading(Intent.TAG_MATCH, clause, found, "fragment"), topic=match_word)
    if "also" in clause.lead and found.residue and not found.mention.explicit:
        return replace(_reading(Intent.FILTER, clause, found, "also"), doubts=("fragment",))
    return read_remark(clause)


_READERS: dict[Mood, Callable[[Clause], Reading]] = {
    Mood.CANCEL: lambda clause: Reading(Intent.CANCEL, clause),
    Mood.NEGATED: lambda clause: Reading(Intent.NEGATED, clause, guess=_guess_after_negation(clause)),
    Mood.QUESTION: read_question,
    Mood.HYPOTHETICAL: read_question,
    Mood.REPORT: read_remark,
    Mood.COMMAND: _read_command,
    Mood.FRAGMENT: _read_fragment,
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
        if bare and after.acts and after.clause.joiner in {"and", "&", "then", "+"} and after.intent in _LIGHT:
            settled[index] = replace(here, mention=after.mention, residue=after.residue)
    return settled


__all__ = ["longest_at", "recognise"]
