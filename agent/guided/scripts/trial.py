"""Trial: a sample event run through the filters, with nothing sent (B10)."""

from typing import Any

from agent.guided.replies import dry_run
from agent.guided.script import Script
from agent.guided.scripts.stage import Stage
from agent.guided.slots.comparisons import Comparison
from agent.guided.wording import whole
from rules.events import sample_event

_USUAL = {"perspective": "interview.completed", "perspection": "purchase", "funnel": "new_lead"}


def try_filters(stage: Stage) -> Script:
    """Run a sample event of the kind that was described through the filters."""
    values = stage.reading.values
    event = values.events[0].name if values.events else ""
    described = bool(values.tags or values.tests or values.comparisons)
    if described and not event:
        current = yield from stage.fresh()
        event = _usual(dict(current))
    arguments: dict[str, Any] = {"event_type": event} if event else {}
    if described:
        arguments["event"] = _described(stage, event)
    result = yield from stage.call("dry_run_filters", webhook_id=stage.target, **arguments)
    return dry_run(result, event, stage.webhook)


def _usual(webhook: dict[str, Any]) -> str:
    listed = (webhook.get("event_filter") or {}).get("events") or []
    including = (webhook.get("event_filter") or {}).get("mode") != "exclude"
    return str(listed[0]) if listed and including else _USUAL.get(str(webhook.get("profile")), "interview.completed")


def _described(stage: Stage, event: str) -> dict[str, Any]:
    values = stage.reading.values
    try:
        payload = dict(sample_event(event))
    except (KeyError, ValueError):
        payload = {}
    if values.tags:
        payload["tags"] = list(values.tags)
    for one in values.comparisons:
        _put(payload, "trust_score" if one.subject in {"trust", ""} else one.subject, whole(_example(one)))
    for test in values.tests:
        _put(payload, test.field, test.value if test.value is not None else "sample")
    return payload


def _example(one: Comparison) -> float:
    """Give a number that the comparison holds for."""
    step = {"gt": 1, "lt": -1}.get(one.operator, 0)
    return one.value + step


def _put(payload: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        inner = payload.get(name)
        payload[name] = dict(inner) if isinstance(inner, dict) else {}
        payload = payload[name]
    payload[last] = value
