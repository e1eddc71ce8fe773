"""The dialogue: one turn as a script, from the message to the reply."""

from collections.abc import Callable, Generator
from dataclasses import replace

from agent.guided import doubts
from agent.guided.answers import as_command
from agent.guided.casting import cast, cast_log, wants_list
from agent.guided.integrations import Wish, mentions_call, points_at_call, read
from agent.guided.memory import Memory
from agent.guided.merging import merged
from agent.guided.reading import Intent, Reading
from agent.guided.recogniser import recognise
from agent.guided.replies import join
from agent.guided.script import Call, Reply, Result, Script
from agent.guided.scripts import (
    adjust,
    clearing,
    deliveries,
    event_story,
    filters,
    importing,
    integrations,
    lifecycle,
    looking,
    past,
    repair,
    resending,
    settings,
    status,
    talk,
    trial,
    trying,
    undoing,
)
from agent.guided.scripts.stage import Stage
from agent.guided.slots.mentions import Mention

_ALONE: dict[Intent, Callable[[Stage], Script]] = {
    Intent.CREATE: lifecycle.create,
    Intent.LIST: looking.list_webhooks,
    Intent.STATUS: status.status,
    Intent.TAGS: looking.show_catalogue,
    Intent.EVENT_TYPES: looking.show_catalogue,
    Intent.PERSPECTIVES: looking.show_catalogue,
    Intent.DELIVERIES: deliveries.show_deliveries,
    Intent.CHANGES: looking.show_changes,
    Intent.UNDO: undoing.undo,
    Intent.RETRY: past.retry,
    Intent.RETRY_FAILED: resending.resend_failed,
}
_ON_ONE: dict[Intent, Callable[[Stage], Script]] = {
    Intent.EDIT_FORM: settings.form,
    Intent.RENAME: settings.rename,
    Intent.SET_URL: settings.set_url,
    Intent.SET_TIMEOUT: settings.set_timeout,
    Intent.SET_RETRIES: settings.set_retries,
    Intent.SET_DESCRIPTION: settings.set_description,
    Intent.SET_HEADER: settings.set_header,
    Intent.REMOVE_HEADER: settings.remove_header,
    Intent.ENABLE: lifecycle.switch,
    Intent.DISABLE: lifecycle.switch,
    Intent.DELETE: lifecycle.delete,
    Intent.KILL: lifecycle.kill,
    Intent.FILTER: filters.set_filters,
    Intent.ADJUST: adjust.adjust,
    Intent.TAG_MATCH: adjust.tag_match,
    Intent.ALL_EVENTS: clearing.clear,
    Intent.CLEAR_TRUST: clearing.clear,
    Intent.CLEAR_TAGS: clearing.clear,
    Intent.CLEAR_CONDITIONS: clearing.clear,
    Intent.CLEAR_FILTERS: clearing.clear,
    Intent.TEST: lifecycle.test,
    Intent.DRY_RUN: trial.try_filters,
    Intent.DIAGNOSE: repair.explain,
    Intent.FIX: repair.explain,
    Intent.APPLY: repair.apply,
    Intent.REPLAY: past.replay,
    Intent.SHOW: looking.show,
}
_LOGS = {Intent.DIAGNOSE: "why", Intent.FIX: "why", Intent.DELIVERIES: "calls", Intent.RETRY: "test"}
_MAX_CHARACTERS = 1200
_MAX_STEPS = 8
_TOO_MUCH = "That is too much for me at once, so I have done nothing. Please say it in a sentence or two, step by step."
_PRESSED = "Fix it: what is wrong with"


def converse(text: str, memory: Memory) -> Script:
    """Carry out a message: read it, look up what it points at, act on what is sure, ask about the rest."""
    if text.startswith(_PRESSED):
        return (yield from _pressed(text, memory))
    wish = importing.answered(text, memory) or trying.answered(text, memory) or read(text, memory)
    if wish:
        return wish if isinstance(wish, Reply) else (yield from integrations.carry_out(wish, memory))
    if len(text) > _MAX_CHARACTERS:
        return Reply(_TOO_MUCH, ("Help",))
    meant = as_command(text, memory)
    if isinstance(meant, Reply):
        return meant
    wish = read(meant, memory) if meant != text else None
    return (yield from integrations.carry_out(wish, memory) if wish else _said(meant, memory))


def _said(text: str, memory: Memory) -> Script:
    """Carry out a message about webhooks; one that speaks of an API call and is not plain is asked about."""
    if wish := _about_last_call(text, memory):
        return (yield from integrations.carry_out(wish, memory))
    readings = yield from _understood(text, memory)
    acting = any(reading.acts and reading.intent is not Intent.UNDO for reading in readings)
    if acting and (mentions_call(text, memory) or (points_at_call(text, memory) and not _names_webhook(readings))):
        return integrations.not_understood(text, memory)
    if sum(reading.acts for reading in readings) > _MAX_STEPS:
        return Reply(_TOO_MUCH, ("Help",))
    doubt = doubts.before_acting(readings, memory)
    return doubt or (yield from _carry_out(merged(readings), memory))


def _about_last_call(text: str, memory: Memory) -> Wish | None:
    """Read a question that names nothing, right after an API call, as one about that call."""
    readings = recognise(text, memory.names) if memory.trigger else ()
    if len(readings) != 1 or _names_webhook(readings) or readings[0].mention.state:
        return None
    kind = _LOGS.get(readings[0].intent)
    return Wish(kind, name="" if kind == "why" else "it") if kind and "delivery" not in readings[0].nouns else None


def _names_webhook(readings: tuple[Reading, ...]) -> bool:
    return any(one.mention.ids or one.mention.names or one.mention.hosts or one.mention.noun for one in readings)


def _understood(text: str, memory: Memory) -> Generator[Call, Result, tuple[Reading, ...]]:
    """Read a message; when it points at webhooks not known yet, list them and read it again with their names."""
    readings = recognise(text, memory.names)
    if sum(reading.acts for reading in readings) > _MAX_STEPS:
        return readings
    if any(wants_list(reading, memory, on_one=reading.intent in _ON_ONE) for reading in readings):
        yield from Stage(memory, readings[0]).call("list_webhooks")
        return recognise(text, memory.names)
    return readings


def _pressed(text: str, memory: Memory) -> Script:
    """Answer the button "Fix it". The page wrote this message: the webhook's name in it is a name, whatever it says."""
    reading = recognise("fix it")[0]
    if memory.diagnosed and not memory.acts:
        return repair.explained(Stage(memory, reading, memory.diagnosed), memory.diagnosis)
    yield from Stage(memory, reading).call("list_webhooks")
    name = text.removeprefix(_PRESSED).strip(' ?“”"')
    return (yield from _perform(replace(reading, mention=Mention(names=(name,))), memory))


def _carry_out(readings: tuple[Reading, ...], memory: Memory) -> Script:
    replies: list[Reply] = []
    for place, reading in enumerate(readings):
        reply = yield from _perform(reading, memory)
        replies.append(reply)
        if reply.focus and reply.focus != "-":
            memory.focus = reply.focus
        left = [rest.clause.text for rest in readings[place + 1 :] if rest.acts]
        if reply.question and left:
            text = f"I have left the rest for after that: {'; '.join(left)}."
            replies.append(Reply(text, reply.suggestions, reply.question))
            break
    return _joined(replies)


def _joined(replies: list[Reply]) -> Reply:
    said = [reply for reply in replies if reply.text]
    if not said:
        return talk.not_understood()
    question = next((reply.question for reply in said[::-1] if reply.question), None)
    return replace(join(said), question=question)


def _perform(reading: Reading, memory: Memory) -> Script:
    """Carry out one reading."""
    if told := (yield from event_story.story(reading, memory)):
        return told
    if reading.intent in _ALONE:
        one = cast_log(reading, memory)
        if isinstance(one, Reply):
            return one
        return (yield from _ALONE[reading.intent](Stage(memory, reading, one)))
    if reading.intent not in _ON_ONE:
        return talk.reply(reading, memory)
    found = cast(reading, memory)
    if isinstance(found, Reply):
        return found
    replies: list[Reply] = []
    for one in found.ids:
        replies.append((yield from _ON_ONE[reading.intent](Stage(memory, reading, one, found.leftover))))  # noqa: PERF401 - a comprehension cannot yield
    return join(replies)
