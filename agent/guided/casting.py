"""Casting: which webhooks a reading is carried out on, before anything is done."""

from dataclasses import replace

from agent.guided.belonging import OF_WEBHOOKS, belongs, may_belong, wants_target
from agent.guided.memory import Memory
from agent.guided.moods import Mood
from agent.guided.namesakes import may_be_named
from agent.guided.reading import Intent, Reading
from agent.guided.script import Question, Reply
from agent.guided.scripts import settings
from agent.guided.targets import Target, here, known, needs_listing, parts_of_names, resolve, which
from agent.guided.twins import title_among
from agent.guided.wording import label

# Here a word that names no webhook may be something else: a tag, a new name, the subject of a question.
_LOOSE = {
    Intent.FILTER,
    Intent.SHOW,
    Intent.DRY_RUN,
    Intent.DIAGNOSE,
    Intent.RENAME,
    Intent.SET_DESCRIPTION,
    Intent.SET_HEADER,
    Intent.REMOVE_HEADER,
    Intent.UNDO,
    Intent.APPLY,
    Intent.ADJUST,
    Intent.TAG_MATCH,
    Intent.DELIVERIES,
    Intent.CHANGES,
    Intent.TAGS,
}
_ON_LAST_ACT = {Intent.ADJUST, Intent.TAG_MATCH}
_ON_DIAGNOSIS = {Intent.FIX, Intent.APPLY}
_LOGS = {Intent.DELIVERIES, Intent.CHANGES, Intent.RETRY, Intent.RETRY_FAILED, Intent.TAGS, Intent.KILL, Intent.ADVICE}
_MAY_MISS_A_NAME = {Intent.LIST, Intent.EVENT_TYPES, Intent.UNKNOWN}
_TOGETHER = {
    Intent.DISABLE: "Disable",
    Intent.ENABLE: "Enable",
    Intent.DELETE: "Delete",
    Intent.TEST: "Test",
    Intent.REPLAY: "Replay the failed deliveries of",
    Intent.EDIT_FORM: "Edit the auth header of",
}


def wants_list(reading: Reading, memory: Memory, *, on_one: bool) -> bool:
    """Tell whether the webhooks have to be listed before the one meant is known."""
    if reading.intent in _MAY_MISS_A_NAME and reading.clause.mood is Mood.COMMAND and may_be_named(reading):
        return not memory.listed
    if not on_one and not reading.doubts:
        return (
            reading.intent in _LOGS
            and (wants_target(reading) or may_belong(reading))
            and needs_listing(reading, memory)
        )
    if reading.intent in _ON_LAST_ACT and memory.acts:
        return False
    if reading.intent is Intent.APPLY or (reading.intent is Intent.FIX and memory.diagnosed):
        return False
    return needs_listing(without_own_words(reading), memory)


def without_own_words(reading: Reading) -> Reading:
    """Leave a new name, text or URL out of what may name the webhook."""
    mention = reading.mention
    if reading.intent is Intent.SET_URL:
        return replace(reading, mention=replace(mention, hosts=mention.hosts if reading.values.url else ()))
    if reading.intent not in {Intent.RENAME, Intent.SET_DESCRIPTION}:
        return reading
    before = settings.words_before_value(reading)
    names = tuple(name for name in mention.names if any(token.value == name for token in before))
    residue = tuple(word for word in reading.residue if any(token.text == word for token in before))
    return replace(reading, mention=replace(mention, names=names), residue=residue)


def cast(reading: Reading, memory: Memory) -> Target | Reply:
    """Find the webhooks that a reading is carried out on, or what to ask."""
    mention = reading.mention
    unnamed = not (mention.names or mention.ids)
    if reading.intent in _ON_DIAGNOSIS and memory.diagnosed and unnamed and not reading.residue:
        return Target((memory.diagnosed,))
    if reading.intent in _ON_LAST_ACT and memory.acts and unnamed:
        return Target((str(memory.acts[-1].call.arguments.get("webhook_id") or memory.focus),))
    if reading.intent in {Intent.DIAGNOSE, Intent.FIX} and not (mention.explicit or memory.focus or reading.residue):
        failing = [str(one["id"]) for one in here(memory) or known(memory) if one.get("state") == "failing"]
        if len(failing) == 1:
            return Target((failing[0],))
    found = resolve(without_own_words(reading), memory, loose=reading.intent in _LOOSE)
    if isinstance(found, Target) and len(found.ids) > 1 and reading.acts and not _spelled_out(reading, found):
        return _confirm(reading, found.ids, memory)
    return found


def cast_log(reading: Reading, memory: Memory) -> str | Reply:
    """Find the one webhook that a look at a log is about; nothing when it is about all of them."""
    mention = reading.mention
    if reading.intent in {Intent.UNDO, Intent.CREATE} or not _is_of_one(reading, memory):
        return ""
    if mention.ordinals or (mention.pronoun and not memory.focus):
        return ""
    if reading.intent is Intent.RETRY and mention.pronoun:
        return memory.focus
    found = resolve(reading, memory, loose=not (belongs(reading) or (reading.acts and reading.residue)))
    if isinstance(found, Reply):
        return found
    return found.ids[0] if len(found.ids) == 1 else ""


def _is_of_one(reading: Reading, memory: Memory) -> bool:
    mention = reading.mention
    pointed = reading.intent in OF_WEBHOOKS and mention.explicit and not mention.state and not mention.plural
    said = may_belong(reading) and (reading.acts or parts_of_names(reading, memory))
    return bool(wants_target(reading) or pointed or said)


def _spelled_out(reading: Reading, found: Target) -> bool:
    """Tell whether each of the webhooks was named one by one."""
    ids, names = len(reading.mention.ids), len(reading.mention.names)
    return len(found.ids) in {ids, names, ids + names}


def _confirm(reading: Reading, found: tuple[str, ...], memory: Memory) -> Reply:
    """Ask before one request changes several webhooks."""
    webhooks = [memory.webhooks.get(one, {"id": one}) for one in found]
    word = _TOGETHER.get(reading.intent)
    if word is None:
        lead = "I change one webhook at a time, so that each change can be undone. Which one first?"
        return which(reading, webhooks, memory, lead)
    labels = [label(one, list(memory.webhooks.values())) for one in webhooks]
    names = ", ".join(title_among(one, memory.webhooks.values()) for one in webhooks)
    together = f"{word} {' and '.join(labels)}"
    options = (together, *(f"{word} {one}" for one in labels[:2]))
    return Reply(
        f"That is {len(found)} webhooks: {names}. {word} all of them?", options, Question(options, default=together)
    )
