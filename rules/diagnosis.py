"""Why a webhook does not deliver, computed from its history, a probe and a replay of recent events (X03, A11)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.attempt_findings import duplicates, failing, slow
from rules.diagnosis_facts import AttemptFact, EventFact, WebhookFacts
from rules.filter_findings import never_matching, nothing_yet, passing
from rules.findings import EDIT_ENDPOINT, REPLAY, TEST, Evidence, Finding, Fix, ago, count, patch
from rules.outcomes import Cause
from rules.probe_findings import expiring, explains, local_url, stages, unanswered, unreachable
from rules.probe_report import ProbeReport

_ENABLE = Fix("Switch the webhook on.", patch(enabled=True))


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A named cause, what it means, what was observed, and what to do about it, the most useful first."""

    cause: Cause
    summary: str
    evidence: tuple[Evidence, ...]
    fixes: tuple[Fix, ...]
    probe: ProbeReport | None

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of `GET /v1/webhooks/{id}/diagnosis`."""
        return {
            "cause": str(self.cause),
            "summary": self.summary,
            "evidence": [item.as_dict() for item in self.evidence],
            "fixes": [fix.as_dict() for fix in self.fixes],
            "probe": self.probe.as_dict() if self.probe else None,
        }


def diagnose(
    webhook: WebhookFacts,
    attempts: Sequence[AttemptFact],
    events: Sequence[EventFact],
    probe: ProbeReport | None,
    *,
    now: datetime,
) -> Diagnosis:
    """Name the cause.

    It is the first of these that holds: the webhook is off; its secrets cannot be read; the way to the endpoint fails
    now; attempts fail; nothing was ever delivered and the endpoint does not answer the probe; the filters reject
    everything; nothing has happened yet. All others that hold add their evidence and fixes.

    Args:
        webhook: The webhook.
        attempts: Its newest attempts, newest first, tests included.
        events: The newest events it hears, newest first, with what its filters say to each today. Only those since it
            was created tell anything of its filters.
        probe: What a probe just found; None when none was made.
        now: Aware.

    """
    failure = failing(webhook, attempts, now)
    heard = [event for event in events if event.at >= webhook.created_at]  # the filters had no say in earlier ones
    found = _in_order(
        _switched_off(webhook, failure),
        _sealed_away(webhook),
        unreachable(webhook, probe),
        _recovered(failure, probe),
        None if any(attempt.delivered for attempt in attempts) else unanswered(webhook, probe),
        never_matching(webhook, heard, attempts),
        nothing_yet(webhook, events, attempts),
    )
    main = found[0] if found else _healthy(attempts, heard, now)
    notes = _in_order(
        local_url(webhook) if main.cause and explains(main.cause) else None,
        expiring(webhook, probe, now),
        slow(webhook, attempts),
        duplicates(webhook, attempts),
    )
    rest = [finding for finding in found[1:] if finding.cause is not Cause.NO_EVENTS_YET]
    every = [main, *rest, *notes]
    evidence = [*(item for finding in every for item in finding.evidence), *stages(probe)]
    return Diagnosis(main.cause or Cause.HEALTHY, main.summary, _unique(evidence), _fixes(every, attempts), probe)


def _in_order(*findings: Finding | None) -> list[Finding]:
    return [finding for finding in findings if finding is not None]


def _switched_off(webhook: WebhookFacts, failure: Finding | None) -> Finding | None:
    if webhook.enabled:
        return None
    off = Evidence("settings", "The webhook is switched off: events pass it by.")
    if failure is not None and failure.cause is Cause.GONE:
        summary = f"{failure.summary} The webhook is switched off."
        fixes = (Fix("Enter the new address, if there is one.", EDIT_ENDPOINT), _ENABLE)
        return Finding(Cause.GONE, summary, (off, *failure.evidence), fixes)
    return Finding(Cause.DISABLED, "The webhook is switched off, so nothing is sent.", (off,), (_ENABLE,))


def _sealed_away(webhook: WebhookFacts) -> Finding | None:
    if webhook.readable:
        return None
    text = "This server's master key does not open the webhook's secrets, so nothing is sent; its events wait."
    told = Evidence("settings", "The webhook's secrets were sealed with another master key.")
    fix = Fix("Have an operator start the server with the master.key, or HOOKWRIGHT_MASTER_KEY, that belongs to them.")
    return Finding(Cause.LOCAL_ERROR, text, (told,), (fix,))


def _recovered(failure: Finding | None, probe: ProbeReport | None) -> Finding | None:
    """Add to a failure of the network that the probe gets through now."""
    if failure is None or probe is None or failure.cause is None or not explains(failure.cause):
        return failure
    if probe.network_failure is not None or probe.http is None or not probe.http.ok:
        return failure
    summary = f"{failure.summary} It was so at the last attempt; a probe gets through now."
    test = Fix("Send a test: the endpoint can be reached now.", TEST)
    return Finding(failure.cause, summary, failure.evidence, (test, *failure.fixes))


def _healthy(attempts: Sequence[AttemptFact], events: Sequence[EventFact], now: datetime) -> Finding:
    sent = [attempt for attempt in attempts if not attempt.test]
    evidence = [item for item in [passing(events, now)] if item]
    if not sent:
        return Finding(Cause.HEALTHY, "Nothing is wrong; an event is waiting to be sent.", tuple(evidence))
    delivered = sum(attempt.delivered for attempt in sent)
    told = (
        f"{delivered} of the last {count(len(sent), 'attempt')} delivered, the newest attempt {ago(sent[0].at, now)}."
    )
    return Finding(Cause.HEALTHY, "Deliveries succeed.", (Evidence("attempts", told), *evidence))


def _fixes(findings: Sequence[Finding], attempts: Sequence[AttemptFact]) -> tuple[Fix, ...]:
    fixes = [fix for finding in findings for fix in finding.fixes]
    if any(finding.cause for finding in findings) and _has_lost(attempts):
        fixes.append(Fix("When it works again, send the failed deliveries once more.", REPLAY))
    # A change that applies by itself need not be offered twice in other words; what a person types into a form may.
    unique: dict[str, Fix] = {}
    for fix in fixes:
        by_text = fix.change is None or fix.change == EDIT_ENDPOINT
        unique.setdefault(fix.text if by_text else str(fix.change), fix)
    return tuple(unique.values())


def _has_lost(attempts: Sequence[AttemptFact]) -> bool:
    return any(not attempt.delivered and not attempt.test for attempt in attempts[:1])


def _unique(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence))
