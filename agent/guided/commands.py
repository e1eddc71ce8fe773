"""Commands and fragments: clauses that ask for something, and every reason to doubt that they do."""

from dataclasses import replace
from itertools import pairwise

from agent.guided.clauses import Clause
from agent.guided.facts import facts_of
from agent.guided.frames import match
from agent.guided.lexicon import words
from agent.guided.phrase import spans_at
from agent.guided.questions import read_remark
from agent.guided.reading import LIGHT, Intent, Reading, Values
from agent.guided.single_events import doubt_about
from agent.guided.slots.page import Page
from agent.guided.slots.values import Contents, read_light, read_values
from agent.guided.uncertainty import uncertainties

_MODES = {"skip": {"except", "exclude"}, "also": {"too", "also"}, "only": {"only", "just"}}
_QUANTITIES = {"all", "any", "both", "either"}
_ALL = {"all", "everything", "anything", "events", "any"}
_SETTINGS = {"timeout": Intent.SET_TIMEOUT, "retries": Intent.SET_RETRIES}
_STATEMENT = words("statement")


def read_command(clause: Clause) -> Reading:
    """Read a clause that begins with a verb."""
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
    doubt = doubt_about(page, found, frame.mode) if frame.intent is Intent.FILTER else ""
    if frame.intent in LIGHT and not (frame.intent is Intent.TEST and found.values.events):
        used = next(span for span in heads if span.key in frame.verbs)
        page = Page(clause.tokens)
        page.mark(used.indexes)
        nouns = found.nouns
        found = read_light(page)._replace(nouns=nouns, values=found.values)
    reading = _reading(frame.intent, clause, found, frame.mode)
    return replace(reading, doubts=(*reading.doubts, doubt)) if doubt else reading


def _free_verb_values(page: Page, indexes: tuple[int, ...]) -> None:
    """Leave what a gap in a phrase holds ("turn … off") unread."""
    page.read &= set(indexes)


def _reading(intent: Intent, clause: Clause, found: Contents, mode: str) -> Reading:
    doubts = tuple(dict.fromkeys([*clause.doubts, *uncertainties(clause, intent)]))
    if intent is Intent.FILTER:
        doubts = (*doubts, *_about_conditions(clause, found.values))
    mode = "skip" if intent is Intent.FILTER and _all_but(clause) else mode
    topic = mode if intent is Intent.TOPIC else ""
    values, mention = found.values, found.mention
    return Reading(intent, clause, values, mention, found.nouns, found.residue, mode, topic, doubts)


def _about_conditions(clause: Clause, values: Values) -> list[str]:
    """Name the doubts about the conditions of a filter: which field is meant, and whether one of several is enough."""
    several = len(values.fields) + len(values.tests) > 1
    doubts = {
        "either": several and any(token.is_word("or") for token in clause.tokens),
        "number": any(not one.bare for one in values.about("")),
        "field": values.bare_fields,
    }
    return [doubt for doubt, holds in doubts.items() if holds]


def _all_but(clause: Clause) -> bool:
    """Tell whether what follows is left out ("send everything but …")."""
    pairs = pairwise(token.norm for token in clause.tokens)
    return any(
        first in _ALL and second in {"but", "except", "besides", "minus", "apart", "other"} for first, second in pairs
    )


def read_fragment(clause: Clause) -> Reading:
    """Read a few words without a verb: more of a filter or a setting, or a wish to see something."""
    found = read_values(page := Page(clause.tokens))
    words = {token.norm for token in clause.tokens} | ({"also"} & set(clause.lead))
    mode = next((mode for mode, marks in _MODES.items() if words & marks), "")
    setting = next((one for one in _SETTINGS if found.values.about(one)), "")
    if found.values.filtering and not (mode and words & _STATEMENT):
        return _more_of_a_filter(clause, found, page, mode)
    if setting:
        return replace(_reading(_SETTINGS[setting], clause, found, ""), doubts=("fragment",))
    if found.values.about("") and not found.residue and "delivery" not in found.nouns:
        return _reading(Intent.ADJUST, clause, found, "fragment")
    if found.values.tag_match or (words & _QUANTITIES and words & {"them", "these", "those", "tags", "tag"}):
        topic = "all" if words & {"all", "both"} else "any"
        return replace(_reading(Intent.TAG_MATCH, clause, found, "fragment"), topic=topic)
    if "also" in clause.lead and found.residue and not found.mention.explicit:
        return replace(_reading(Intent.FILTER, clause, found, "also"), doubts=("fragment",))
    return read_remark(clause)


def _more_of_a_filter(clause: Clause, found: Contents, page: Page, mode: str) -> Reading:
    reading = _reading(Intent.FILTER, clause, found, mode or "only")
    negated = any(page.free(place) and token.is_word("not", "never", "no") for place, token in enumerate(clause.tokens))
    doubt = "negation" if negated else "" if mode else "fragment"
    return replace(reading, doubts=(*reading.doubts, *((doubt,) if doubt else ())))
