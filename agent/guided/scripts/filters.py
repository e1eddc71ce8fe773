"""Filters: everything that one filter request says, on top of what the webhook has now."""

from dataclasses import replace
from typing import Any

from agent.guided.reading import Values
from agent.guided.replies import changed, join
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.conditions import change_conditions, conditions_of
from agent.guided.scripts.events import change_events, unclear_events
from agent.guided.scripts.stage import Stage
from agent.guided.scripts.tags import change_tags, find_loose, known_tags
from agent.guided.scripts.trust import change_trust, unclear_trust


def set_filters(stage: Stage) -> Script:
    """Carry out everything that one filter request says: events, tags, trust, conditions; or ask before."""
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    loose = yield from find_loose(stage, current)
    if isinstance(loose, Reply):
        return loose
    tags = yield from known_tags(stage, (*stage.reading.values.tags, *loose), current)
    if isinstance(tags, Reply):
        return tags
    values = replace(stage.reading.values, tags=tags)
    if not values.filtering:
        return which_filter(stage)
    asked = unclear_events(stage, values, current) or unclear_trust(stage, values) or _unclear_conditions(values)
    return asked or (yield from _steps(stage, values, current))


def _unclear_conditions(values: Values) -> Reply | None:
    conditions = conditions_of(values)
    return conditions if isinstance(conditions, Reply) else None


def _steps(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    replies: list[Reply] = []
    for wanted, step in (
        (values.events, change_events),
        (values.tags, change_tags),
        (values.about("trust"), change_trust),
        (values.fields or values.tests, change_conditions),
    ):
        if wanted:
            reply = yield from step(stage, values, current)
            replies += [reply]
    return join(replies)


def which_filter(stage: Stage) -> Reply:
    """Ask what to filter by."""
    nouns, target = stage.reading.nouns, stage.label
    if "trust" in nouns:
        return ask(
            "Which trust score? Give a minimum, a maximum or both.",
            f"Only send trust at least 70 to {target}",
            template=f"Only send trust at least {{}} to {target}",
            expects="number",
        )
    if "tag" in nouns:
        return ask(
            "Which tags should it filter on?",
            f"Which tags are available for {target}?",
            template=f'Only send conversations with the tag "{{}}" to {target}',
            expects="text",
        )
    options = [
        f"Only send completed to {target}",
        f"Only send trust at least 70 to {target}",
        f"Which tags are available for {target}?",
    ]
    return ask(
        "What should it let through? I can filter by event, tag, trust score or a field of the payload.", *options
    )
