"""Doubts: what has to be asked before anything of a message is carried out (the first law)."""

from dataclasses import replace

from agent.guided.memory import Memory
from agent.guided.reading import FILTERING, Intent, Reading, Values
from agent.guided.script import Reply, ask
from agent.guided.scripts.talk import left_alone, not_understood
from agent.guided.targets import command, resolve
from agent.guided.wording import label

_WHY = {
    "asked": "I am not sure whether you want me to do that now.",
    "condition": "I can only do things now, not when something else happens.",
    "time": "I can only do things now, not at a later time or for a while.",
    "quoted": "That reads like something somebody said, so I have not done it.",
    "negation": "I am not sure whether you want that or not.",
    "choice": "I can do one or the other.",
    "fragment": "I am not sure what that is about.",
}
_FILTER_TOOLS = {"set_trust_filter", "set_tag_filter", "set_event_filter", "set_conditions", "create_webhook"}


def before_acting(readings: tuple[Reading, ...], memory: Memory) -> Reply | None:
    """Find a reason to ask before anything is done; nothing when all is clear."""
    acting = [reading for reading in readings if reading.acts]
    if not acting:
        return None
    if any(reading.intent is Intent.CANCEL for reading in readings[readings.index(acting[-1]) :]):
        return left_alone()
    choices = [reading for reading in readings if "choice" in reading.doubts]
    if choices:
        return _ask("choice", acting, memory)
    for place, reading in enumerate(acting):
        after_filter = _continues(reading) and (
            _goes_on(memory) or any(one.intent is Intent.FILTER for one in acting[:place])
        )
        after_filter = after_filter or any(one.intent is Intent.CREATE for one in acting[:place])
        pending = [doubt for doubt in reading.doubts if not (doubt == "fragment" and after_filter)]
        if pending:
            return _ask(pending[0], [reading], memory)
    vague = next((reading for reading in acting if _removes_something(reading, memory)), None)
    if vague:
        return _remove_what(vague, memory)
    unclear = [reading for reading in readings if reading.intent is Intent.UNKNOWN and not _harmless(reading)]
    if unclear:
        return _unclear(unclear[0], acting, memory)
    return None


def _continues(reading: Reading) -> bool:
    """Tell whether a few words begin like the rest of something ("and …", "with …", "over …")."""
    clause = reading.clause
    starts = clause.tokens[0].is_word(
        "with", "where", "when", "for", "over", "above", "under", "below", "at", "between", "whose"
    )
    return (
        starts
        or clause.joiner in {"and", "but", "plus", ",", "&", "+", "then"}
        or bool({"and", "also", "plus"} & set(clause.lead))
    )


def _goes_on(memory: Memory) -> bool:
    """Tell whether a few words may be the rest of a filter that was just set."""
    return bool(memory.acts and memory.acts[-1].call.name in _FILTER_TOOLS)


def _harmless(reading: Reading) -> bool:
    """Tell whether words that were not understood cannot change what the rest means."""
    return reading.clause.joiner == "" and len(reading.clause.tokens) <= 2 and not reading.values.filtering


def _ask(doubt: str, readings: list[Reading], memory: Memory) -> Reply:
    options = [option for reading in readings for option in _options(reading, memory)]
    lead = _WHY.get(doubt, _WHY["asked"])
    if not options:
        return Reply(
            f"{lead} Nothing was changed. Tell me plainly what to do, and on which webhook.", ("List the webhooks",)
        )
    asked = "Which one do you want?" if len(options) > 1 else "Shall I do it now?"
    return ask(f"{lead} {asked}", *dict.fromkeys(options))


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
    found = resolve(reading, memory, loose=reading.intent in FILTERING)
    if isinstance(found, Reply):
        return [
            option for option in found.suggestions if option.startswith(("Set up", "Only", "Skip")) or found.question
        ][:3]
    others = list(memory.webhooks.values())
    return [command(reading, label(memory.webhooks.get(one, {"id": one}), others)) for one in found.ids[:3]]


def _unclear(reading: Reading, acting: list[Reading], memory: Memory) -> Reply:
    options = [option for one in acting for option in _options(one, memory)][:3]
    words = reading.clause.text[:80]
    if not options:
        return not_understood()
    return ask(
        f"I did not understand “{words}”, so I have done nothing yet. Shall I do the part I understood?",
        *dict.fromkeys(options),
    )


def merged(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Put filters that follow "set up a webhook" into its form."""
    first = next((place for place, reading in enumerate(readings) if reading.intent is Intent.CREATE), None)
    if first is None:
        return readings
    kept, create = [], readings[first]
    for place, reading in enumerate(readings):
        mine = (
            place > first
            and reading.intent in {Intent.FILTER, Intent.RENAME, Intent.SET_URL, Intent.EDIT_FORM}
            and reading.mode in {"", "only", "also"}
            and not reading.mention.ids
        )
        if mine and reading.intent is Intent.FILTER and not reading.residue and reading.values.filtering:
            create = replace(create, values=_together(create.values, reading.values))
        elif mine and reading.intent is Intent.EDIT_FORM:
            create = replace(
                create, values=replace(create.values, secret=create.values.secret or reading.values.secret)
            )
        elif mine and reading.intent is Intent.SET_URL and reading.values.url:
            create = replace(create, values=replace(create.values, url=create.values.url or reading.values.url))
        elif mine and reading.intent is Intent.RENAME and reading.values.quoted:
            create = replace(
                create, values=replace(create.values, quoted=create.values.quoted or reading.values.quoted)
            )
        elif place != first:
            kept.append(reading)
        else:
            kept.append(reading)
    return tuple(create if reading is readings[first] else reading for reading in kept)


def _together(one: Values, other: Values) -> Values:
    return replace(
        one,
        events=(*one.events, *other.events),
        tags=(*one.tags, *other.tags),
        tag_match=one.tag_match or other.tag_match,
        comparisons=(*one.comparisons, *other.comparisons),
        tests=(*one.tests, *other.tests),
        url=one.url or other.url,
    )


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
