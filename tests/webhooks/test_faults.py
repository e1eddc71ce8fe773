"""Each fault of the laboratory, sent to for real, is diagnosed by its name: door out, attempt, probe, diagnosis."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from random import Random

import pytest

from rules.addresses import Policy
from rules.diagnosis import Diagnosis, diagnose
from rules.diagnosis_facts import WebhookFacts
from rules.filters import FilterSet
from rules.outcomes import Cause
from rules.retry import RetryPolicy
from server.egress import Egress
from tests.faultlab import FaultLab, certificates
from webhooks.attempt import attempt
from webhooks.probe import Prober
from webhooks.profiles import PROFILES, Message
from webhooks.repair import attempt_fact
from webhooks.request import Target
from webhooks.views import attempt_view

LOOPBACK = Policy(allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")), allow_http=True)
QUICK, PATIENT = timedelta(seconds=0.5), timedelta(seconds=20)
Where = Callable[[FaultLab], Awaitable[str]]


@pytest.fixture
async def lab() -> AsyncIterator[FaultLab]:
    laboratory = FaultLab()
    yield laboratory
    await laboratory.close()


@pytest.fixture
async def egress(tmp_path: Path) -> AsyncIterator[Egress]:
    door = Egress(LOOPBACK, ca_file=certificates.write_authority(tmp_path))
    yield door
    await door.close()


async def examine(
    egress: Egress, url: str, *, auth_header: str | None = None, probe: bool = True, patience: timedelta = PATIENT
) -> Diagnosis:
    """Attempt a delivery three times with the worker's own code, and diagnose what came of it."""
    target = Target(
        id="wh_1",
        workspace_id="ws_1",
        url=url,
        active=True,
        profile=PROFILES["perspective"],
        filters=FilterSet(),
        retry=RetryPolicy(),
        timeout=patience,
        max_in_flight=None,
        rate_limit_per_second=None,
        headers={auth_header: "Bearer planted-secret"} if auth_header else {},
        secret_headers=frozenset({auth_header.lower()} if auth_header else ()),
        signing=(),
        keys={},
        version=datetime.now(UTC),
    )
    message = Message("evt_1", "interview.completed", datetime.now(UTC), "{}", "dlv_1")
    made = await asyncio.gather(
        *(attempt(target, message, number=n, retries_used=0, send=egress, rng=Random(1)) for n in (1, 2, 3))
    )
    facts = [attempt_fact({"delivery_id": "dlv_1", **attempt_view(one.log_row())}) for one in made]
    webhook = WebhookFacts(
        url=url,
        enabled=True,
        filters=FilterSet(),
        profile="perspective",
        timeout_ms=20_000,
        created_at=datetime.now(UTC) - timedelta(days=1),
        auth_header=auth_header,
        idempotency_header="X-Idempotency-Key",
        policy=egress.policy,
    )
    prober = Prober(egress, egress.policy, tls=egress.tls, stage_seconds=patience.total_seconds())
    report = await prober(url) if probe else None
    found = diagnose(webhook, facts, [], report, now=datetime.now(UTC))
    assert "planted-secret" not in str([found.as_dict(), *(one.log_row() for one in made)])
    return found


def evidence(diagnosis: Diagnosis, kind: str) -> str:
    return "\n".join(item.text for item in diagnosis.evidence if item.kind == kind)


def https(context: ssl.SSLContext) -> Where:
    return lambda lab: lab.status(200, tls=context)


async def unknown_name(_: FaultLab) -> str:
    return "https://no-such-host.invalid/hook"


NETWORK: dict[str, tuple[Where, Cause]] = {
    "unknown name": (unknown_name, Cause.DNS_FAILURE),
    "closed port": (FaultLab.refused, Cause.CONNECTION_REFUSED),
    "full backlog": (FaultLab.full_backlog, Cause.CONNECT_TIMEOUT),
    "TLS that never begins": (FaultLab.silent_tls, Cause.CONNECT_TIMEOUT),
    "expired certificate": (https(certificates.ending_in(-1)), Cause.TLS_EXPIRED),
    "certificate not valid yet": (https(certificates.not_yet()), Cause.TLS_EXPIRED),
    "unknown authority": (https(certificates.untrusted()), Cause.TLS_UNTRUSTED),
    "certificate for another name": (https(certificates.other_name()), Cause.TLS_HOSTNAME),
    "no TLS on the port": (FaultLab.plain_on_tls_port, Cause.TLS_ERROR),
    "never answers": (FaultLab.never_answers, Cause.RESPONSE_TIMEOUT),
    "slow body": (FaultLab.slow_body, Cause.RESPONSE_TIMEOUT),
    "reset": (FaultLab.reset, Cause.CONNECTION_RESET),
    "reset in the body": (FaultLab.reset_in_body, Cause.CONNECTION_RESET),
    "hangs up": (lambda lab: lab.raw(b""), Cause.CONNECTION_RESET),
    "garbage": (lambda lab: lab.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), Cause.INVALID_RESPONSE),
    "half a body": (
        lambda lab: lab.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
        Cause.INVALID_RESPONSE,
    ),
}


@pytest.mark.parametrize("probe", [True, False], ids=["probed", "from history"])
@pytest.mark.parametrize("fault", NETWORK)
async def test_fault_of_the_network_is_named(lab: FaultLab, egress: Egress, fault: str, *, probe: bool):
    where, cause = NETWORK[fault]
    patience = QUICK if cause in {Cause.CONNECT_TIMEOUT, Cause.RESPONSE_TIMEOUT} else PATIENT
    found = await examine(egress, await where(lab), probe=probe, patience=patience)
    assert found.cause is cause, found
    assert "The last 3 attempts failed" in evidence(found, "attempts")
    assert any(fix.change == {"action": "test"} for fix in found.fixes)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (301, Cause.REDIRECT),
        (400, Cause.BAD_REQUEST),
        (401, Cause.UNAUTHORIZED),
        (402, Cause.CLIENT_ERROR),
        (403, Cause.UNAUTHORIZED),
        (404, Cause.NOT_FOUND),
        (405, Cause.METHOD_NOT_ALLOWED),
        (410, Cause.GONE),
        (413, Cause.PAYLOAD_TOO_LARGE),
        (415, Cause.UNSUPPORTED_MEDIA),
        (422, Cause.BAD_REQUEST),
        (429, Cause.RATE_LIMITED),
        (500, Cause.SERVER_ERROR),
        (502, Cause.SERVER_ERROR),
        (503, Cause.SERVER_ERROR),
    ],
)
async def test_status_is_named_and_the_answer_quoted(lab: FaultLab, egress: Egress, status: int, cause: Cause):
    found = await examine(egress, await lab.status(status, b'{"error": "this is why"}'))
    assert found.cause is cause
    assert f"The last 3 attempts failed with HTTP {status}, the newest just now." in evidence(found, "attempts")
    assert '“{"error": "this is why"}”' in evidence(found, "response")
    assert "HTTP: the endpoint answers OPTIONS" in evidence(found, "probe")


@pytest.mark.parametrize("auth_header", ["Authorization", None])
async def test_unauthorized_says_whether_an_auth_header_is_set(lab: FaultLab, egress: Egress, auth_header: str | None):
    found = await examine(egress, await lab.status(401), auth_header=auth_header)
    assert found.cause is Cause.UNAUTHORIZED
    told = "An auth header is set: `Authorization`." if auth_header else "An auth header is not set."
    assert told in evidence(found, "settings")
    assert found.fixes[0].change == {"action": "edit_endpoint"}


async def test_secret_that_the_endpoint_repeats_is_masked(lab: FaultLab, egress: Egress):
    url = await lab.status(401, b'{"error": "invalid token planted-secret"}', ("X-Echo: Bearer planted-secret",))
    found = await examine(egress, url, auth_header="X-Own")
    assert "invalid token ••••••" in evidence(found, "response")


async def test_redirect_names_its_target_and_offers_it(lab: FaultLab, egress: Egress):
    found = await examine(egress, await lab.redirect("https://hooks.example.com/new"))
    assert found.cause is Cause.REDIRECT
    assert "“https://hooks.example.com/new”" in found.summary
    assert found.fixes[0].change == {"patch": {"url": "https://hooks.example.com/new"}}


async def test_retry_after_is_evidence(lab: FaultLab, egress: Egress):
    found = await examine(egress, await lab.status(429, headers=("Retry-After: 30",)))
    assert "Retry-After: “30”" in evidence(found, "response")


async def test_expired_certificate_shows_its_dates_and_names(lab: FaultLab, egress: Egress):
    found = await examine(egress, await lab.status(200, tls=certificates.ending_in(-1)))
    assert "the certificate is for `localhost`, valid " in evidence(found, "probe")
    assert found.as_dict()["probe"]["tls"]["days_left"] == -1


async def test_wrong_name_shows_the_names_that_would_do(lab: FaultLab, egress: Egress):
    found = await examine(egress, await lab.status(200, tls=certificates.other_name()))
    assert "`hooks.example.com`, `*.example.net`" in evidence(found, "probe")


async def test_certificate_near_its_end_is_told_while_all_is_well(lab: FaultLab, egress: Egress):
    found = await examine(egress, await lab.status(200, tls=certificates.ending_in(6)))
    assert found.cause is Cause.HEALTHY
    assert "expires in 6 days" in evidence(found, "certificate")


async def test_localhost_that_is_not_allowed_is_blocked_and_explained(lab: FaultLab):
    door = Egress(Policy(allow_http=True))
    found = await examine(door, await lab.status(200))
    assert found.cause is Cause.BLOCKED_ADDRESS
    assert "not the computer you sit at" in evidence(found, "settings")
    assert lab.connections == 0
    await door.close()


async def test_timeouts_that_were_repeated_explain_duplicates(lab: FaultLab, egress: Egress):
    found = await examine(egress, await lab.never_answers(), patience=QUICK, probe=False)
    assert "All attempts of a delivery carry the same `X-Idempotency-Key`" in evidence(found, "duplicates")


async def test_healthy_endpoint_is_healthy(lab: FaultLab, egress: Egress):
    found = await examine(egress, await lab.status(200, tls=certificates.good()))
    assert found.cause is Cause.HEALTHY
    assert found.fixes == ()
