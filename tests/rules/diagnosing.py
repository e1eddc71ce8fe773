"""Facts about a webhook as it usually is, to be changed by a test, and what a diagnosis made of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.diagnosis import Diagnosis
from rules.diagnosis_facts import AttemptFact, EventFact, WebhookFacts
from rules.filters import FilterSet, explain
from rules.outcomes import Cause, cause_of_status
from rules.probe_report import ProbeReport, Stage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OK = Stage(ok=True, ms=3)
REACHED = ProbeReport(dns=OK, tcp=OK, tls=OK, http=Stage(ok=True, ms=4, detail={"method": "OPTIONS", "status": 204}))


def webhook(**changes: Any) -> WebhookFacts:
    facts = WebhookFacts(
        url="https://hooks.example.com/in",
        enabled=True,
        filters=FilterSet(),
        profile="perspective",
        timeout_ms=5000,
        created_at=NOW - timedelta(days=30),
    )
    return replace(facts, **changes)


def attempt(minutes: float, status: int | None = 200, **changes: Any) -> AttemptFact:
    cause = None if status is None else cause_of_status(status)
    cause = None if cause is Cause.HEALTHY else cause
    facts = AttemptFact(at=NOW - timedelta(minutes=minutes), duration_ms=20, cause=cause, status_code=status)
    return replace(facts, **{"delivery_id": f"dlv_{minutes}", **changes})


def fault(minutes: float, cause: Cause, **changes: Any) -> AttemptFact:
    return attempt(minutes, None, **{"cause": cause, "error": "It broke.", **changes})


def events(filters: FilterSet, number: int, **changes: Any) -> list[EventFact]:
    event_type = changes.pop("type", "interview.completed")
    payload: dict[str, Any] = {"tags": [], "trust_score": None, **changes}
    report = explain(filters, event_type, payload)
    tags = tuple(payload["tags"])
    return [
        EventFact(event_type, NOW - timedelta(minutes=index), report, tags, payload["trust_score"])
        for index in range(number)
    ]


def texts(diagnosis: Diagnosis, kind: str) -> list[str]:
    return [item.text for item in diagnosis.evidence if item.kind == kind]


def changes_of(diagnosis: Diagnosis) -> list[Any]:
    return [fix.change for fix in diagnosis.fixes if fix.change]
