"""Replies: tool results told in a few plain sentences, with the values that the results carry."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.guided.memory import rows, webhook_of
from agent.guided.script import Reply, Result
from agent.guided.wording import conditions_text, events_text, label, safe, tags_text, title, trust_text, value_text

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
_ROWS = 10


def outside(value: Any, limit: int = 240) -> str:
    """Give a text that came from outside on one short line."""
    if isinstance(value, Mapping):
        value = value.get("untrusted")
    text = " ".join(str(value or "").split())
    return text[: limit - 1] + "…" if len(text) > limit else text


def refusal(result: Result) -> Reply | None:
    """Tell why nothing was done, if nothing was."""
    if result.get("ok") is not False:
        return None
    if result.get("declined"):
        return Reply("You declined, so nothing was changed.")
    if result.get("cancelled"):
        return Reply("The form was closed without saving, so nothing was changed.")
    text = outside(result.get("error")) or "That was refused."
    details = [outside(one.get("message")) for one in result.get("errors") or [] if isinstance(one, dict)]
    text += "".join(f" {detail}" for detail in details if detail and detail not in text)
    near = [str(one) for one in result.get("suggestions") or [] if safe(str(one))]
    if near:
        text += " The nearest: " + ", ".join(near[:3]) + "."
    return Reply(text + " Nothing was changed.")


def changed(result: Result, *, note: str = "") -> Reply:
    """Tell what a change did, old and new value, and that it can be undone."""
    refused = refusal(result)
    if refused:
        return refused
    webhook = webhook_of(result) or {}
    lines = [_change_line(one) for one in result.get("changed") or [] if isinstance(one, dict)]
    if not lines:
        return Reply(
            f"{title(webhook)} is already set that way, so nothing changed.{_gap(note)}",
            focus=str(webhook.get("id") or ""),
        )
    text = f"{title(webhook)}: {'; '.join(lines)}.{_gap(note)}"
    undo = bool(result.get("undo"))
    if undo:
        text += " You can undo this."
    return Reply(text, (*(("Undo that",) if undo else ()), f"Test {label(webhook)}"))


def _gap(note: str) -> str:
    return f" {note}" if note else ""


def _change_line(one: Mapping[str, Any]) -> str:
    name = str(one.get("field"))
    before, after = (value_text(name, one.get(side)) for side in ("before", "after"))
    return f"{_FIELDS.get(name, name.replace('_', ' '))} {before} → {after}"


def describe(webhook: Mapping[str, Any]) -> str:
    """Tell everything about one webhook."""
    lines = [f"{title(webhook)} ({webhook.get('id')}) is {state_text(webhook)}.", f"URL: {webhook.get('url')}"]
    lines.append(f"Events: {events_text(webhook.get('event_filter') or {})}")
    lines.append(
        f"Tags: {tags_text(webhook.get('tag_filter'))}; trust score: {trust_text(webhook.get('trust_score'))}; conditions: {conditions_text(webhook.get('conditions') or [])}"
    )
    auth = webhook.get("auth_header")
    lines.append(
        f"Auth header: {auth.get('name')} (set, never shown)"
        if isinstance(auth, Mapping) and auth.get("set")
        else "Auth header: not set"
    )
    for name, words in (
        ("timeout_ms", "Timeout"),
        ("max_retries", "Retries"),
        ("description", "Description"),
        ("profile", "Profile"),
    ):
        if webhook.get(name) not in (None, ""):
            lines.append(f"{words}: {value_text(name, webhook[name])}")
    health = webhook.get("health")
    if isinstance(health, Mapping) and health.get("total"):
        lines.append(
            f"Deliveries: {health.get('total')} attempts, {health.get('successful')} successful, {health.get('failed')} failed, success rate {health.get('success_rate')} %, last {health.get('last_delivery_at') or 'never'}"
        )
    return "\n".join(lines)


def state_text(webhook: Mapping[str, Any]) -> str:
    """Tell the state of a webhook, with what is wrong."""
    if webhook.get("enabled") is False:
        return "disabled"
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


def tested(result: Result) -> Reply:
    """Tell how a test went."""
    webhook = webhook_of(result) or {}
    if "status_code" not in result and "duration_ms" not in result:
        refused = refusal(result)
        if refused:
            return refused
    name = title(webhook) if webhook else "the endpoint"
    status = (
        f"HTTP {result['status_code']}" if result.get("status_code") else outside(result.get("error")) or "no answer"
    )
    took = f" in {result['duration_ms']} ms" if result.get("duration_ms") is not None else ""
    if result.get("ok", result.get("passed")):
        state = f" Its state is now {state_text(webhook)}." if webhook.get("state") else ""
        return Reply(f"The test passed: {name} answered {status}{took}.{state}")
    body = outside(result.get("response_body"), 160)
    said = f" It answered: “{body}”." if body else ""
    return Reply(
        f"The test failed: {name} gave {status}{took}.{said}",
        (f"Diagnose {label(webhook)}" if webhook else "Diagnose it",),
    )


def dry_run(result: Result, event: str, webhook: Mapping[str, Any]) -> Reply:
    """Tell whether a sample event would pass, and if not, what stops it and why."""
    refused = refusal(result)
    if refused:
        return refused
    report = result.get("report") if isinstance(result.get("report"), Mapping) else result
    assert isinstance(report, Mapping)
    name = f"A sample {event}" if event else "The sample event"
    if report.get("matched"):
        return Reply(
            f"{name} passes all filters of {title(webhook)} and would be delivered. Nothing was sent.",
            (f"Test {label(webhook)}",),
        )
    reasons = [outside(part.get("reason")) for part in _failed_parts(report)]
    return Reply(
        f"{name} would not be delivered to {title(webhook)}: {' '.join(reasons) or 'a filter rejects it.'} Nothing was sent.",
        (f"Show {label(webhook)}",),
    )


def _failed_parts(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parts = [
        report.get("event_filter"),
        *(report.get("conditions") or []),
        report.get("tag_filter"),
        report.get("trust_score"),
    ]
    return [part for part in parts if isinstance(part, Mapping) and part.get("passed") is False]


def deliveries(result: Result, about: str) -> str:
    """List deliveries, the newest first."""
    found = rows(result, "deliveries", "items")
    if not found:
        return f"There are no {about}."
    lines = [_delivery_line(place, one) for place, one in enumerate(found[:_ROWS], 1)]
    more = (result.get("total") or len(found)) - min(len(found), _ROWS)
    return "\n".join([f"The latest {about}:", *lines, *([f"… and {more} more"] if more > 0 else [])])


def _delivery_line(place: int, one: Mapping[str, Any]) -> str:
    when = one.get("attempted_at") or one.get("created_at") or one.get("at") or ""
    status = f"HTTP {one['status_code']}" if one.get("status_code") else ""
    error = outside(one.get("error") or one.get("last_error"), 120)
    parts = [
        str(one.get("event_type") or "event"),
        str(one.get("status") or ""),
        status,
        error,
        str(when),
        str(one.get("id") or ""),
    ]
    return f"{place}. " + " · ".join(part for part in parts if part)


def change_log(result: Result) -> str:
    """List recorded changes, the newest first."""
    found = rows(result, "changes", "items")
    if not found:
        return "No changes have been recorded yet."
    lines = [f"{place}. {_change_entry(one)}" for place, one in enumerate(found[:_ROWS], 1)]
    return "\n".join(["The latest changes:", *lines])


def _change_entry(one: Mapping[str, Any]) -> str:
    actor = one.get("actor")
    who = actor.get("kind") if isinstance(actor, Mapping) else actor
    fields = one.get("changed") or one.get("fields")
    what = (
        "; ".join(_change_line(row) for row in fields if isinstance(row, Mapping)) if isinstance(fields, list) else ""
    )
    parts = [
        str(one.get("action") or "change"),
        what,
        f"by {who}" if who else "",
        str(one.get("at") or ""),
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
