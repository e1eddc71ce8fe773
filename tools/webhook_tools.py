"""Tools over webhooks themselves: list, get, create, edit, enable, delete."""

from datetime import datetime
from typing import Any

from pydantic import Field

from rules.changes import FieldChange
from rules.errors import FieldError, InvalidInput, NotFound
from rules.events import default_events, default_profile
from rules.tags import check_tags
from rules.webhook_spec import Condition, EventFilter, ProfileName, TagFilter, TrustScore
from tools.changing import apply, brief, brief_named, outcome, report
from tools.delivery_settings import DeliverySettings, delivery_fields
from tools.services import Services
from tools.toolbox import Arguments, Call, Question, Result, Tool, approved, closed, fitting, refused
from webhooks.views import WebhookView

_SECRET_WORDS = ("authorization", "cookie", "secret", "token", "password", "signature", "key")
_PAGE = 100
_MANY = 12
_MORE = (
    *("description", "headers", "has_secret", "retry", "timeout_ms", "health"),
    *("rate_limit_per_second", "max_in_flight", "auto_disable_hours", "circuit_breaker", "breaker_state"),
)
_SHORT = (
    *("id", "name", "url", "enabled", "state", "perspective_id", "perspective_name"),
    *("disabled_reason", "consecutive_failures", "last_error"),
)


class ListWebhooks(Arguments):
    """Which webhooks."""

    perspective_id: str | None = Field(None, description="Only those of this perspective; all when absent.")


class OneWebhook(Arguments):
    """A webhook."""

    webhook_id: str = Field(description="The webhook's id (wh_…).")


class CreateWebhook(DeliverySettings):
    """What is known already of the webhook to create; the form is filled in with it."""

    name: str | None = Field(None, description="A name; one is proposed when absent.", min_length=1, max_length=120)
    perspective_id: str | None = Field(None, description="The present perspective when absent.")
    profile: ProfileName | None = Field(None, description="Only when asked for: the perspective's kind decides.")
    event_filter: EventFilter | None = None
    conditions: list[Condition] | None = None
    tag_filter: TagFilter | None = None
    trust_score: TrustScore | None = None
    url: str | None = Field(None, description="Only if the person has given it already.", max_length=2048)
    operational: bool | None = Field(
        None, description="true: it hears of alerts about webhooks, and of no other event."
    )


class EditWebhook(OneWebhook, DeliverySettings):
    """The fields to change; with none of them, the form for URL and auth header opens."""

    name: str | None = Field(None, description="The new name.")
    url: str | None = Field(None, description="The new HTTPS URL.")
    description: str | None = None
    operational: bool | None = Field(None, description="Whether it hears of alerts about webhooks in place of events.")
    headers: dict[str, str] | None = Field(
        None, description="Custom headers that are not secret, replacing the present ones; {} removes them."
    )


class SetEnabled(OneWebhook):
    """On or off."""

    enabled: bool = Field(description="true to deliver, false to stop.")


async def list_webhooks(services: Services, call: Call, arguments: ListWebhooks) -> Result:
    """List webhooks with their state."""
    page = await services.registry.list(call.workspace_id, arguments.perspective_id, limit=_PAGE)
    perspectives = await services.perspectives.list(call.workspace_id, limit=200)
    names = {item["id"]: item["name"] for item in perspectives.items}
    items = [brief(webhook, names.get(webhook.perspective_id or "")) for webhook in page.items]
    if len(items) > _MANY:
        items = [{key: item[key] for key in _SHORT if key in item} for item in items]
    return {"ok": True, "webhooks": fitting(items), "total": page.total}


async def get_webhook(services: Services, call: Call, arguments: OneWebhook) -> Result:
    """Show one webhook with its health."""
    webhook = await services.registry.get(call.workspace_id, arguments.webhook_id)
    full = webhook.as_dict()
    more = {name: full[name] for name in _MORE}
    keyed = {name: full[name] for name in ("signing", "public_key") if webhook.public_key is not None}
    return {"ok": True, "webhook": {**await brief_named(services, webhook), **more, **keyed}}


async def create_webhook(services: Services, call: Call, arguments: CreateWebhook) -> Result:
    """Open the form for a new webhook, and report what was saved."""
    answer = await call.ask(Question.form("New webhook", await _draft(services, call, arguments)))
    return await _saved(services, call, answer, None)


async def edit_webhook(services: Services, call: Call, arguments: EditWebhook) -> Result:
    """Change plain fields."""
    plain = arguments.model_dump(exclude={"webhook_id", *DeliverySettings.model_fields}, exclude_none=True)
    fields = {**plain, **delivery_fields(arguments)}
    if not fields:
        return await edit_endpoint(services, call, OneWebhook(webhook_id=arguments.webhook_id))
    secret = [name for name in arguments.headers or {} if any(word in name.lower() for word in _SECRET_WORDS)]
    if secret:
        return refused(
            f"The header {secret[0]!r} looks like a secret, which does not belong in the chat. "
            "Use edit_endpoint: the person types it into a form."
        )
    return await apply(services, call, arguments.webhook_id, fields)


async def edit_endpoint(services: Services, call: Call, arguments: OneWebhook) -> Result:
    """Open the form for the URL and the auth header of a webhook (A03)."""
    webhook = await services.registry.get(call.workspace_id, arguments.webhook_id)
    prefill: dict[str, Any] = {
        "webhook_id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "perspective_id": webhook.perspective_id,
        "profile": webhook.profile,
        "auth_header": webhook.auth_header,
    }
    return await _saved(services, call, await call.ask(Question.form(f"Edit “{webhook.name}”", prefill)), webhook)


async def set_enabled(services: Services, call: Call, arguments: SetEnabled) -> Result:
    """Switch a webhook on or off."""
    return await apply(services, call, arguments.webhook_id, {"enabled": arguments.enabled})


async def delete_webhook(services: Services, call: Call, arguments: OneWebhook) -> Result:
    """Delete a webhook after approval."""
    webhook = await services.registry.get(call.workspace_id, arguments.webhook_id)
    gone = [FieldChange("webhook", f"{webhook.name} → {webhook.url}", None).as_dict()]
    if refusal := await approved(call, f"Delete “{webhook.name}”", gone):
        return refusal
    changed = await services.registry.delete(call.workspace_id, webhook.id, call.actor)
    return {**await report(services, call, changed), "deleted": True}


async def _draft(services: Services, call: Call, arguments: CreateWebhook) -> dict[str, Any]:
    plain = arguments.model_dump(exclude=set(DeliverySettings.model_fields), exclude_none=True, exclude_unset=True)
    known = {**plain, **delivery_fields(arguments)}
    perspective_id = arguments.perspective_id or call.perspective_id
    kind, name = None, "Webhook"
    if perspective_id is not None:
        perspective = await services.perspectives.get(call.workspace_id, perspective_id)
        kind, name = perspective["kind"], f"{perspective['name']} webhook"
        if arguments.tag_filter and (error := _unknown_tags(arguments.tag_filter, kind)):
            raise InvalidInput([error])
    if arguments.operational:
        kind, name = None, "Alerts"  # no events of the perspective's kind
    return {
        "name": name,
        "perspective_id": perspective_id,
        "profile": default_profile(kind),
        "event_filter": {"mode": "include", "events": list(default_events(kind))},
        **known,
    }


def _unknown_tags(tag_filter: TagFilter, kind: str) -> FieldError | None:
    return next(iter(check_tags(tag_filter.tags, kind)), None)


async def _saved(services: Services, call: Call, answer: Any, edited: WebhookView | None) -> Result:
    webhook_id = answer.get("webhook_id")
    if not webhook_id:
        return closed()
    if edited is not None and webhook_id != edited.id:
        return refused(f"The form was for {edited.id}, but {webhook_id[:64]!r} was saved.")
    try:
        webhook = await services.registry.get(call.workspace_id, webhook_id)
    except NotFound as error:
        return refused(f"{error.detail} Nothing was saved by the form.")
    changes = await services.history.list(call.workspace_id, webhook.id, limit=10)
    since = datetime.fromisoformat(answer["asked_at"]) if answer.get("asked_at") else None
    made = [change for change in changes.items if since is None or change.at >= since][::-1]
    for change in made:
        call.record(change)
    saved = {"ok": True, "webhook": await brief_named(services, webhook), "saved_by": "the form"}
    return {**saved, "changed": []} if not made else {**saved, **outcome(made[-1])}


TOOLS = (
    Tool("list_webhooks", "List the webhooks with their state, filters and last error.", ListWebhooks, list_webhooks),
    Tool("get_webhook", "Show one webhook: settings, filters, health.", OneWebhook, get_webhook),
    Tool(
        "create_webhook",
        "Set up a new webhook: opens a form where the person types the URL and, if wanted, an auth header. "
        "Call it at once when a webhook is wanted; do not ask for the URL first.",
        CreateWebhook,
        create_webhook,
        changes=True,
    ),
    Tool(
        "edit_webhook",
        "Change name, URL, description, timeout, retries, rate and in-flight limits, circuit breaker, auto-disabling, "
        "plain headers, whether it hears of alerts. A new URL asks for approval.",
        EditWebhook,
        edit_webhook,
        changes=True,
    ),
    Tool(
        "edit_endpoint",
        "Open the form for a webhook's URL and auth header, for example when its secret must be corrected.",
        OneWebhook,
        edit_endpoint,
        changes=True,
    ),
    Tool("set_enabled", "Enable or disable a webhook.", SetEnabled, set_enabled, changes=True),
    Tool(
        "delete_webhook",
        "Delete a webhook. Asks the person for approval.",
        OneWebhook,
        delete_webhook,
        changes=True,
        destructive=True,
    ),
)
