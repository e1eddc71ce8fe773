"""How a tool changes a webhook: look at the difference, ask when it must, apply, and report what is now stored."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from rules.changes import ChangeView, FieldChange
from rules.filters import FilterSet
from rules.validation import parse
from rules.webhook_spec import WebhookPatch
from rules.widening import widening
from tools.services import Services
from tools.toolbox import Call, Result, approved
from webhooks.registry import Changed
from webhooks.views import WebhookView

FILTERS = ("event_filter", "conditions", "tag_filter", "trust_score")
_MAX_ERROR = 200


def brief(webhook: WebhookView, perspective_name: str | None = None) -> dict[str, Any]:
    """Return what an assistant needs to know of a webhook; no secret is in it, and none can be."""
    error = webhook.health.last_error
    view = {
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "enabled": webhook.enabled,
        "state": webhook.state,
        **({"disabled_reason": webhook.disabled_reason} if webhook.disabled_reason else {}),
        **({"operational": True} if webhook.operational else {}),
        "profile": webhook.profile,
        **{name: getattr(webhook, name) for name in FILTERS},
        "auth_header": webhook.auth_header,
        "perspective_id": webhook.perspective_id,
        "consecutive_failures": webhook.health.consecutive_failures,
        "last_error": error and " ".join(error.split())[:_MAX_ERROR],
    }
    return view if perspective_name is None else {**view, "perspective_name": perspective_name}


async def brief_named(services: Services, webhook: WebhookView) -> dict[str, Any]:
    """Return `brief` with the perspective's name."""
    if webhook.perspective_id is None:
        return brief(webhook)
    perspective = await services.perspectives.get(webhook.workspace_id, webhook.perspective_id)
    return brief(webhook, perspective["name"])


async def apply(services: Services, call: Call, webhook_id: str, fields: Mapping[str, Any]) -> Result:
    """Apply a patch to a webhook, after approval when it changes the URL or sends more than before."""
    patch = parse(WebhookPatch, fields)
    webhook = await services.registry.get(call.workspace_id, webhook_id)
    changes = await services.registry.preview(call.workspace_id, webhook_id, patch)
    if not changes:
        now = await brief_named(services, webhook)
        return {"ok": True, "webhook": now, "changed": [], "note": "Nothing to change: it is already so."}
    reason = why_approval(webhook, changes, tainted=call.tainted)
    shown = [*as_diff(changes), *secret_travels(webhook, changes)]
    if reason and (refusal := await approved(call, f"{reason} “{webhook.name}”", shown)):
        return refusal
    return await report(
        services, call, await services.registry.update(call.workspace_id, webhook_id, patch, call.actor)
    )


def why_approval(webhook: WebhookView, changes: Sequence[FieldChange], *, tainted: bool) -> str | None:
    """Return what to ask approval for, or None when the change may be made at once."""
    new = {change.field: change.after for change in changes}
    if "url" in new:
        return "Change the URL of"
    if "operational" in new:
        return "Send alerts instead of events to" if new["operational"] else "Send events instead of alerts to"
    if any(name in new for name in FILTERS) and widened(webhook, new):
        return "Send more than before to"
    return "Change" if tainted else None


def secret_travels(webhook: WebhookView, changes: Sequence[FieldChange]) -> list[dict[str, Any]]:
    """Return a line for the approval when a stored auth header would be sent to another host than before."""
    new = next((change.after for change in changes if change.field == "url"), webhook.url)
    before, after = (urlsplit(url).netloc for url in (webhook.url, new))
    if webhook.auth_header is None or before == after:
        return []
    return [{"field": "auth_header", "before": f"sent to {before}", "after": f"the stored value is sent to {after}"}]


def widened(webhook: WebhookView, new: Mapping[str, Any]) -> bool:
    """Tell whether new values of some filters let through what was held back before."""
    after = {name: new.get(name, getattr(webhook, name)) for name in FILTERS}
    return widening(webhook.filters, FilterSet.of(**after))


async def report(services: Services, call: Call, changed: Changed) -> Result:
    """Return a change as stored, and show it in the reply."""
    if changed.change is None:
        return {"ok": True, "webhook": await brief_named(services, changed.webhook), "changed": []}
    call.record(changed.change)
    return {"ok": True, "webhook": await brief_named(services, changed.webhook), **outcome(changed.change)}


def outcome(change: ChangeView) -> dict[str, Any]:
    """Return what a change record says, for a tool's result."""
    return {"changed": change.as_dict()["diff"], "change_id": change.id, "undo": change.undoable}


def as_diff(changes: Sequence[FieldChange]) -> list[dict[str, Any]]:
    """Return changes as plain data."""
    return [change.as_dict() for change in changes]
