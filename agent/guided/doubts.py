"""Doubts: what has to be asked before anything of a message is carried out (the first law)."""

from dataclasses import replace

from agent.guided.memory import Memory
from agent.guided.reading import FILTERING, Intent, Reading
from agent.guided.restating import command
from agent.guided.script import Reply, ask
from agent.guided.scripts.talk import left_alone, not_understood
from agent.guided.targets import Target, parts_of_names, resolve
from agent.guided.wording import label

_WHY = {
    "asked": "I am not sure whether you want me to do that now.",
    "condition": "I can only do things now, not when something else happens.",
    "time": "I can only do things now, not at a later time or for a while.",
    "quoted": "That reads like something somebody said, so I have not done it.",
    "negation": "I am not sure whether you want that or not.",
    "choice": "I can do one or the other.",
    "once": "I am not sure whether you want one such event sent now, as a test, or only such events from now on.",
    "either": "All conditions of a webhook have to hold; it cannot ask for one or the other.",
    "number": "I am not sure what that number is compared with.",
    "fragment": "I am not sure what that is about.",
}
_NO_END = "Pausing has no end time here: a disabled webhook stays disabled until you enable it again."
_STARTS = ("with", "where", "when", "for", "over", "above", "under", "below", "at", "between", "whose")
_GREETING = 2  # "hi team."
_JOINERS = {"and", "but", "plus", ",", "&", "+", "then"}
_PLAIN = {Intent.SET_TIMEOUT, Intent.SET_RETRIES, Intent.RENAME, Intent.SET_URL, Intent.SET_DESCRIPTION}
_FILTER_TOOLS = {"set_trust_filter", "set_tag_filter", "set_event_filter", "set_conditions", "create_webhook"}


def before_acting(readings: tuple[Reading, ...], memory: Memory) -> Reply | None:
    """Find a reason to ask before anything is done; nothing when all is clear."""
    acting = [reading for reading in readings if reading.acts]
    if not acting:
        return None
    if any(reading.intent is Intent.CANCEL for reading in readings[readings.index(acting[-1]) :]):
        return left_alone()
    if any("choice" in reading.doubts for reading in readings):
        return _ask("choice", acting, memory)
    return _doubted(acting, memory) or _vague(acting, memory) or _unclear(readings, acting, memory)


def _doubted(acting: list[Reading], memory: Memory) -> Reply | None:
    for place, reading in enumerate(acting):
        settled = {"fragment"} if _continues(reading, acting[:place], memory) else set()
        pending = [doubt for doubt in reading.doubts if doubt not in settled]
        if pending:
            return _ask(pending[0], [reading], memory)
    return None


def _vague(acting: list[Reading], memory: Memory) -> Reply | None:
    vague = next((reading for reading in acting if _removes_something(reading, memory)), None)
    return _remove_what(vague, memory) if vague else None


def _unclear(readings: tuple[Reading, ...], acting: list[Reading], memory: Memory) -> Reply | None:
    unknown = [reading for reading in readings if reading.intent is Intent.UNKNOWN and not _harmless(reading)]
    if not unknown:
        return None
    options = [option for one in acting for option in _options(one, memory)][:3]
    if not options:
        return not_understood()
    words = unknown[0].clause.text[:80]
    text = f"I did not understand “{words}”, so I have done nothing yet. Shall I do the part I understood?"
    return ask(text, *dict.fromkeys(options))


def _continues(reading: Reading, before: list[Reading], memory: Memory) -> bool:
    """Tell whether a few words are the rest of a filter or a setup ("and …", "with …", "over …")."""
    if any(one.intent is Intent.CREATE for one in before):
        return True
    clause = reading.clause
    starts = clause.tokens[0].is_word(*_STARTS)
    joined = clause.joiner in _JOINERS or not {"and", "also", "plus"}.isdisjoint(clause.lead)
    if not (starts or joined):
        return False
    if reading.intent in _PLAIN:
        return any(one.intent in _PLAIN for one in before) or _last(memory) == "edit_webhook"
    return _last(memory) in _FILTER_TOOLS or any(one.intent is Intent.FILTER for one in before)


def _last(memory: Memory) -> str:
    """Give the name of the last tool that changed something."""
    return memory.acts[-1].call.name if memory.acts else ""


def _harmless(reading: Reading) -> bool:
    """Tell whether words that were not understood cannot change what the rest means."""
    return reading.clause.joiner == "" and len(reading.clause.tokens) <= _GREETING and not reading.values.filtering


def _ask(doubt: str, readings: list[Reading], memory: Memory) -> Reply:
    if doubt == "once":
        readings = [replace(readings[0], intent=Intent.TEST), *readings]
    if doubt == "number":
        readings = [_about(readings[0], subject) for subject in ("properties.value", "trust")]
    options = [] if doubt == "either" else [option for reading in readings for option in _options(reading, memory)]
    lead = _lead(doubt, readings[0])
    if not options:
        return Reply(
            f"{lead} Nothing was changed. Tell me plainly what to do, and on which webhook.", ("List the webhooks",)
        )
    asked = "Which one do you want?" if len(options) > 1 else "Shall I do it now?"
    return ask(f"{lead} {asked}", *dict.fromkeys(options))


def _about(reading: Reading, subject: str) -> Reading:
    """Take the numbers that are said of nothing to be about a subject."""
    told = tuple(replace(one, subject=one.subject or subject) for one in reading.values.comparisons)
    return replace(reading, values=replace(reading.values, comparisons=told))


def _lead(doubt: str, reading: Reading) -> str:
    if doubt == "field":
        return f"I take that to be about {' and '.join(reading.values.bare_fields)} in the payload."
    return _NO_END if _has_end(doubt, reading) else _WHY.get(doubt, _WHY["asked"])


def _has_end(doubt: str, reading: Reading) -> bool:
    """Tell whether a webhook is to be disabled for a while ("for 3 hours", "until tomorrow")."""
    ends = any(token.is_word("for", "until", "till", "temporarily") for token in reading.clause.tokens)
    return reading.intent is Intent.DISABLE and doubt in {"time", "condition"} and ends


def _options(reading: Reading, memory: Memory) -> list[str]:
    if reading.intent is Intent.UNDO:
        return ["Undo the last change"]
    if reading.intent is Intent.CREATE:
        return ["Set up a webhook"]
    if reading.intent is Intent.KILL:
        return [
            option
            for one in (Intent.DISABLE, Intent.DELETE)
            for option in _options(replace(reading, intent=one), memory)
        ]
    if reading.intent in {Intent.RETRY, Intent.APPLY, Intent.ADJUST, Intent.TAG_MATCH}:
        return []
    found = _target(reading, memory)
    if isinstance(found, Reply):
        return [
            option for option in found.suggestions if option.startswith(("Set up", "Only", "Skip")) or found.question
        ][:3]
    others = list(memory.webhooks.values())
    return [command(reading, label(memory.webhooks.get(one, {"id": one}), others)) for one in found.ids[:3]]


def _target(reading: Reading, memory: Memory) -> Target | Reply:
    """Find what to offer: when the words name nothing as a whole, the webhook that some of them name."""
    found = resolve(reading, memory, loose=reading.intent in FILTERING)
    named = parts_of_names(reading, memory)
    if isinstance(found, Target) or not (named or reading.mention.pronoun):
        return found
    again = resolve(replace(reading, residue=named), memory)
    return again if isinstance(again, Target) else found


_FILTER_OF = {
    "set_trust_filter": Intent.CLEAR_TRUST,
    "set_tag_filter": Intent.CLEAR_TAGS,
    "set_conditions": Intent.CLEAR_CONDITIONS,
    "set_event_filter": Intent.ALL_EVENTS,
}


def _removes_something(reading: Reading, memory: Memory) -> bool:
    """Tell whether "remove it" may mean the filter that was just set, or the webhook."""
    if reading.intent is Intent.DELETE and len(reading.clause.tokens) == 1:
        return True
    bare = not (reading.mention.ids or reading.mention.names or reading.residue or reading.mention.noun)
    return reading.intent is Intent.DELETE and bare and bool(memory.acts) and memory.acts[-1].call.name in _FILTER_OF


def _remove_what(reading: Reading, memory: Memory) -> Reply:
    last = memory.acts[-1].call.name if memory.acts else ""
    if last not in _FILTER_OF:
        return ask("What shall I delete?", *_options(reading, memory))
    kinds = (replace(reading, intent=_FILTER_OF[last]), reading)
    return ask(
        "Do you mean the filter that I just set, or the whole webhook?",
        *(option for one in kinds for option in _options(one, memory)),
    )
