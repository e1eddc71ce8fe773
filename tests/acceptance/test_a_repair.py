"""Conversation automations, rows A10 to A12: failures are shown, explained and repaired; private endpoints refused."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.talk import Talk
from tests.faultlab import FaultLab, certificates
from tests.serving import Api, Receiver, serving

pytestmark = pytest.mark.both_databases

ONCE = {"max_retries": 0}
Where = Callable[[FaultLab], Awaitable[str]]


async def fail(api: Api, url: str, times: int = 2, **fields: Any) -> tuple[str, str]:
    """Make a webhook on a new perspective, and let some conversations fail on it."""
    perspective = await api.perspective()
    webhook = await api.webhook(url, perspective_id=perspective, **{"retry": ONCE, **fields})
    for number in range(times):
        await api.end_conversation(perspective, f"c{number}")
    await api.webhook_until(webhook["id"], lambda found: found["health"]["consecutive_failures"] == times)
    return perspective, webhook["id"]


async def test_a10_the_list_shows_last_error_and_failure_count(api: Api, receiver: Receiver, endpoint: str):
    receiver.status = 503
    perspective, webhook_id = await fail(api, endpoint)
    [listed] = (await api.get("/v1/webhooks", perspective_id=perspective))["items"]
    assert (listed["id"], listed["state"]) == (webhook_id, "failing")
    assert listed["health"]["last_error"] == "HTTP 503"
    assert listed["health"]["consecutive_failures"] == 2
    said = await Talk(api, perspective).say("list the automations")
    assert "HTTP 503" in said
    assert "2" in said


async def test_a10_fix_it_opens_a_conversation_that_already_knows_the_failure(
    api: Api, receiver: Receiver, endpoint: str
):
    receiver.auth_header = ("Authorization", "Bearer right")
    _, webhook_id = await fail(api, endpoint, auth_header={"name": "Authorization", "value": "Bearer wrong"})
    fixing = await api.post(f"/v1/webhooks/{webhook_id}/fix")
    assert "401" in fixing["reply"]
    assert fixing["suggestions"]
    talk = Talk(api, None, fixing["conversation_id"], fixing)
    await talk.say("edit the auth header")
    assert talk.asked["prefill"]["webhook_id"] == webhook_id
    header = {"auth_header": {"name": "Authorization", "value": "Bearer right"}}
    await api.patch(f"/v1/webhooks/{webhook_id}", header)
    await talk.answer(webhook_id=webhook_id)
    assert "200" in await talk.say("now test it")
    assert (await api.get(f"/v1/webhooks/{webhook_id}"))["state"] == "healthy"
    assert "Bearer" not in str(await talk.transcript())


FAULTS: dict[str, tuple[Where, dict[str, Any], str]] = {
    "unknown name": (lambda _: named("https://no-such-host.invalid/hook"), {}, "dns_failure"),
    "unreachable": (FaultLab.refused, {}, "connection_refused"),
    "expired certificate": (lambda lab: lab.status(200, tls=certificates.ending_in(-1)), {}, "tls_expired"),
    "unknown authority": (lambda lab: lab.status(200, tls=certificates.untrusted()), {}, "tls_untrusted"),
    "wrong name": (lambda lab: lab.status(200, tls=certificates.other_name()), {}, "tls_hostname"),
    "timeout": (FaultLab.never_answers, {"timeout_ms": 1000}, "response_timeout"),
    "redirect": (lambda lab: lab.redirect("https://new.example.com/hook"), {}, "redirect"),
    "400": (lambda lab: lab.status(400, b'{"error": "no email"}'), {}, "bad_request"),
    "401": (lambda lab: lab.status(401), {"auth_header": {"name": "X-Key", "value": "planted"}}, "unauthorized"),
    "404": (lambda lab: lab.status(404), {}, "not_found"),
    "410": (lambda lab: lab.status(410), {}, "gone"),
    "429": (lambda lab: lab.status(429), {}, "rate_limited"),
    "500": (lambda lab: lab.status(500), {}, "server_error"),
}


async def named(url: str) -> str:
    return url


async def test_a11_every_failure_is_named_over_rest_and_in_the_chat(tmp_path: Path, lab: FaultLab):
    authority = certificates.write_authority(tmp_path)
    async with serving(tmp_path / "home", egress_ca_file=authority) as api:
        failed = {
            name: await fail(api, await where(lab), 1 if name == "410" else 2, name=f"Sink {name}", **fields)
            for name, (where, fields, _) in FAULTS.items()
        }
        for name, (_, _, cause) in FAULTS.items():
            perspective, webhook_id = failed[name]
            found = await api.get(f"/v1/webhooks/{webhook_id}/diagnosis", probe=name != "timeout")
            assert found["cause"] == cause, (name, found)
            assert found["fixes"], name
            failures = "The last attempt failed" if name == "410" else "The last 2 attempts failed"
            assert any(failures in item["text"] for item in found["evidence"]), found
            if name != "timeout":  # the probe of a chat takes its time with an endpoint that never answers
                talk = Talk(api, perspective)
                said = await talk.say(f"why is “Sink {name}” failing?")
                assert talk.result("diagnose_webhook")["cause"] == cause
                assert found["fixes"][0]["text"] in said
                assert found["summary"].split(".")[0] in said


NEVER: dict[str, tuple[dict[str, Any], str, str]] = {
    "disabled": ({"enabled": False}, "disabled", "switched off"),
    "wrong event": ({"event_filter": {"events": ["interview.abandoned"]}}, "event_not_selected", "interview.completed"),
    "empty exclude": ({"event_filter": {"mode": "exclude", "events": []}}, "empty_exclude", "exclude"),
    "tag": ({"tag_filter": {"tags": ["pricing"]}}, "filters_never_match", "pricing"),
    "trust": ({"trust_score": {"min": 99}}, "filters_never_match", "trust filter"),
    "condition": ({"conditions": [{"field": "plan", "operator": "exists"}]}, "filters_never_match", "plan"),
}


@pytest.mark.parametrize("case", NEVER)
async def test_a11_a_webhook_that_never_fires_is_explained(api: Api, endpoint: str, case: str):
    fields, cause, why = NEVER[case]
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective, **fields)
    for number in range(12):
        await api.end_conversation(perspective, f"c{number}", trust_score=50, tags=["praise"])
    found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis")
    assert found["cause"] == cause
    told = " ".join([found["summary"], *(item["text"] for item in found["evidence"])])
    assert why in told
    assert cause == "disabled" or "12" in told
    talk = Talk(api, perspective)
    said = await talk.say("why does it never fire?")
    assert talk.result("diagnose_webhook")["cause"] == cause
    assert why in said


async def test_a11_no_event_yet_is_not_called_a_failure(api: Api, endpoint: str):
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective)
    assert (await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis"))["cause"] == "no_events_yet"
    assert "No event has happened" in await Talk(api, perspective).say("why is it not firing?")


async def test_a11_duplicates_are_explained_by_the_idempotency_key(api: Api, receiver: Receiver, endpoint: str):
    perspective = await api.perspective()
    retry = {"schedule": [0.1], "jitter": 0}
    webhook = await api.webhook(endpoint, perspective_id=perspective, retry=retry)
    receiver.status = 500
    await api.end_conversation(perspective)
    await api.deliveries(1, "failed")
    receiver.status = 200
    found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis")
    [told] = [item["text"] for item in found["evidence"] if item["kind"] == "duplicates"]
    assert "X-Idempotency-Key" in told
    for wording in ("why do I get duplicates?", "I get every event twice"):
        assert "X-Idempotency-Key" in await Talk(api, perspective).say(wording)


async def test_a11_slow_endpoint_is_told_before_it_times_out(api: Api, lab: FaultLab):
    perspective = await api.perspective()
    webhook = await api.webhook(await lab.status(200, delay=1.25), perspective_id=perspective, timeout_ms=1500)
    for number in range(5):
        await api.end_conversation(perspective, f"c{number}")
    await api.deliveries(5, "delivered")
    found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis")
    assert found["cause"] == "healthy"
    assert [item for item in found["evidence"] if item["kind"] == "speed"], found
    assert "timeout" in await Talk(api, perspective).say("my endpoint is slow")


async def test_a11_localhost_url_is_explained(tmp_path: Path, lab: FaultLab):
    home, url = tmp_path / "home", await lab.status(200)
    async with serving(home) as api:
        perspective = await api.perspective()
        webhook = await api.webhook(url, perspective_id=perspective, retry=ONCE)
    async with serving(home, egress_allow=()) as api:
        await api.end_conversation(perspective)
        await api.webhook_until(webhook["id"], lambda found: found["state"] == "failing")
        found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis")
        assert found["cause"] == "blocked_address"
        assert any("not the computer you sit at" in item["text"] for item in found["evidence"])
        assert "not the computer you sit at" in await Talk(api, perspective).say("why is it failing?")
    assert lab.connections == 0


PRIVATE = {
    "https://localhost/hook": "this server itself",
    "https://127.0.0.1/hook": "a loopback address",
    "https://[::1]/hook": "a loopback address",
    "https://10.0.0.5/hook": "a private address",
    "https://192.168.1.10:8443/hook": "a private address",
    "https://[fd12::1]/hook": "a private address",
    "https://169.254.1.1/hook": "a link-local address",
    "https://[fe80::1]/hook": "a link-local address",
    "https://169.254.169.254/latest/meta-data": "the cloud metadata service",
    "https://2130706433/hook": "another spelling of 127.0.0.1",
    "https://0x7f.1/hook": "another spelling of 127.0.0.1",
    "https://[::ffff:10.0.0.1]/hook": "a private address",
    "https://db.internal/hook": "private network",
    "https://printer.local/hook": "private network",
}


async def test_a12_private_endpoints_are_refused_with_their_reason(tmp_path: Path):
    async with serving(tmp_path / "home", egress_allow=()) as api:
        public = await api.webhook("https://hooks.example.com/in")
        for url, reason in PRIVATE.items():
            for method, path in (("POST", "/v1/webhooks"), ("PATCH", f"/v1/webhooks/{public['id']}")):
                body = {"name": "CRM", "url": url}
                [error] = await api.refused(method, path, body)
                assert error["field"] == "url"
                assert reason in error["message"], (url, error)
        talk = Talk(api)
        await talk.say("change the url to https://10.0.0.5/hook")
        assert talk.reply["interrupt"] is None
        assert "a private address" in talk.reply["reply"]
        assert (await api.get("/v1/webhooks"))["items"] == [await api.get(f"/v1/webhooks/{public['id']}")]
        assert (await api.get("/v1/changes"))["total"] == 1
        assert "localhost, private and link-local addresses are refused" in await talk.say("can I use localhost?")


async def test_a12_the_development_switch_allows_only_the_ranges_it_names(api: Api, endpoint: str):
    assert (await api.webhook(endpoint))["url"] == endpoint
    [error] = await api.refused("POST", "/v1/webhooks", {"name": "CRM", "url": "http://10.0.0.5/hook"})
    assert "a private address" in error["message"]
