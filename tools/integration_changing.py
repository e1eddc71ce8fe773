"""How a tool changes an assistant or a trigger: show the difference, ask when it must, apply, report what is stored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from integrations.assistants import AssistantChanged, AssistantView
from integrations.checks import compile_integration
from integrations.triggers import TriggerChanged, TriggerView
from rules.call_widening import call_widening
from rules.changes import FieldChange
from rules.errors import InvalidInput
from rules.integration_spec import AssistantPatch, Integration, TriggerDraft, TriggerPatch
from rules.validation import parse
from tools.integration_views import assistant_row, outcome, shown_diff, trigger_row
from tools.services import Services
from tools.toolbox import Call, Result, approved

_JUDGED = ("interpret_response", "confirm", "integration")
_NOTHING = "Nothing to change: it is already so."


async def change_trigger(services: Services, call: Call, trigger_id: str, fields: Mapping[str, Any]) -> Result:
    """Apply a patch to a trigger, after approval when that lets it do more than before."""
    patch = parse(TriggerPatch, fields)
    trigger = await services.triggers.get(call.workspace_id, trigger_id)
    changes = await services.triggers.preview(call.workspace_id, trigger_id, patch)
    if not changes:
        return {"ok": True, "trigger": trigger_row(trigger), "changed": [], "note": _NOTHING}
    reason = widened_call(trigger, changes) or ("Change" if call.tainted else None)
    integration = {**trigger.integration, **(patch.integration or {})}
    shown = [*shown_diff(changes), *await _secrets_travel(services, call, trigger, integration)]
    if reason and (refusal := await approved(call, f"{reason} “{trigger.name}”", shown)):
        return refusal
    changed = await services.triggers.update(call.workspace_id, trigger_id, patch, call.actor)
    return report_trigger(call, changed)


def widened_call(trigger: TriggerView, changes: Iterable[FieldChange]) -> str | None:
    """Return what must be approved before a trigger is changed so, or None."""
    now = {name: getattr(trigger, name) for name in _JUDGED}
    changed = [change for change in changes if change.field in _JUDGED]
    # Both sides come from the changes: they are masked alike.
    before, after = (now | {c.field: getattr(c, side) for c in changed} for side in ("before", "after"))
    return call_widening(before, after)


async def change_assistant(services: Services, call: Call, assistant_id: str, fields: Mapping[str, Any]) -> Result:
    """Apply a patch to an assistant; once untrusted content is about, only after approval."""
    patch = parse(AssistantPatch, fields)
    assistant = await services.assistants.get(call.workspace_id, assistant_id)
    now = {name: getattr(assistant, name) for name in fields}
    changes = [FieldChange(name, now[name], value) for name, value in fields.items() if now[name] != value]
    if not changes:
        return {"ok": True, "assistant": assistant_row(assistant), "changed": [], "note": _NOTHING}
    if call.tainted and (refusal := await approved(call, f"Change “{assistant.name}”", shown_diff(changes))):
        return refusal
    changed = await services.assistants.update(call.workspace_id, assistant_id, patch, call.actor)
    return report_assistant(call, changed)


async def only_assistant(services: Services, call: Call, assistant_id: str | None) -> AssistantView:
    """Return the assistant that is named, or the only one there is; raises InvalidInput when that is not sure."""
    if assistant_id is not None:
        return await services.assistants.get(call.workspace_id, assistant_id)
    page = await services.assistants.list(call.workspace_id, limit=10)
    if len(page.items) == 1:
        return page.items[0]
    if not page.items:
        raise InvalidInput.of("assistant_id", "there is no assistant yet; create one first with create_assistant")
    names = ", ".join(f"{each.name} ({each.id})" for each in page.items)
    raise InvalidInput.of("assistant_id", f"there are several assistants, say which one: {names}")


async def checked(services: Services, call: Call, assistant: AssistantView, fields: Mapping[str, Any]) -> TriggerDraft:
    """Return the draft of a trigger that could be created as it is; raises InvalidInput or Conflict."""
    draft = parse(TriggerDraft, fields)
    await services.triggers.check(call.workspace_id, assistant.id, draft)
    return draft


def report_trigger(call: Call, changed: TriggerChanged) -> Result:
    """Return a trigger as stored, and show the change in the reply."""
    row = trigger_row(changed.trigger)
    if changed.change is None:
        return {"ok": True, "trigger": row, "changed": []}
    call.record(changed.change)
    warnings = {"warnings": list(changed.warnings)} if changed.warnings else {}
    return {"ok": True, "trigger": row, **outcome(changed.change), **warnings}


def report_assistant(call: Call, changed: AssistantChanged) -> Result:
    """Return an assistant as stored, and show the change in the reply."""
    row = assistant_row(changed.assistant)
    if changed.change is None:
        return {"ok": True, "assistant": row, "changed": []}
    call.record(changed.change)
    return {"ok": True, "assistant": row, **outcome(changed.change)}


async def _secrets_travel(
    services: Services, call: Call, trigger: TriggerView, integration: Mapping[str, Any]
) -> Sequence[dict[str, Any]]:
    """Say in the approval which stored secrets would be sent to another host than before."""
    before, after = (urlsplit(request["url"]).netloc for request in (trigger.integration, integration))
    if before == after:
        return []
    template = compile_integration(Integration.model_validate(integration))
    names = sorted(name for name in await services.vault.names(call.workspace_id) if template.may_use(name))
    return [{"field": f"${name}", "before": f"sent to {before}", "after": f"sent to {after}"} for name in names]
