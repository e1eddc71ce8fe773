"""Clearing: filters taken off."""

from typing import Any

from agent.guided.reading import Intent
from agent.guided.replies import changed, join
from agent.guided.script import Reply, Script
from agent.guided.scripts.stage import Stage
from rules.events import default_events

_CLEARING: dict[Intent, tuple[str, dict[str, Any]]] = {
    Intent.CLEAR_TRUST: ("set_trust_filter", {}),
    Intent.CLEAR_TAGS: ("set_tag_filter", {}),
    Intent.CLEAR_CONDITIONS: ("set_conditions", {"conditions": []}),
    Intent.ALL_EVENTS: ("set_event_filter", {"mode": "include"}),
}


def clear(stage: Stage) -> Script:
    """Take filters off: one kind of them, or all that there are."""
    intent = stage.reading.intent
    if intent not in {Intent.CLEAR_FILTERS, Intent.ALL_EVENTS}:
        return (yield from _clear(stage, intent, {}))
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    if intent is Intent.ALL_EVENTS:
        return (yield from _clear(stage, intent, dict(current)))
    replies: list[Reply] = []
    for one in _present(dict(current)):
        reply = yield from _clear(stage, one, dict(current))
        replies += [reply]
    return join(replies) if replies else Reply("It has no filters, so there is nothing to remove.", focus=stage.target)


def _clear(stage: Stage, intent: Intent, current: dict[str, Any]) -> Script:
    name, arguments = _CLEARING[intent]
    extra = {"events": _usual_events(current)} if intent is Intent.ALL_EVENTS else {}
    result = yield from stage.call(name, webhook_id=stage.target, **arguments, **extra)
    return changed(result)


def _present(webhook: dict[str, Any]) -> list[Intent]:
    """Give the kinds of filters that a webhook has."""
    events = webhook.get("event_filter") or {}
    narrow = events.get("mode") == "exclude" or set(events.get("events") or []) != set(_usual_events(webhook))
    found = ((Intent.CLEAR_TRUST, webhook.get("trust_score")), (Intent.CLEAR_TAGS, webhook.get("tag_filter")))
    more = ((Intent.CLEAR_CONDITIONS, webhook.get("conditions")), (Intent.ALL_EVENTS, narrow))
    return [intent for intent, there in (*found, *more) if there]


def _usual_events(webhook: dict[str, Any]) -> list[str]:
    """Give the event list that stands for everything: the three endings of a conversation on a perspective (A01)."""
    return list(default_events("interviewer")) if webhook.get("profile") == "perspective" else []
