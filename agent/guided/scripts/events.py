"""Event filters: which event types are sent (B02)."""

from collections.abc import Sequence
from typing import Any

from agent.guided.reading import Values
from agent.guided.replies import changed
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.stage import Stage
from agent.guided.slots.mentions import EventMention

_LOOSE = {"funnel": {"interview.completed": "funnel_completed"}}
_COMPLETED = ("interview.completed", "call.completed", "campaign.completed")


def change_events(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    """Set, extend or shrink the event filter."""
    names = events_of(values.events, current)
    wanted = _merged(stage.reading.mode, names, current.get("event_filter") or {"mode": "include", "events": []})
    if isinstance(wanted, str):
        return Reply(wanted)
    result = yield from stage.call("set_event_filter", webhook_id=stage.target, **wanted)
    return changed(result)


def unclear_events(stage: Stage, values: Values, current: dict[str, Any]) -> Reply | None:
    """Ask when "completed" may be any of several events."""
    elsewhere = current.get("profile") == "standard" and not current.get("perspective_id")
    if elsewhere and any(event.loose and event.name == _COMPLETED[0] for event in values.events):
        return ask("Which event do you mean by that?", *(f"Only send {one} to {stage.label}" for one in _COMPLETED))
    return None


def events_of(events: Sequence[EventMention], webhook: dict[str, Any]) -> list[str]:
    """Give the event types meant, by the webhook's profile where an everyday word was used."""
    own = _LOOSE.get(str(webhook.get("profile") or ""), {})
    return list(dict.fromkeys(own.get(event.name, event.name) if event.loose else event.name for event in events))


def _merged(mode: str, names: list[str], current: dict[str, Any]) -> dict[str, Any] | str:
    """Work out the new filter; a sentence when it would leave nothing."""
    has = [str(one) for one in current.get("events") or []]
    excluding = current.get("mode") == "exclude"
    if mode == "only":
        return {"mode": "include", "events": names}
    if excluding:
        left = [one for one in has if one not in names] if mode == "also" else list(dict.fromkeys([*has, *names]))
        return {"mode": "exclude", "events": left} if left else {"mode": "include", "events": []}
    if mode == "also":
        return {"mode": "include", "events": list(dict.fromkeys([*has, *names])) if has else []}
    return _without(names, has)


def _without(names: list[str], has: list[str]) -> dict[str, Any] | str:
    if not has:
        return {"mode": "exclude", "events": names}
    kept = [one for one in has if one not in names]
    if kept:
        return {"mode": "include", "events": kept}
    return (
        f"It only sends {', '.join(has)}: without that nothing would be left, so I changed nothing. "
        "You can disable the webhook instead."
    )
