"""The dialogue: one turn as a script, from the message to the reply."""

from collections.abc import Callable
from dataclasses import replace

from agent.guided import doubts
from agent.guided.answers import as_command
from agent.guided.clauses import Mood
from agent.guided.memory import Memory
from agent.guided.reading import FILTERING, Intent, Reading
from agent.guided.recogniser import recognise
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts import filters, lifecycle, looking, past, repair, settings, talk, trial
from agent.guided.scripts.adjust import adjust, tag_match
from agent.guided.scripts.stage import Stage
from agent.guided.targets import known, needs_listing, resolve, which
from agent.guided.wording import label, title

_ALONE: dict[Intent, Callable[[Stage], Script]] = {
    Intent.CREATE: lifecycle.create, Intent.LIST: looking.list_webhooks, Intent.STATUS: looking.status, Intent.TAGS: looking.show_catalogue,
    Intent.EVENT_TYPES: looking.show_catalogue, Intent.PERSPECTIVES: looking.show_catalogue, Intent.DELIVERIES: looking.show_deliveries,
    Intent.CHANGES: looking.show_changes, Intent.UNDO: past.undo, Intent.RETRY: past.retry,
}  # fmt: skip
_ON_ONE: dict[Intent, Callable[[Stage], Script]] = {
    Intent.EDIT_FORM: settings.form, Intent.RENAME: settings.rename, Intent.SET_URL: settings.set_url, Intent.SET_TIMEOUT: settings.set_timeout,
    Intent.SET_RETRIES: settings.set_retries, Intent.SET_DESCRIPTION: settings.set_description, Intent.SET_HEADER: settings.set_header,
    Intent.REMOVE_HEADER: settings.remove_header, Intent.ENABLE: lifecycle.switch, Intent.DISABLE: lifecycle.switch, Intent.DELETE: lifecycle.delete,
    Intent.FILTER: filters.set_filters, Intent.ADJUST: adjust, Intent.TAG_MATCH: tag_match, Intent.ALL_EVENTS: filters.clear,
    Intent.CLEAR_TRUST: filters.clear, Intent.CLEAR_TAGS: filters.clear, Intent.CLEAR_CONDITIONS: filters.clear, Intent.CLEAR_FILTERS: filters.clear,
    Intent.TEST: lifecycle.test, Intent.DRY_RUN: trial.try_filters, Intent.DIAGNOSE: repair.explain, Intent.FIX: repair.explain, Intent.APPLY: repair.apply,
    Intent.REPLAY: past.replay, Intent.SHOW: looking.show,
}  # fmt: skip
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
_PRESSED = "Fix it: what is wrong with"
_AT_ONCE = {Intent.DISABLE, Intent.ENABLE, Intent.DELETE, Intent.REPLAY, Intent.EDIT_FORM}


def converse(text: str, memory: Memory) -> Script:
    """Carry out a message: read it, look up what it points at, act on what is sure, ask about the rest."""
    if memory.diagnosed and not memory.acts and text.startswith(_PRESSED):
        # The page wrote this message, and the webhook's name in it is not a command.
        return repair.explained(Stage(memory, recognise("fix it")[0], memory.diagnosed), memory.diagnosis)
    meant = as_command(text, memory)
    if isinstance(meant, Reply):
        return meant
    readings = recognise(meant, memory.names)
    if any(_needs_list(reading, memory) for reading in readings):
        stage = Stage(memory, readings[0])
        result = yield from stage.call("list_webhooks")
        if result.get("ok") is False:
            return Reply(str(result.get("error") or "The webhooks could not be read."))
        readings = recognise(meant, memory.names)
    doubt = doubts.before_acting(readings, memory)
    if doubt:
        return doubt
    return (yield from _carry_out(doubts.merged(readings), memory))


def _needs_list(reading: Reading, memory: Memory) -> bool:
    if reading.intent in _ON_ONE or reading.doubts:
        if reading.intent in {Intent.ADJUST, Intent.TAG_MATCH} and memory.acts:
            return False
        if reading.intent is Intent.APPLY or (reading.intent is Intent.FIX and memory.diagnosed):
            return False
        return needs_listing(_without_own_words(reading), memory)
    if reading.intent in {Intent.DELIVERIES, Intent.CHANGES, Intent.RETRY, Intent.TAGS, Intent.KILL, Intent.ADVICE}:
        return looking.wants_target(reading) and needs_listing(reading, memory)
    return False


def _without_own_words(reading: Reading) -> Reading:
    """Leave the new name or text out of what may name the webhook."""
    if reading.intent not in {Intent.RENAME, Intent.SET_DESCRIPTION, Intent.SET_URL}:
        return reading
    mention = reading.mention
    if reading.intent is Intent.SET_URL:
        hosts = () if not reading.values.url else mention.hosts
        return replace(reading, mention=replace(mention, hosts=hosts), residue=reading.residue)
    cut = settings.words_before_value(reading)
    names = tuple(name for name in mention.names if any(token.value == name for token in cut))
    residue = tuple(word for word in reading.residue if any(token.text == word for token in cut))
    return replace(reading, mention=replace(mention, names=names), residue=residue)


def _carry_out(readings: tuple[Reading, ...], memory: Memory) -> Script:
    replies: list[Reply] = []
    for place, reading in enumerate(readings):
        reply = yield from perform(reading, memory)
        replies.append(reply)
        if reply.focus and reply.focus != "-":
            memory.focus = reply.focus
        if reply.question and any(rest.acts for rest in readings[place + 1 :]):
            rest = "; ".join(one.clause.text for one in readings[place + 1 :] if one.acts)
            replies.append(Reply(f"I have left the rest for after that: {rest}.", reply.suggestions, reply.question))
            break
    return _joined(replies)


def _joined(replies: list[Reply]) -> Reply:
    said = [reply for reply in replies if reply.text]
    if len(said) > 1:
        said = [reply for reply in said if not reply.text.startswith("You're welcome")] or said[:1]
    if not said:
        return talk.not_understood()
    joined = filters.join(said)
    return replace(joined, question=next((reply.question for reply in said[::-1] if reply.question), None))


def perform(reading: Reading, memory: Memory) -> Script:
    """Carry out one reading."""
    stage = Stage(memory, reading)
    intent = reading.intent
    if intent in _ALONE:
        if looking.wants_target(reading) or (
            intent in {Intent.RETRY, Intent.DELIVERIES, Intent.CHANGES}
            and reading.mention.explicit
            and not reading.mention.state
            and not reading.mention.plural
        ):
            found = _looked_for(reading, memory)
            if isinstance(found, Reply):
                return found
            stage.target = found
        return (yield from _ALONE[intent](stage))
    if intent in _ON_ONE or intent is Intent.KILL:
        return (yield from _on_targets(stage))
    return talk.reply(reading, memory)


def _looked_for(reading: Reading, memory: Memory) -> str | Reply:
    if (
        reading.intent is Intent.UNDO
        or (reading.mention.pronoun and not memory.focus)
        or reading.mention.ordinals
        or reading.intent is Intent.CREATE
    ):
        return ""
    if reading.intent is Intent.RETRY and reading.mention.pronoun:
        return memory.focus
    found = resolve(reading, memory, loose=True)
    if isinstance(found, Reply):
        return found
    return found.ids[0] if len(found.ids) == 1 else ""


def _on_targets(stage: Stage) -> Script:
    reading, memory = stage.reading, stage.memory
    if (
        reading.intent in {Intent.FIX, Intent.APPLY}
        and memory.diagnosed
        and not (reading.mention.names or reading.mention.ids or reading.residue)
    ):
        found: tuple[str, ...] = (memory.diagnosed,)
        leftover: tuple[str, ...] = ()
    elif (
        reading.intent in {Intent.ADJUST, Intent.TAG_MATCH}
        and not reading.mention.ids
        and memory.acts
        and not reading.mention.names
    ):
        found, leftover = (str(memory.acts[-1].call.arguments.get("webhook_id") or memory.focus),), ()
    elif (
        reading.intent in {Intent.DIAGNOSE, Intent.FIX}
        and not reading.mention.explicit
        and not memory.focus
        and not reading.residue
    ):
        failing = _failing(memory)
        if len(failing) == 1:
            found, leftover = (failing[0],), ()
        else:
            target = _resolve(reading, memory)
            if isinstance(target, Reply):
                return target
            found, leftover = target
    else:
        target = _resolve(reading, memory)
        if isinstance(target, Reply):
            return target
        found, leftover = target
    if (
        len(found) > 1
        and reading.acts
        and len(reading.mention.ids) != len(found)
        and len(reading.mention.names) != len(found)
    ):
        return _confirm_many(reading, found, memory)
    replies: list[Reply] = []
    for one in found:
        each = Stage(memory, reading, one, leftover)
        if reading.intent is Intent.KILL:
            return lifecycle.kill(each)
        replies.append((yield from _ON_ONE[reading.intent](each)))
    return filters.join(replies)


def _failing(memory: Memory) -> list[str]:
    return [str(one["id"]) for one in known(memory) if one.get("state") == "failing"]


def _resolve(reading: Reading, memory: Memory) -> tuple[tuple[str, ...], tuple[str, ...]] | Reply:
    found = resolve(_without_own_words(reading), memory, loose=reading.intent in _LOOSE)
    return found if isinstance(found, Reply) else (found.ids, found.leftover)


def _confirm_many(reading: Reading, found: tuple[str, ...], memory: Memory) -> Reply:
    """Ask before one request changes several webhooks."""
    webhooks = [memory.webhooks.get(one, {"id": one}) for one in found]
    others = list(memory.webhooks.values())
    verb = reading.clause.tokens[0].text or reading.intent.value
    names = ", ".join(title(one) for one in webhooks)
    if reading.intent in _AT_ONCE | {Intent.TEST}:
        word = {Intent.EDIT_FORM: "Edit the auth header of", Intent.REPLAY: "Replay the failed deliveries of"}.get(
            reading.intent, reading.intent.value.capitalize()
        )
        together = " and ".join(label(one, others) for one in webhooks)
        return ask(
            f"That is {len(found)} webhooks: {names}. Shall I {verb.lower() if reading.intent not in {Intent.REPLAY} else 'replay'} all of them?",
            f"{word} {together}",
            *(f"{word} {label(one, others)}" for one in webhooks[:2]),
        )
    return which(
        reading,
        webhooks,
        memory,
        "I change one webhook at a time, so that each change can be undone. Which one first?",
    )


__all__ = ["FILTERING", "Mood", "converse"]
