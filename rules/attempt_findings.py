"""What the attempt history says: the failure that stands, slowness, duplicates."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from math import ceil
from typing import Final
from urllib.parse import urljoin, urlsplit

from rules.addresses import check_url
from rules.advice import fixes_of, summary_of, timeout_fixes
from rules.diagnosis_facts import AttemptFact, WebhookFacts
from rules.errors import InvalidInput
from rules.findings import EDIT_ENDPOINT, Evidence, Finding, Fix, ago, count, patch, plain, quoted
from rules.outcomes import Cause

REACHED: Final = frozenset({Cause.RESPONSE_TIMEOUT, Cause.CONNECTION_RESET, Cause.INVALID_RESPONSE})
_URL_CHARACTERS: Final = 2048
_SLOW_SHARE: Final = 0.8
_SLOW_SAMPLE: Final = 5


def failing(webhook: WebhookFacts, attempts: Sequence[AttemptFact], now: datetime) -> Finding | None:
    """Explain the failure that stands: the newest attempt failed, or failures are still counted.

    Args:
        webhook: The webhook.
        attempts: Newest first, tests included.
        now: Aware.

    """
    streak = list(takewhile(lambda attempt: not attempt.delivered, attempts))
    cause = streak[0].cause if streak else webhook.last_cause
    if cause is None or not (streak or webhook.consecutive_failures):
        return None
    evidence = [_history(webhook, streak, now)]
    if cause is Cause.UNAUTHORIZED:
        state = "is set" if webhook.auth_header else "is not set"
        evidence.append(Evidence("settings", f"An auth header {state}{_named(webhook)}."))
    if streak:
        evidence.extend(_answer(streak[0]))
    if cause is Cause.REDIRECT and streak:
        return _redirect(webhook, streak[0], tuple(evidence))
    return Finding(cause, summary_of(cause, webhook), tuple(evidence), fixes_of(cause, webhook))


def slow(webhook: WebhookFacts, attempts: Sequence[AttemptFact]) -> Finding | None:
    """Warn when 95 of 100 answers come only just before the timeout, or later."""
    durations = sorted(attempt.duration_ms for attempt in attempts if attempt.delivered)
    if len(durations) < _SLOW_SAMPLE:
        return None
    p95 = durations[ceil(0.95 * len(durations)) - 1]
    if p95 < _SLOW_SHARE * webhook.timeout_ms:
        return None
    text = f"The endpoint is slow: 95 % of its answers take up to {p95} ms, and the timeout is {webhook.timeout_ms} ms."
    advice = Fix("Make the endpoint answer 2xx at once and do its work afterwards.")
    return Finding(None, text, (Evidence("speed", text),), (advice, *timeout_fixes(webhook)))


def duplicates(webhook: WebhookFacts, attempts: Sequence[AttemptFact]) -> Finding | None:
    """Explain duplicates: an attempt that reached the endpoint failed, and was followed by another (A11)."""
    made = Counter(attempt.delivery_id for attempt in attempts if attempt.delivery_id)
    reached = {
        attempt.delivery_id
        for attempt in attempts
        if attempt.delivery_id
        and not attempt.delivered
        and (attempt.status_code is not None or attempt.cause in REACHED)
    }
    repeated = sum(1 for delivery in reached if made[delivery] > 1)
    if not repeated:
        return None
    header = webhook.idempotency_header
    text = (
        f"{count(repeated, 'delivery', 'deliveries')} reached the endpoint more than once: an attempt that"
        f" did not end in 2xx is repeated. All attempts of a delivery carry the same `{header}`."
    )
    fix = Fix(f"Make the endpoint remember the `{header}` values it has handled, and skip repeats.")
    return Finding(None, text, (Evidence("duplicates", text),), (fix,))


def _named(webhook: WebhookFacts) -> str:
    return f": `{webhook.auth_header}`" if webhook.auth_header else ""


def _history(webhook: WebhookFacts, streak: Sequence[AttemptFact], now: datetime) -> Evidence:
    if not streak:
        number = webhook.consecutive_failures
        return Evidence(
            "attempts", f"{count(number, 'attempt')} in a row failed: {plain(webhook.last_error or '', 200)}"
        )
    number = len(streak)
    newest = ago(streak[0].at, now)
    subject = f"The last {count(number, 'attempt')} failed" if number > 1 else "The last attempt failed"
    outcomes = Counter(attempt.outcome for attempt in streak)
    if len(outcomes) == 1:
        when = f"the newest {newest}" if number > 1 else newest
        return Evidence("attempts", f"{subject} with {streak[0].outcome}, {when}.")
    parts = ", ".join(f"{times} with {outcome}" for outcome, times in outcomes.most_common())
    return Evidence("attempts", f"{subject}: {parts}; the newest, {newest}, with {streak[0].outcome}.")


def _answer(attempt: AttemptFact) -> list[Evidence]:
    evidence = []
    if attempt.status_code is None and attempt.error:
        evidence.append(Evidence("attempts", plain(attempt.error, 300)))
    if attempt.retry_after:
        evidence.append(Evidence("response", f"The endpoint sent Retry-After: {quoted(attempt.retry_after, 64)}."))
    if attempt.excerpt.strip():
        evidence.append(Evidence("response", f"The endpoint's own words, quoted: {quoted(attempt.excerpt)}"))
    return evidence


def _redirect(webhook: WebhookFacts, attempt: AttemptFact, evidence: tuple[Evidence, ...]) -> Finding:
    location = attempt.location or ""
    summary = summary_of(Cause.REDIRECT, webhook)
    if not location:
        missing = Evidence("response", "The redirect names no target.")
        return Finding(Cause.REDIRECT, summary, (*evidence, missing), fixes_of(Cause.REDIRECT, webhook))
    summary = f"{summary} The target is {quoted(location)}."
    told = Evidence("response", f"It redirects to {quoted(location)}.")
    target = _usable(webhook, location)
    if target is None:
        fix = Fix("Enter the address at which the endpoint really takes webhooks.", EDIT_ENDPOINT)
    else:
        elsewhere = (
            "" if urlsplit(target).hostname == webhook.host else " This is another host: check that it is yours."
        )
        fix = Fix(f"Send to {quoted(target)} directly.{elsewhere}", patch(url=target))
    return Finding(Cause.REDIRECT, summary, (*evidence, told), (fix, *fixes_of(Cause.REDIRECT, webhook)))


def _usable(webhook: WebhookFacts, location: str) -> str | None:
    """Resolve a redirect's target to a URL that could be saved, or None."""
    if len(location) > _URL_CHARACTERS:
        return None
    try:
        return check_url(urljoin(webhook.url, location), webhook.policy)
    except (InvalidInput, ValueError):
        return None
