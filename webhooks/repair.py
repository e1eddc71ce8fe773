"""The doctor: gathers what is known about a webhook, and has it diagnosed (X03)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rules.addresses import Policy
from rules.diagnosis import Diagnosis, diagnose
from rules.diagnosis_facts import AttemptFact, EventFact, WebhookFacts
from rules.filters import FilterSet, explain
from rules.outcomes import Cause
from webhooks.insights import Insights
from webhooks.probe import Prober
from webhooks.profiles import PROFILES
from webhooks.registry import Registry
from webhooks.views import WebhookView

ATTEMPTS_READ = 50
EVENTS_REPLAYED = 12
EXCERPT_CHARACTERS = 1_000
STANDARD_ID_HEADER = "webhook-id"


class Doctor:
    """Diagnoses webhooks from their history, a replay of recent events through the filters, and a probe.

    Args:
        registry: Where webhooks are read.
        insights: Where attempts and events are read.
        prober: How endpoints are looked at.
        policy: Which addresses may be proposed as a new URL.
        opens: Whether a sealed value can be read.

    """

    def __init__(
        self,
        registry: Registry,
        insights: Insights,
        prober: Prober,
        policy: Policy,
        opens: Callable[[str], bool] = lambda _sealed: True,
    ) -> None:
        self._opens = opens
        self._registry = registry
        self._insights = insights
        self._prober = prober
        self._policy = policy

    async def diagnose(self, workspace_id: str, webhook_id: str, *, probe: bool = True) -> Diagnosis:
        """Diagnose one webhook; raises NotFound.

        Args:
            workspace_id: Whose webhook.
            webhook_id: Which.
            probe: Whether to look at the endpoint now, which can take some seconds.

        """
        webhook = await self._registry.get(workspace_id, webhook_id)
        attempts = await self._insights.attempts(workspace_id, webhook_id, limit=ATTEMPTS_READ)
        events = await self._insights.recent_events(workspace_id, webhook_id, limit=EVENTS_REPLAYED)
        readable = all(map(self._opens, await self._insights.sealed(workspace_id, webhook_id)))
        # Nothing of the store is held while the endpoint takes its time.
        report = await self._prober(webhook.url) if probe else None
        return diagnose(
            replace(webhook_facts(webhook, self._policy), readable=readable),
            [attempt_fact(attempt) for attempt in attempts.items],
            [event_fact(event, webhook.filters) for event in events],
            report,
            now=datetime.now(UTC),
        )


def webhook_facts(webhook: WebhookView, policy: Policy) -> WebhookFacts:
    """Take from a webhook what a diagnosis looks at."""
    health = webhook.health
    header = webhook.auth_header
    return WebhookFacts(
        url=webhook.url,
        enabled=webhook.enabled,
        filters=webhook.filters,
        profile=webhook.profile,
        timeout_ms=webhook.timeout_ms,
        created_at=webhook.created_at,
        auth_header=header["name"] if header and header.get("set") else None,
        consecutive_failures=health.consecutive_failures,
        last_cause=_cause(health.last_cause),
        last_error=health.last_error,
        rate_limit_per_second=webhook.rate_limit_per_second,
        idempotency_header=_idempotency_header(webhook.profile),
        policy=policy,
        signed=webhook.has_secret,
    )


def attempt_fact(attempt: Mapping[str, Any]) -> AttemptFact:
    """Take from an attempt, in the API's shape, what a diagnosis looks at."""
    headers = attempt["response_headers"] or {}
    delivered = attempt["status"] == "delivered"
    return AttemptFact(
        at=datetime.fromisoformat(attempt["attempted_at"]),
        duration_ms=attempt["duration_ms"],
        cause=None if delivered else _cause(attempt["cause"]) or Cause.CLIENT_ERROR,
        status_code=attempt["status_code"],
        error=attempt["error"],
        delivery_id=attempt["delivery_id"],
        test=attempt["delivery_id"] is None,
        excerpt=(attempt["response_body"] or "")[:EXCERPT_CHARACTERS],
        location=headers.get("location"),
        retry_after=headers.get("retry-after"),
    )


def event_fact(event: Mapping[str, Any], filters: FilterSet) -> EventFact:
    """Run a stored event through a webhook's present filters."""
    payload = event["payload"] if isinstance(event["payload"], dict) else json.loads(event["payload"])
    tags = payload.get("tags")
    score = payload.get("trust_score")
    return EventFact(
        type=event["type"],
        at=event["created_at"],
        report=explain(filters, event["type"], payload),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        trust_score=score if isinstance(score, int | float) and not isinstance(score, bool) else None,
    )


def _cause(name: str | None) -> Cause | None:
    return Cause(name) if name is not None and name in set(Cause) else None


def _idempotency_header(profile: str) -> str:
    """Name the header that is the same in all attempts of a delivery."""
    headers = PROFILES[profile].headers if profile in PROFILES else {}
    stable = (name for name, carries in headers.items() if carries in {"delivery_id", "event_id"})
    return next(stable, STANDARD_ID_HEADER)
