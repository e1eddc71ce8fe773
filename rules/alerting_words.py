"""What an alert says: one sentence for people, and the payload of its operational event (E07)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from rules.alerting import Topic
from rules.times import rfc3339, time_text

_SHOWN: Final = 500
_ERROR: Final = 160
_SAMPLE_AT: Final = "2026-01-31T12:00:00.000Z"

_OPEN: Final[Mapping[str, str]] = {
    Topic.DISABLED: "{name} was disabled: {reason}{why}.",
    Topic.FAILING: "{name} has been failing since {failing_since}{why}.",
    Topic.LATE: "Deliveries are {late_minutes} minutes late, the longest to {name}.{workers}",
    Topic.RATE: "{name} delivers only {rate} of its last {attempts} attempts{why}.",
    Topic.TYPE: "{name} keeps failing for {event_type}{why}, while other types are delivered.",
}
_OVER: Final[Mapping[str, str]] = {
    Topic.DISABLED: "{name} is no longer disabled automatically.",
    Topic.FAILING: "{name} no longer counts as failing.",
    Topic.LATE: "Deliveries are on time again.",
    Topic.RATE: "{name} delivers again: its success rate has recovered, or it was switched off.",
    Topic.TYPE: "{name} no longer fails for {event_type}.",
    Topic.RECOVERED: "{name} has recovered.",
}


def one_line(text: str, most: int = _SHOWN) -> str:
    """Make one line of a text from outside: no control characters, at most `most` characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: most * 4]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def console_link(base: str, webhook_id: str | None) -> str:
    """Return the link to the console; with a webhook, it opens Fix it.

    Args:
        base: Where the console is, such as `https://hooks.example.com`, without a slash at its end.
        webhook_id: The webhook to mend, or None.

    """
    return f"{base}/" + ("" if webhook_id is None else f"#fix={quote(webhook_id, safe='')}")


def sentence(alert: Mapping[str, Any]) -> str:
    """Say in one line what an alert tells; names and errors in it are data.

    Args:
        alert: topic, cause, details and closed_at, as they are stored.

    """
    details = alert["details"]
    said = {
        "name": f"“{one_line(details.get('webhook_name') or 'A webhook', 120)}”",
        "event_type": one_line(str(details.get("event_type")), 128),
        "topic": one_line(alert["topic"], 40),
        "why": _why(alert),
        "reason": "its endpoint is gone" if details.get("reason") == "gone" else "it failed for too long",
        "rate": _percent(details),
        "workers": " No worker is running." if alert["cause"] == "no_worker" else "",
        **{name: details.get(name) for name in ("failing_since", "attempts", "late_minutes")},
    }
    if alert["closed_at"] is not None:
        return _OVER.get(alert["topic"], "{name}: {topic} is over.").format(**said)
    ends = details.get("disables_at")
    then = f" It is disabled at {ends} if that goes on." if ends else ""
    return _OPEN.get(alert["topic"], "{name}: {topic}{why}.").format(**said) + then


def payload(
    alert: Mapping[str, Any], *, workspace: Mapping[str, Any], base: str, resolves: str | None = None
) -> dict[str, Any]:
    """Return the payload of the operational event that an alert raises when it opens, and when it closes.

    Args:
        alert: Its row.
        workspace: id and name.
        base: Where the console is.
        resolves: The id of the alert that this one ends (`endpoint.recovered`).

    """
    webhook_id, details = alert["webhook_id"], dict(alert["details"])
    name = details.pop("webhook_name", None)
    return {
        "alert_id": alert["id"],
        "topic": str(alert["topic"]),
        "state": "open" if alert["closed_at"] is None else "closed",
        "resolves": resolves,
        "summary": sentence(alert),
        "cause": alert["cause"],
        "workspace": {"id": workspace["id"], "name": workspace["name"]},
        "webhook": None if webhook_id is None else {"id": webhook_id, "name": name},
        "opened_at": rfc3339(alert["opened_at"]),
        "closed_at": time_text(alert["closed_at"]),
        "details": details,
        "fix_url": console_link(base, webhook_id),
    }


def sample_alert(topic: str) -> dict[str, Any]:
    """Return a payload as an operational event has it, for tests and previews."""
    at = datetime.fromisoformat(_SAMPLE_AT)
    details = {
        "webhook_name": "CRM sync",
        "failing_since": _SAMPLE_AT,
        "consecutive_failures": 12,
        "last_error": "HTTP 503",
    }
    alert = {
        "id": "alr_sample",
        "topic": topic,
        "webhook_id": "wh_sample",
        "cause": "server_error",
        "details": details,
        "opened_at": at,
        "closed_at": None,
    }
    return payload(alert, workspace={"id": "ws_sample", "name": "Sample"}, base="https://hookwright.example")


def _why(alert: Mapping[str, Any]) -> str:
    error, cause = alert["details"].get("last_error"), alert["cause"]
    words = one_line(error, _ERROR) if error else one_line(cause, 40) if cause else ""
    return f" ({words})" if words else ""


def _percent(details: Mapping[str, Any]) -> str:
    rate = details.get("success_rate")
    return "few" if rate is None else f"{rate:g} %"
