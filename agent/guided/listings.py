"""Listings: webhooks, deliveries, changes and catalogues written out for a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.guided.memory import rows
from agent.guided.script import Result
from agent.guided.wording import conditions_text, events_text, tags_text, title, trust_text, value_text

_FIELDS = {
    "event_filter": "events",
    "tag_filter": "tag filter",
    "trust_score": "trust score",
    "timeout_ms": "timeout",
    "max_retries": "retries",
    "retry.max_retries": "retries",
    "url": "URL",
    "auth_header": "auth header",
    "enabled": "state",
}
_VERBS = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "undo": "undid a change of",
    "rotate_secret": "rotated the secret of",
}
_WHO = {
    "assistant": "by the assistant",
    "console": "in the console",
    "api key": "with an API key",
    "cli": "on the command line",
    "system": "by the system",
}
_ROWS = 10


def outside(value: Any, limit: int = 240) -> str:
    """Give a text that came from outside on one short line."""
    if isinstance(value, Mapping):
        value = value.get("untrusted")
    text = " ".join(str(value or "").split())
    return text[: limit - 1] + "…" if len(text) > limit else text


def change_line(one: Mapping[str, Any]) -> str:
    """Tell one field of a change, old and new."""
    name = str(one.get("field"))
    before, after = (value_text(name, one.get(side)) for side in ("before", "after"))
    return f"{_FIELDS.get(name, name.replace('_', ' '))} {before} → {after}"


def describe(webhook: Mapping[str, Any]) -> str:
    """Tell everything about one webhook."""
    filters = (
        f"Tags: {tags_text(webhook.get('tag_filter'))}",
        f"trust score: {trust_text(webhook.get('trust_score'))}",
        f"conditions: {conditions_text(webhook.get('conditions') or [])}",
    )
    lines = [
        f"{title(webhook)} ({webhook.get('id')}) is {state_text(webhook)}.",
        f"URL: {webhook.get('url')}",
        f"Events: {events_text(webhook.get('event_filter') or {})}",
        "; ".join(filters),
        f"Auth header: {_auth_text(webhook.get('auth_header'))}",
        *(f"{word}: {value_text(name, webhook[name])}" for name, word in _MORE if webhook.get(name)),
        *_retry_lines(webhook.get("retry")),
        *_health_lines(webhook.get("health")),
    ]
    return "\n".join(lines)


_MORE = (("timeout_ms", "Timeout"), ("description", "Description"), ("profile", "Profile"))


def _auth_text(auth: Any) -> str:
    return f"{auth.get('name')} (set, never shown)" if isinstance(auth, Mapping) and auth.get("set") else "not set"


def _retry_lines(retry: Any) -> list[str]:
    known = isinstance(retry, Mapping) and retry.get("max_retries") is not None
    return [f"Retries: {retry['max_retries']}"] if known else []


def _health_lines(health: Any) -> list[str]:
    if not isinstance(health, Mapping) or not health.get("total"):
        return []
    counts = f"{health.get('total')} attempts, {health.get('successful')} successful, {health.get('failed')} failed"
    last = health.get("last_delivery_at") or "never"
    return [f"Deliveries: {counts}, success rate {health.get('success_rate')} %, last {last}"]


_DISABLED = {
    "gone": "disabled, because its endpoint answered that it is gone (410)",
    "failing": "disabled, because it failed for too long",
}


def state_text(webhook: Mapping[str, Any]) -> str:
    """Tell the state of a webhook, with what is wrong."""
    if webhook.get("enabled") is False:
        return _DISABLED.get(str(webhook.get("disabled_reason")), "disabled")
    state = {"never": "enabled, nothing delivered yet"}.get(
        str(webhook.get("state")), str(webhook.get("state") or "enabled")
    )
    count = webhook.get("consecutive_failures") or 0
    error = outside(webhook.get("last_error"), 160)
    if state == "failing":
        return f"failing ({count} in a row{': ' + error if error else ''})"
    return state


def listing(webhooks: Sequence[Mapping[str, Any]], lead: str = "") -> str:
    """List webhooks, numbered."""
    lines = [
        f"{place}. {title(one)} → {one.get('url')} — {state_text(one)}" for place, one in enumerate(webhooks[:_ROWS], 1)
    ]
    more = len(webhooks) - _ROWS
    return "\n".join([lead, *lines, *([f"… and {more} more"] if more > 0 else [])]).strip()


def alarms(result: Result, lead: str, end: str = "") -> str:
    """List the open alerts between a lead and an end; empty when there are none."""
    found = rows(result, "alerts", "items")
    if not found:
        return ""
    more = (result.get("total") or len(found)) - min(len(found), _ROWS)
    lines = [f"- {outside(one.get('summary'))}" for one in found[:_ROWS]]
    lines += [f"- … and {more} more"] if more > 0 else []
    return lead + "\n".join(lines) + end


def deliveries(result: Result, about: str, names: Mapping[str, str]) -> str:
    """List deliveries, the newest first; `names` are those of the webhooks, when the list is about several."""
    found = rows(result, "deliveries", "items")
    if not found:
        return f"There are no {about}."
    lines = [_delivery_line(place, one, names) for place, one in enumerate(found[:_ROWS], 1)]
    more = (result.get("total") or len(found)) - min(len(found), _ROWS)
    return "\n".join([f"The latest {about}:", *lines, *([f"… and {more} more"] if more > 0 else [])])


def _delivery_line(place: int, one: Mapping[str, Any], names: Mapping[str, str]) -> str:
    when = one.get("attempted_at") or one.get("created_at") or one.get("at") or ""
    parts = [
        names.get(str(one.get("webhook_id")), ""),
        str(one.get("event_type") or "event"),
        str(one.get("status") or ""),
        outcome_text(one),
        str(when),
        str(one.get("id") or ""),
    ]
    return f"{place}. " + " · ".join(part for part in parts if part)


def outcome_text(one: Mapping[str, Any]) -> str:
    """Tell how an attempt ended: its status code and its error, each once."""
    status = f"HTTP {one['status_code']}" if one.get("status_code") else ""
    error = outside(one.get("error") or one.get("last_error"), 120)
    return error if error.startswith(status) else " · ".join(part for part in (status, error) if part)


def change_log(result: Result) -> str:
    """List recorded changes, the newest first."""
    found = rows(result, "changes", "items")
    if not found:
        return "No changes have been recorded yet."
    lines = [f"{place}. {change_entry(one)}" for place, one in enumerate(found[:_ROWS], 1)]
    return "\n".join(["The latest changes (times in UTC):", *lines])


def change_entry(one: Mapping[str, Any]) -> str:
    """Tell one recorded change on a line: what, who and when."""
    actor = one.get("actor")
    who = str((actor.get("kind") if isinstance(actor, Mapping) else actor) or "").split(":")[0].replace("_", " ")
    fields = one.get("changed") or one.get("fields")
    what = "; ".join(change_line(row) for row in fields if isinstance(row, Mapping)) if isinstance(fields, list) else ""
    verb = str(one.get("action") or "change")
    parts = [
        f"{_VERBS.get(verb, verb)} {title(one)}" if one.get("name") else verb,
        what,
        _WHO.get(who, f"by {who}") if who else "",
        str(one.get("at") or "")[:16].replace("T", " "),
        str(one.get("id") or ""),
        "" if one.get("undoable", True) else "not undoable",
    ]
    return " · ".join(part for part in parts if part)


def catalogue(found: Sequence[Mapping[str, Any]], lead: str) -> str:
    """List names with their descriptions."""
    lines = [
        f"• {one.get('name')}" + (f": {outside(one.get('description'))}" if one.get("description") else "")
        for one in found
    ]
    return "\n".join([lead, *lines])


def diagnosis(result: Mapping[str, Any], webhook: Mapping[str, Any]) -> str:
    """Tell the named cause, the evidence and the fixes."""
    cause = str(result.get("cause") or "unknown").replace("_", " ")
    lines = [f"{title(webhook)}: {cause}. {outside(result.get('summary'), 400)}".strip()]
    lines += [f"• {outside(one.get('text'), 300)}" for one in result.get("evidence") or [] if isinstance(one, Mapping)][
        :5
    ]
    fixes = [one for one in result.get("fixes") or [] if isinstance(one, Mapping)]
    if fixes:
        lines.append("What would fix it:")
        lines += [f"{place}. {outside(one.get('text'), 300)}" for place, one in enumerate(fixes, 1)]
    return "\n".join(lines)
