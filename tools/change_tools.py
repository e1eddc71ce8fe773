"""Tools over the history of changes: list and undo (X02)."""

from typing import Any

from pydantic import Field

from integrations.assistants import AssistantChanged, AssistantView
from integrations.triggers import TriggerChanged, TriggerView
from rules.changes import ChangeView, FieldChange, diff
from rules.errors import NotFound
from tools.changing import FILTERS, report, widened
from tools.history import Undone
from tools.integration_changing import report_assistant, report_trigger, widened_call
from tools.integration_views import shown_diff
from tools.services import Services
from tools.toolbox import Arguments, Call, Result, Tool, approved, fitting, refused
from webhooks.views import WebhookView

_PAGE = 10
_LOOK_BACK = 50
_KINDS = {"webhook_id": "webhook", "trigger_id": "trigger", "assistant_id": "assistant"}
_BACK = {
    "webhook_id": "this webhook delivers again",
    "trigger_id": "this API can be called again",
    "assistant_id": "this assistant is back, with its triggers",
}


class ListChanges(Arguments):
    """Of what; of everything when nothing is named."""

    webhook_id: str | None = Field(None, description="Only of this webhook.")
    trigger_id: str | None = Field(None, description="Only of this trigger.")
    assistant_id: str | None = Field(None, description="Only of this assistant.")


class UndoChange(Arguments):
    """Which change."""

    change_id: str | None = Field(None, description="The change's id (chg_…); your own latest one when absent.")


async def list_changes(services: Services, call: Call, arguments: ListChanges) -> Result:
    """List who changed what, newest first."""
    subject = arguments.webhook_id or arguments.trigger_id or arguments.assistant_id
    page = await services.history.list(call.workspace_id, subject, limit=_PAGE)
    subjects = {change.subject_id: change for change in page.items}
    names = {subject_id: await _name(services, call, change) for subject_id, change in subjects.items()}
    lines = [{**_line(change), "name": _whole_name(change) or names[change.subject_id]} for change in page.items]
    return {"ok": True, "changes": fitting(lines), "total": page.total}


async def _name(services: Services, call: Call, change: ChangeView) -> str | None:
    subject: WebhookView | TriggerView | AssistantView
    try:
        if change.subject == "webhook_id":
            subject = await services.registry.get(call.workspace_id, change.subject_id)
        elif change.subject == "trigger_id":
            subject = await services.triggers.get(call.workspace_id, change.subject_id)
        else:
            subject = await services.assistants.get(call.workspace_id, change.subject_id)
    except NotFound:
        return None
    return subject.name


def _whole_name(change: ChangeView) -> str | None:
    """Return the name that something had when it was created or deleted, or was given by this change."""
    return (change.after or change.before or {}).get("name")


async def undo_change(services: Services, call: Call, arguments: UndoChange) -> Result:
    """Apply the inverse of a change, after approval when that deletes, changes the URL or sends more."""
    change = await _chosen(services, call, arguments.change_id)
    if change is None:
        return refused("There is no change that can be undone.")
    title = await _asks(services, call, change)
    if title and (refusal := await approved(call, title, _shown(change))):
        return refusal
    changed = await services.history.undo(call.workspace_id, change.id, call.actor)
    gone = {"deleted": True} if change.before is None else {}
    return {**await _report(services, call, changed), **gone, "undone": _line(change)}


async def _chosen(services: Services, call: Call, change_id: str | None) -> ChangeView | None:
    if change_id is not None:
        return await services.history.get(call.workspace_id, change_id)
    page = await services.history.list(call.workspace_id, limit=_LOOK_BACK)
    undoable = [change for change in page.items if change.undoable and change.action != "undo"]
    own = [change for change in undoable if change.actor == str(call.actor)]
    return next(iter(own or undoable), None)


async def _asks(services: Services, call: Call, change: ChangeView) -> str | None:
    """Return what must be approved before a change is undone, or None."""
    if change.before is None:
        return f"Undo the creation: delete this {_KINDS[change.subject]}"
    if change.after is None:
        return f"Undo the deletion: {_BACK[change.subject]}"
    if change.subject == "trigger_id":
        trigger = await services.triggers.get(call.workspace_id, change.subject_id)
        if reason := widened_call(trigger, diff(change.after, change.before)):
            return f"Undo the change: {reason[0].lower()}{reason[1:]} “{trigger.name}”"
    elif change.subject == "webhook_id":
        if "url" in change.before:
            return "Undo the change of the URL"
        if any(name in change.before for name in FILTERS):
            webhook = await services.registry.get(call.workspace_id, change.subject_id)
            if widened(webhook, change.before):
                return "Undo the change: send more than now"
    return "Undo the change" if call.tainted else None


async def _report(services: Services, call: Call, changed: Undone) -> Result:
    match changed:
        case TriggerChanged():
            return report_trigger(call, changed)
        case AssistantChanged():
            return report_assistant(call, changed)
        case _:
            return await report(services, call, changed)


def _shown(change: ChangeView) -> list[dict[str, Any]]:
    """Show what undoing does; what comes or goes is one line, for all its fields would hide what matters."""
    if change.before is not None and change.after is not None:
        return shown_diff(diff(change.after, change.before))
    whole: dict[str, Any] = change.after or change.before or {}
    url = whole.get("url") or (whole.get("integration") or {}).get("url")
    line = " → ".join(text for text in (whole.get("name") or change.subject_id, url) if text)
    kind = _KINDS[change.subject]
    one = FieldChange(kind, line, None) if change.before is None else FieldChange(kind, None, line)
    return [one.as_dict()]


def _line(change: ChangeView) -> dict[str, Any]:
    full = change.as_dict()
    short = {key: full[key] for key in ("id", "action", "actor", change.subject, "at", "undoable")}
    whole = change.before is None or change.after is None
    return short if whole else {**short, "changed": shown_diff(diff(change.before, change.after))}


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
