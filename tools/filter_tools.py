"""Tools over filters: which events are sent."""

from typing import Any, Literal

from pydantic import Field

from rules.events import near_event_types
from rules.webhook_spec import Condition
from tools.changing import apply
from tools.services import Services
from tools.toolbox import Call, Result, Tool
from tools.webhook_tools import OneWebhook


class SetEventFilter(OneWebhook):
    """The new event filter."""

    mode: Literal["include", "exclude"] = Field(description="include: only these; exclude: all but these.")
    events: list[str] = Field(description="Event types. include [] is every event; exclude [] delivers nothing.")


class SetConditions(OneWebhook):
    """The new conditions, replacing the present ones."""

    conditions: list[Condition] = Field(description="All must hold; [] removes them. Fields are dot paths.")


class SetTagFilter(OneWebhook):
    """The new tag filter."""

    match: Literal["any", "all"] = Field("any", description="any of the tags, or all of them.")
    tags: list[str] | None = Field(None, description="Tags from list_tags; absent or empty removes the filter.")


class SetTrustFilter(OneWebhook):
    """The new trust filter."""

    min: float | None = Field(None, description="The lowest trust score that passes, 0 to 100.")
    max: float | None = Field(None, description="The highest trust score that passes, 0 to 100.")


class DryRun(OneWebhook):
    """A sample event."""

    event_type: str | None = Field(None, description="An event type that the webhook selects when absent.")
    event: dict[str, Any] | None = Field(None, description="The payload; a sample when absent.")


async def set_event_filter(services: Services, call: Call, arguments: SetEventFilter) -> Result:
    """Choose the event types."""
    fields = {"event_filter": {"mode": arguments.mode, "events": arguments.events}}
    result = await apply(services, call, arguments.webhook_id, fields)
    hints = {name: near for name in arguments.events if (near := near_event_types(name))}
    if result["ok"] and hints:
        result["note"] = "Custom names are fine, but these look like known ones: " + "; ".join(
            f"{name} (did you mean {', '.join(near)}?)" for name, near in hints.items()
        )
    return result


async def set_conditions(services: Services, call: Call, arguments: SetConditions) -> Result:
    """Set the conditions on the payload."""
    conditions = [condition.model_dump(exclude_unset=True) for condition in arguments.conditions]
    return await apply(services, call, arguments.webhook_id, {"conditions": conditions})


async def set_tag_filter(services: Services, call: Call, arguments: SetTagFilter) -> Result:
    """Set or remove the tag filter."""
    wanted = {"match": arguments.match, "tags": arguments.tags} if arguments.tags else None
    return await apply(services, call, arguments.webhook_id, {"tag_filter": wanted})


async def set_trust_filter(services: Services, call: Call, arguments: SetTrustFilter) -> Result:
    """Set or remove the trust filter."""
    bounds = arguments.model_dump(include={"min", "max"}, exclude_none=True)
    return await apply(services, call, arguments.webhook_id, {"trust_score": bounds or None})


async def dry_run_filters(services: Services, call: Call, arguments: DryRun) -> Result:
    """Run a sample event through the filters; nothing is sent (B10)."""
    report = await services.tester.dry_run(
        call.workspace_id, arguments.webhook_id, arguments.event_type, arguments.event
    )
    return {"ok": True, **report.as_dict()}


TOOLS = (
    Tool(
        "set_event_filter",
        "Set which event types a webhook gets. Widening asks for approval.",
        SetEventFilter,
        set_event_filter,
        changes=True,
    ),
    Tool(
        "set_conditions",
        "Set the conditions on payload fields. Widening asks for approval.",
        SetConditions,
        set_conditions,
        changes=True,
    ),
    Tool(
        "set_tag_filter",
        "Deliver only conversations with any or all of some tags, or remove that filter. Widening asks for approval.",
        SetTagFilter,
        set_tag_filter,
        changes=True,
    ),
    Tool(
        "set_trust_filter",
        "Deliver only conversations with a trust score from min to max; with neither, remove the filter. "
        "Both ends are replaced: repeat the one that stays. Widening asks for approval.",
        SetTrustFilter,
        set_trust_filter,
        changes=True,
    ),
    Tool(
        "dry_run_filters",
        "Check whether an event would pass the filters, and why not; nothing is sent.",
        DryRun,
        dry_run_filters,
    ),
)
