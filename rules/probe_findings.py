"""What a probe says: what fails on the way to the endpoint now, and what soon will."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from rules.advice import fixes_of, summary_of
from rules.diagnosis_facts import WebhookFacts
from rules.findings import EDIT_ENDPOINT, Evidence, Finding, Fix, count, listed, plain, quoted
from rules.outcomes import Cause
from rules.probe_report import ProbeReport, Stage

EXPIRY_NOTICE: Final = timedelta(days=14)
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - to recognise, not to bind


def unreachable(webhook: WebhookFacts, probe: ProbeReport | None) -> Finding | None:
    """Explain the stage below HTTP that fails now; what fails now outweighs what failed before."""
    stage = probe.network_failure if probe else None
    return _finding(webhook, stage)


def unanswered(webhook: WebhookFacts, probe: ProbeReport | None) -> Finding | None:
    """Explain an endpoint that is reached but did not answer the probe in HTTP."""
    stage = probe.http if probe and probe.http and not probe.http.ok else None
    return _finding(webhook, stage)


def expiring(webhook: WebhookFacts, probe: ProbeReport | None, now: datetime) -> Finding | None:
    """Warn of a certificate that is still good but not for much longer."""
    end = probe.certificate_ends_at if probe else None
    if end is None or not now < end < now + EXPIRY_NOTICE:
        return None
    text = f"The TLS certificate of {webhook.host} expires in {count((end - now).days, 'day')}, on {end:%Y-%m-%d}."
    fix = Fix("Renew the certificate before then; after that, deliveries fail.")
    return Finding(None, text, (Evidence("certificate", text),), (fix,))


def local_url(webhook: WebhookFacts) -> Finding | None:
    """Explain that `localhost` is not the machine of the person who typed it (A11)."""
    if webhook.host not in _LOCAL_NAMES and not webhook.host.endswith(".localhost"):
        return None
    text = f"The URL points to {webhook.host}: that is the machine this server runs on, not the computer you sit at."
    fix = Fix("Use a public address; for a service on your own computer, open a tunnel to it.", EDIT_ENDPOINT)
    return Finding(None, text, (Evidence("settings", text),), (fix,))


def stages(probe: ProbeReport | None) -> list[Evidence]:
    """Tell what each stage of a probe found."""
    if probe is None:
        return []
    told = [("DNS", probe.dns, _dns), ("TCP", probe.tcp, _tcp), ("TLS", probe.tls, _tls), ("HTTP", probe.http, _http)]
    lines = []
    for name, stage, tell in told:
        if stage is not None:
            found = (
                tell(stage.detail) if stage.ok else f"{stage.error or stage.cause}{_shown_certificate(stage.detail)}"
            )
            lines.append(Evidence("probe", f"{name}: {found} ({stage.ms} ms)"))
    return lines


def _finding(webhook: WebhookFacts, stage: Stage | None) -> Finding | None:
    if stage is None or stage.cause is None:
        return None
    return Finding(stage.cause, summary_of(stage.cause, webhook), (), fixes_of(stage.cause, webhook))


def _dns(detail: Mapping[str, Any]) -> str:
    return f"the name leads to {', '.join(detail.get('addresses', ()))}"


def _tcp(detail: Mapping[str, Any]) -> str:
    return f"connected to {detail.get('address')}"


def _tls(detail: Mapping[str, Any]) -> str:
    return f"{detail.get('version')} agreed{_shown_certificate(detail)}"


def _http(detail: Mapping[str, Any]) -> str:
    target = f" and redirects to {quoted(detail['location'])}" if "location" in detail else ""
    return f"the endpoint answers {detail.get('method')} with {detail.get('status')}{target}; nothing was delivered"


def _shown_certificate(detail: Mapping[str, Any]) -> str:
    if "not_after" not in detail:
        return ""
    dates = f"valid {detail['not_before'][:10]} to {detail['not_after'][:10]}"
    issuer = plain(str(detail.get("issuer", "")), 120)
    return f"; the certificate is for {listed(detail.get('names', ()))}, {dates}, issued by {quoted(issuer, 120)}"


def explains(cause: Cause) -> bool:
    """Say whether a probe that gets through contradicts a cause from the history."""
    return cause in _NETWORK


_NETWORK: Final = frozenset(
    {
        Cause.DNS_FAILURE,
        Cause.CONNECTION_REFUSED,
        Cause.CONNECT_TIMEOUT,
        Cause.TLS_EXPIRED,
        Cause.TLS_UNTRUSTED,
        Cause.TLS_HOSTNAME,
        Cause.TLS_ERROR,
        Cause.BLOCKED_ADDRESS,
    }
)
