"""The staged probe, against a real server for each fault."""

import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from rules.addresses import Policy
from rules.outcomes import Cause
from rules.probe_report import ProbeReport, Stage
from server.egress import Egress
from tests.faultlab import FaultLab, certificates
from webhooks.probe import Prober

LOOPBACK = Policy(allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")), allow_http=True)


@pytest.fixture
async def lab() -> AsyncIterator[FaultLab]:
    laboratory = FaultLab()
    yield laboratory
    await laboratory.close()


@pytest.fixture
async def prober(tmp_path: Path) -> AsyncIterator[Prober]:
    egress = Egress(LOOPBACK, ca_file=certificates.write_authority(tmp_path))
    yield Prober(egress, LOOPBACK, tls=egress.tls, stage_seconds=10.0)
    await egress.close()


def ok(stage: Stage | None) -> Stage:
    assert stage is not None
    assert stage.ok, stage
    return stage


def failed(report: ProbeReport) -> Stage:
    assert report.http is None
    stage = report.network_failure
    assert stage is not None
    assert stage.error
    return stage


async def test_healthy_https_endpoint_passes_every_stage(lab: FaultLab, prober: Prober):
    report = await prober(await lab.status(405, tls=certificates.good()))
    assert ok(report.dns).detail["addresses"]
    assert ok(report.tcp).detail["address"] == "127.0.0.1"
    tls = ok(report.tls).detail
    assert tls["version"] == "TLSv1.3"
    assert "localhost" in tls["names"]
    assert "Fault laboratory" in tls["issuer"]
    assert ok(report.http).detail["status"] == 405
    assert report.network_failure is None
    assert report.as_dict()["tls"]["days_left"] > 0


async def test_nothing_is_delivered(lab: FaultLab, prober: Prober):
    await prober(await lab.status(200))
    assert [(seen.method, seen.body) for seen in lab.requests] == [("OPTIONS", b"")]
    assert "authorization" not in lab.requests[0].headers


async def test_plain_http_has_no_tls_stage(lab: FaultLab, prober: Prober):
    report = await prober(await lab.status(200))
    assert report.tls is None
    assert report.as_dict()["tls"] is None
    assert ok(report.http).detail["status"] == 200


async def test_unknown_name_fails_in_dns(prober: Prober):
    report = await prober("https://no-such-host.invalid/hook")
    assert failed(report).cause is Cause.DNS_FAILURE
    assert report.tcp is None


async def test_closed_port_fails_in_tcp(lab: FaultLab, prober: Prober):
    report = await prober(await lab.refused())
    assert ok(report.dns)
    assert failed(report).cause is Cause.CONNECTION_REFUSED


async def test_blackhole_fails_in_tcp(lab: FaultLab, prober: Prober, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prober, "_seconds", 0.4)
    report = await prober(await lab.full_backlog())
    assert failed(report).cause is Cause.CONNECT_TIMEOUT
    assert report.tls is None


async def test_silence_fails_in_tls(lab: FaultLab, prober: Prober, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prober, "_seconds", 0.4)
    report = await prober(await lab.silent_tls())
    assert ok(report.tcp)
    assert failed(report) is report.tls
    assert report.tls is not None
    assert report.tls.cause is Cause.CONNECT_TIMEOUT


@pytest.mark.parametrize(
    ("context", "cause", "name"),
    [
        (certificates.ending_in(-2), Cause.TLS_EXPIRED, "localhost"),
        (certificates.not_yet(), Cause.TLS_EXPIRED, "localhost"),
        (certificates.untrusted(), Cause.TLS_UNTRUSTED, "localhost"),
        (certificates.other_name(), Cause.TLS_HOSTNAME, "hooks.example.com"),
    ],
)
async def test_bad_certificate_is_still_read(
    lab: FaultLab, prober: Prober, context: ssl.SSLContext, cause: Cause, name: str
):
    report = await prober(await lab.status(200, tls=context))
    stage = failed(report)
    assert stage is report.tls
    assert stage.cause is cause
    assert name in stage.detail["names"]
    assert stage.detail["not_after"]
    assert report.certificate_ends_at is not None
    assert lab.requests == []


async def test_days_left_are_negative_after_expiry(lab: FaultLab, prober: Prober):
    assert failed(await prober(await lab.status(200, tls=certificates.ending_in(-2)))).detail["days_left"] == -2


async def test_days_left_before_expiry(lab: FaultLab, prober: Prober):
    assert ok((await prober(await lab.status(200, tls=certificates.ending_in(5)))).tls).detail["days_left"] == 5


async def test_plain_http_on_a_tls_port_fails_in_tls(lab: FaultLab, prober: Prober):
    assert failed(await prober(await lab.plain_on_tls_port())).cause is Cause.TLS_ERROR


@pytest.mark.parametrize(
    ("where", "cause"),
    [("never_answers", Cause.RESPONSE_TIMEOUT), ("reset", Cause.CONNECTION_RESET)],
)
async def test_endpoint_that_does_not_answer_fails_in_http(
    lab: FaultLab, prober: Prober, monkeypatch: pytest.MonkeyPatch, where: str, cause: Cause
):
    monkeypatch.setattr(prober, "_seconds", 0.4)
    report = await prober(await getattr(lab, where)())
    assert report.network_failure is None
    assert report.http is not None
    assert report.http.cause is cause


async def test_redirect_is_reported_with_its_target(lab: FaultLab, prober: Prober):
    report = await prober(await lab.redirect("https://elsewhere.example/hook"))
    assert ok(report.http).detail["location"] == "https://elsewhere.example/hook"


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/", "https://localhost:9/", "https://[::1]:9/"])
async def test_private_address_is_not_connected_to(url: str):
    strict = Policy()
    egress = Egress(strict)
    report = await Prober(egress, strict)(url)
    assert failed(report).cause is Cause.BLOCKED_ADDRESS
    await egress.close()


async def test_name_that_points_inside_is_not_connected_to(lab: FaultLab):
    url = await lab.status(200)

    async def rebinding(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    strict = Policy(allow_http=True)
    egress = Egress(strict)
    report = await Prober(egress, strict, lookup=rebinding)(url.replace("localhost", "public.example"))
    assert failed(report).cause is Cause.BLOCKED_ADDRESS
    assert lab.connections == 0
    await egress.close()


async def test_second_address_is_tried(lab: FaultLab, tmp_path: Path):
    url = await lab.status(200)

    async def two(_: str, __: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    egress = Egress(LOOPBACK, ca_file=certificates.write_authority(tmp_path))
    assert ok((await Prober(egress, LOOPBACK, lookup=two)(url)).tcp).detail["address"] == "127.0.0.1"
    await egress.close()


async def test_behind_a_proxy_only_http_is_probed(lab: FaultLab):
    egress = Egress(LOOPBACK, proxy=await lab.status(200))
    report = await Prober(egress, LOOPBACK, proxied=True)("http://no-such-host.invalid/hook")
    assert (report.dns, report.tcp, report.tls) == (None, None, None)
    assert ok(report.http).detail["status"] == 200
    await egress.close()
