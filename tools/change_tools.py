"""Tools over the history of changes: list and undo (X02)."""

from typing import Any

from pydantic import Field

from rules.changes import ChangeView, FieldChange, diff
from rules.errors import NotFound
from tools.changing import FILTERS, report, widened
from tools.services import Services
from tools.toolbox import Arguments, Call, Result, Tool, approved, fitting, refused

_PAGE = 10
_LOOK_BACK = 50


class ListChanges(Arguments):
    """Of which webhook."""

    webhook_id: str | None = Field(None, description="Only of this webhook; of all when absent.")


class UndoChange(Arguments):
    """Which change."""

    change_id: str | None = Field(None, description="The change's id (chg_…); your own latest one when absent.")


async def list_changes(services: Services, call: Call, arguments: ListChanges) -> Result:
    """List who changed what, newest first."""
    page = await services.history.list(call.workspace_id, arguments.webhook_id, limit=_PAGE)
    names = {
        webhook_id: await _name(services, call, webhook_id) for webhook_id in {each.subject_id for each in page.items}
    }
    lines = [{**_line(change), "name": _whole_name(change) or names[change.subject_id]} for change in page.items]
    return {"ok": True, "changes": fitting(lines), "total": page.total}


async def _name(services: Services, call: Call, webhook_id: str) -> str | None:
    try:
        return (await services.registry.get(call.workspace_id, webhook_id)).name
    except NotFound:
        return None


def _whole_name(change: ChangeView) -> str | None:
    """Return the name that a webhook had when it was created or deleted, or was given by this change."""
    return (change.after or change.before or {}).get("name")


async def undo_change(services: Services, call: Call, arguments: UndoChange) -> Result:
    """Apply the inverse of a change, after approval when that deletes, changes the URL or sends more."""
    change = await _chosen(services, call, arguments.change_id)
    if change is None:
        return refused("There is no change that can be undone.")
    inverse = diff(change.after, change.before)
    title = await _asks(services, call, change)
    if title and (refusal := await approved(call, title, [item.as_dict() for item in _shown(change, inverse)])):
        return refusal
    changed = await services.history.undo(call.workspace_id, change.id, call.actor)
    gone = {"deleted": True} if change.before is None else {}
    return {**await report(services, call, changed), **gone, "undone": _line(change)}


async def _chosen(services: Services, call: Call, change_id: str | None) -> ChangeView | None:
    page = await services.history.list(call.workspace_id, limit=_LOOK_BACK if change_id is None else 200)
    if change_id is not None:
        for change in page.items:
            if change.id == change_id:
                return change
        raise NotFound("change", change_id)
    undoable = [change for change in page.items if change.undoable and change.action != "undo"]
    own = [change for change in undoable if change.actor == str(call.actor)]
    return next(iter(own or undoable), None)


async def _asks(services: Services, call: Call, change: ChangeView) -> str | None:
    """Return what must be approved before a change is undone, or None."""
    before, after = change.before, change.after
    if before is None:
        return "Undo the creation: delete this webhook"
    if after is None:
        return "Undo the deletion: this webhook delivers again"
    if "url" in before:
        return "Undo the change of the URL"
    if any(name in before for name in FILTERS):
        webhook = await services.registry.get(call.workspace_id, change.subject_id)
        if widened(webhook, before):
            return "Undo the change: send more than now"
    return "Undo the change" if call.tainted else None


def _shown(change: ChangeView, inverse: list[FieldChange]) -> list[FieldChange]:
    """Show a whole webhook as one line; a diff of all its fields would hide what matters."""
    whole: dict[str, Any] | None = change.after if change.before is None else change.before
    if change.before is not None and change.after is not None:
        return inverse
    line = f"{whole['name']} → {whole['url']}" if whole else change.subject_id
    return [FieldChange("webhook", line, None) if change.before is None else FieldChange("webhook", None, line)]


def _line(change: ChangeView) -> dict[str, Any]:
    full = change.as_dict()
    short = {key: full[key] for key in ("id", "action", "actor", "webhook_id", "at", "undoable")}
    whole = change.before is None or change.after is None
    return short if whole else {**short, "changed": full["diff"]}


TOOLS = (
    Tool("list_changes", "List who changed what and when, newest first.", ListChanges, list_changes),
    Tool(
        "undo_change",
        "Undo a change. Asks for approval when that deletes, changes a URL or sends more than now.",
        UndoChange,
        undo_change,
        changes=True,
    ),
)
