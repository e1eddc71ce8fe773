"""Adjusting: "make that 80", "and below 95 too", "all of them": the last filter or setting, with another value."""

from dataclasses import replace
from typing import Any

from agent.guided.memory import Act
from agent.guided.replies import changed
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.filters import set_filters
from agent.guided.scripts.settings import set_retries, set_timeout
from agent.guided.scripts.stage import Stage
from agent.guided.scripts.tags import set_match
from agent.guided.slots.comparisons import TIMES, Comparison
from agent.guided.wording import comparison_text, number, whole

_ADJUSTABLE = {"set_trust_filter", "set_conditions", "edit_webhook"}


def adjust(stage: Stage) -> Script:
    """Give the last number that was set another value."""
    numbers = stage.reading.values.about("")
    last = next((act for act in reversed(stage.memory.acts) if act.call.name in _ADJUSTABLE), None)
    timed = bool(numbers) and numbers[0].unit in TIMES
    if last is None or not numbers or last is not _latest(stage) or (timed and not _is_timeout(last)):
        return _unsure(stage, numbers[0] if numbers else None)
    if _is_timeout(last):
        return (yield from set_timeout(stage))
    if last.call.name == "set_trust_filter":
        return (yield from _trust(stage, numbers, last))
    if last.call.name == "set_conditions":
        return (yield from _condition(stage, numbers[0], last))
    return (yield from set_retries(stage)) if "max_retries" in last.call.arguments else _unsure(stage, numbers[0])


def _is_timeout(act: Act) -> bool:
    return "timeout_ms" in act.call.arguments


def _latest(stage: Stage) -> Act | None:
    """Give the last change, apart from tests and retries: "make that 80" may follow a test."""
    settled = [
        act for act in stage.memory.acts if act.call.name not in {"test_webhook", "retry_delivery", "replay_deliveries"}
    ]
    return settled[-1] if settled else None


def _unsure(stage: Stage, one: Comparison | None) -> Reply:
    target = stage.label if stage.target else ""
    value = number(one.value) if one else "70"
    if not target:
        return Reply("I am not sure what that number is for. Say for instance “trust at least 70”.")
    if one and not one.bare:
        said = [comparison_text(replace(one, subject=subject)) for subject in ("trust", "properties.value")]
        return ask("I am not sure what that number is for.", *(f"Only send {text} to {target}" for text in said))
    return ask(
        "I am not sure what that number is for.",
        f"Only send trust at least {value} to {target}",
        f"Only send properties.value over {value} to {target}",
        f"Set the retries of {target} to {value}",
    )


def _trust(stage: Stage, numbers: tuple[Comparison, ...], last: Act) -> Script:
    bounds = [side for side in ("min", "max") if last.call.arguments.get(side) is not None]
    bare = [one for one in numbers if one.bare]
    if bare and len(bounds) > 1:
        target = stage.label
        value = number(bare[0].value)
        return ask(
            "The filter has a minimum and a maximum. Which one do you mean?",
            f"Only send trust at least {value} to {target}",
            f"Only send trust at most {value} to {target}",
        )
    side: Any = {"min": "gte", "max": "lte"}[bounds[0]] if bounds else "gte"
    told = tuple(
        replace(one, subject="trust", operator=side if one.bare else one.operator, bare=False) for one in numbers
    )
    reading = replace(stage.reading, values=replace(stage.reading.values, comparisons=told), mode="only")
    return (yield from set_filters(Stage(stage.memory, reading, stage.target)))


def _condition(stage: Stage, one: Comparison, last: Act) -> Script:
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    conditions = [dict(item) for item in current.get("conditions") or []]
    numeric = [
        item
        for item in conditions
        if isinstance(item.get("value"), int | float) and not isinstance(item.get("value"), bool)
    ]
    recent = [item for item in numeric if item in (last.call.arguments.get("conditions") or [])][-1:] or numeric[-1:]
    if not recent:
        return _unsure(stage, one)
    if one.bare:
        new = [{**item, "value": whole(one.value)} if item == recent[0] else item for item in conditions]
    else:
        reading = replace(
            stage.reading,
            values=replace(stage.reading.values, comparisons=(replace(one, subject=str(recent[0]["field"])),)),
            mode="only",
        )
        return (yield from set_filters(Stage(stage.memory, reading, stage.target)))
    result = yield from stage.call("set_conditions", webhook_id=stage.target, conditions=new)
    return changed(result)


def tag_match(stage: Stage) -> Script:
    """Switch between any and all of the tags, when tags are what was spoken of."""
    tagged = [act for act in stage.memory.acts if act.call.name == "set_tag_filter"]
    if "tag" not in stage.reading.nouns and not tagged:
        return Reply(
            "I am not sure what “all of them” is about. Say for instance “require all of the tags”.",
            ("List the webhooks",),
        )
    match = stage.reading.topic or stage.reading.values.tag_match
    return (yield from set_match(stage, match))
