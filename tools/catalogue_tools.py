"""Tools that look things up: perspectives, tags, event types."""

from pydantic import Field

from rules.events import check_kind, event_types
from tools.services import Services
from tools.toolbox import Arguments, Call, Result, Tool


class Nothing(Arguments):
    """No arguments."""


class ListTags(Arguments):
    """Whose tags."""

    perspective_id: str | None = Field(None, description="The present perspective when absent.")


class ListEventTypes(Arguments):
    """Of which kind of perspective."""

    kind: str | None = Field(None, description="A kind of perspective; all event types when absent.")


async def list_perspectives(services: Services, call: Call, arguments: Nothing) -> Result:
    """List the perspectives."""
    del arguments
    page = await services.perspectives.list(call.workspace_id, limit=100)
    items = [{key: item[key] for key in ("id", "name", "kind")} for item in page.items]
    return {"ok": True, "perspectives": items, "total": page.total}


async def list_tags(services: Services, call: Call, arguments: ListTags) -> Result:
    """List the tags of a perspective, with when each applies (A08)."""
    perspective_id = arguments.perspective_id or call.perspective_id
    if perspective_id is None:
        page = await services.perspectives.list(call.workspace_id, limit=20)
        names = [f"{item['id']} ({item['name']})" for item in page.items]
        return {"ok": False, "error": "Say which perspective: tags depend on its kind.", "suggestions": names}
    perspective = await services.perspectives.get(call.workspace_id, perspective_id)
    tags = await services.perspectives.tags(call.workspace_id, perspective_id)
    return {"ok": True, "perspective": perspective["name"], "kind": perspective["kind"], "tags": tags}


async def list_event_types(services: Services, call: Call, arguments: ListEventTypes) -> Result:
    """List the event types, with what each means."""
    del services, call
    kind = None if arguments.kind is None else check_kind(arguments.kind)
    items = [{"name": item.name, "description": item.description} for item in event_types(kind)]
    return {"ok": True, "event_types": items, "note": "Any custom name is accepted as well."}


TOOLS = (
    Tool("list_perspectives", "List the perspectives of the workspace.", Nothing, list_perspectives),
    Tool("list_tags", "List the tags that exist for a perspective, with when each applies.", ListTags, list_tags),
    Tool("list_event_types", "List the event types that can be sent.", ListEventTypes, list_event_types),
)
