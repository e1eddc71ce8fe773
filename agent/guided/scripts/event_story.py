"""The story of one event or delivery: what became of it, and why. Nothing here changes anything."""

import re
from collections.abc import Generator
from typing import Any

from agent.guided.listings import deliveries
from agent.guided.memory import Memory, rows
from agent.guided.moods import Mood
from agent.guided.naming import matches
from agent.guided.reading import Intent, Reading
from agent.guided.replies import join, refusal
from agent.guided.script import Call, Reply, Result
from agent.guided.scripts.deliveries import MANY, learn_names, show_deliveries
from agent.guided.scripts.repair import explain
from agent.guided.scripts.stage import Stage
from agent.guided.twins import title_among
from agent.guided.wording import label

_LOOKS = {
    *(Intent.DIAGNOSE, Intent.SHOW, Intent.DELIVERIES, Intent.STATUS, Intent.EVENT_TYPES),
    *(Intent.ADVICE, Intent.UNKNOWN),
}
_MOODS = {Mood.QUESTION, Mood.HYPOTHETICAL, Mood.COMMAND}
_OWN_ID = re.compile(r"(?=.*\d)(?=.*[a-z])\w+(?:[-:#/. ]\w+)+", re.IGNORECASE)
_STATUSES: tuple[dict[str, str], ...] = ({}, {"status": "failed"}, {"status": "retrying"})
_FAILED = ("failed", "retrying")

Told = Generator[Call, Result, Reply | None]


def story(reading: Reading, memory: Memory) -> Told:
    """Tell what became of the event or delivery that is asked about; nothing when it is about something else."""
    if reading.intent not in _LOOKS or reading.clause.mood not in _MOODS:
        return None
    stage = Stage(memory, reading)
    if reading.values.delivery_id:
        return (yield from show_deliveries(stage))
    event_id = reading.values.event_id or (yield from _own_id(stage))
    return (yield from _told(stage, event_id)) if event_id else None


def _own_id(stage: Stage) -> Generator[Call, Result, str]:
    """Find an id that a sender gave ("order-1001"): a word with a digit and a hyphen that is no webhook's name."""
    said = (*stage.reading.residue, *stage.reading.mention.names)
    found = [word for word in said if _OWN_ID.fullmatch(word)]
    if len(found) != 1:
        return ""
    if not stage.memory.listed:
        yield from stage.call("list_webhooks")
    return "" if matches(found[0], list(stage.memory.webhooks.values())) else found[0]


def _told(stage: Stage, event_id: str) -> Told:
    found = yield from _deliveries_of(stage, event_id)
    if isinstance(found, Reply):
        return found
    if not found:
        return _unknown(event_id)
    stage.memory.deliveries = found
    yield from learn_names(stage)
    failed = [one for one in found if one.get("status") in _FAILED]
    listed = _listed(stage, event_id, found, failed)
    blamed = {str(one["webhook_id"]) for one in failed}
    if stage.reading.intent is not Intent.DIAGNOSE or len(blamed) != 1:
        return listed
    return join([listed, (yield from explain(Stage(stage.memory, stage.reading, blamed.pop())))])


def _unknown(event_id: str) -> Reply:
    text = f"Among the latest deliveries there is none of the event {event_id}."
    more = "No webhook may have selected it, or it is longer ago: the console's log looks further back."
    return Reply(f"{text} {more}", ("Show the deliveries", "Show the failed deliveries"))


def _listed(stage: Stage, event_id: str, found: list[dict[str, Any]], failed: list[dict[str, Any]]) -> Reply:
    known = stage.memory.webhooks
    names = {key: title_among(one, known.values()) for key, one in known.items()}
    text = deliveries({"deliveries": found}, f"deliveries of the event {event_id}", names)
    return Reply(text, _offers(stage, failed))


def _deliveries_of(stage: Stage, event_id: str) -> Generator[Call, Result, list[dict[str, Any]] | Reply]:
    """Look for an event's deliveries among the latest, then among the latest that failed."""
    for status in _STATUSES:
        result = yield from stage.call("list_deliveries", **status, limit=MANY)
        if refused := refusal(result):
            return refused
        listed = rows(result, "deliveries", "items")
        if found := [one for one in listed if str(one.get("event_id")).casefold() == event_id.casefold()]:
            return found
    return []


def _offers(stage: Stage, failed: list[dict[str, Any]]) -> tuple[str, ...]:
    if not failed:
        return ()
    webhooks = stage.memory.webhooks
    webhook = webhooks.get(str(failed[0]["webhook_id"]), {"id": failed[0]["webhook_id"]})
    return (f"Retry {failed[0]['id']}", f"Diagnose {label(webhook, list(webhooks.values()))}")
