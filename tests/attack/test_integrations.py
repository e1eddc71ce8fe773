"""Integrations under attack: texts that are slow to read, patterns that fill the memory, credentials that leak."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from functools import cache
from time import thread_time
from typing import Any

import pytest

from rules.argument_schema import violations
from rules.schema_patterns import compiled
from rules.typed_secrets import hide_secrets
from tests.acceptance.stub import Answer, StubApi
from tests.serving import Api

SECRET = "Tok-5Up3R-53cr3tVALUE"
WRITTEN = "LITERAL+key/123"
BLOCKED = 60  # units of work of the event loop's own thread that one request may be; what was mended took thousands


@pytest.fixture
async def stub() -> AsyncIterator[StubApi]:
    async with StubApi().serve() as running:
        yield running


@pytest.fixture
async def assistant(api: Api) -> str:
    await api.call("PUT", "/v1/secrets/erp_token", {"value": SECRET, "hosts": ["127.0.0.1"]})
    return (await api.post("/v1/assistants", {"name": "A"}))["id"]


async def trigger(api: Api, assistant: str, url: str, **integration: Any) -> str:
    parameters = {"type": "object", "properties": {"id": {"type": "string"}}}
    headers = [{"key": "Authorization", "value": "Bearer $erp_token"}, {"key": "Content-Type", "value": "text/plain"}]
    body = {
        "name": "call",
        "description": "x",
        "parameters": parameters,
        "integration": {"url": url, "method": "POST", "headers": headers, **integration},
    }
    return (await api.post(f"/v1/assistants/{assistant}/triggers", body, status=201))["id"]


@cache
def unit() -> float:
    """Seconds that this thread needs for a fixed piece of work, about a twentieth of a second."""
    started = thread_time()
    assert sum(number * number for number in range(1_000_000)) > 0
    return thread_time() - started


@contextlib.asynccontextmanager
async def responsive() -> AsyncIterator[None]:
    """See that the event loop, which serves everyone, is never held up for long by its own work.

    What is measured is work of this thread in relation to other work of it, so no load of the machine matters.
    """
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            started = thread_time()
            await asyncio.sleep(0.01)
            longest = max(longest, thread_time() - started)

    ticking = asyncio.create_task(tick())
    try:
        yield
        await asyncio.sleep(0.02)
    finally:
        ticking.cancel()
    assert longest < BLOCKED * unit()


@pytest.mark.parametrize(
    "pattern",
    [
        "x{99999999}",
        "[xy]{99999999}",
        "(?=a){99999999}",
        "a{99999999,}",
        "(?:(?:(?:x{9999}){9999}){9999}){9999}",
        "(?:a{70}){70}{70}",
        "(?x)(?:a{4000}) {4000}",
        r"\\(?ix)(?:a{4000}) {4000}",
        "(?:a{4000})(?#c){4000}",
        "x{" + "9" * 900 + "}",
    ],
)
def test_a_pattern_that_would_fill_the_memory_is_refused_unread(pattern: str):
    started = thread_time()
    with pytest.raises(ValueError, match=r"."):
        compiled(pattern)
    assert thread_time() - started < 3 * unit()


@pytest.mark.parametrize(
    "pattern", [r"^(?:\d{1,3}\.){3}\d{1,3}$", "^[0-9a-f]{128}$", "a{0,99999}", r"\(?ext\.?", "[(?x]", "^.{2000}$"]
)
def test_patterns_of_ordinary_size_are_read(pattern: str):
    compiled(pattern)


async def test_a_trigger_with_such_a_pattern_is_refused(api: Api, assistant: str):
    parameters = {"type": "object", "properties": {"id": {"pattern": "(?:x{99999}){99999}"}}}
    body = {"name": "t", "description": "x", "parameters": parameters, "integration": {"url": "https://h/"}}
    errors = await api.refused(
        "POST", f"/v1/assistants/{assistant}/triggers", {**body, "integration": {"url": "https://h/", "method": "GET"}}
    )
    assert errors[0]["field"] == "parameters.properties.id.pattern"
    assert "repeats too much" in errors[0]["message"]


def test_many_unknown_arguments_are_refused_in_time():
    schema = {"type": "object", "allOf": [{"properties": {f"x{i}": {}}} for i in range(450)]}
    started = thread_time()
    found = violations(schema, {f"y{i}": 1 for i in range(5_000)})
    assert found
    assert thread_time() - started < BLOCKED * unit()


@pytest.mark.parametrize("piece", ["a.", "a-", "sk-", "-u 'a ", "a://", "token="])
def test_credentials_are_sought_in_a_message_in_time(piece: str):
    started = thread_time()
    hide_secrets((piece * 8_000)[:8_000])
    assert thread_time() - started < 8 * unit()


async def test_an_answer_with_a_name_of_a_megabyte_holds_nobody_up(api: Api, assistant: str, stub: StubApi):
    called = await trigger(api, assistant, f"{stub.url}/x")
    session = (await api.post("/session", {"assistant_id": assistant}))["id"]
    stub.answer = lambda _seen: Answer(b'{"session":{"client_data":{"a' + b"." * 1_000_000 + b'":1,"ok":1}}}')
    async with responsive():
        report = await api.post(f"/v1/triggers/{called}/run", {"session_id": session})
    assert report["client_data"] == {"ok": 1}


async def test_a_request_of_a_megabyte_is_masked_aside(api: Api, assistant: str, stub: StubApi):
    called = await trigger(api, assistant, f"{stub.url}/x", body="$x" * 990)
    async with responsive():
        body = {"client_data": {"x": "a\n" * 500}, "dry_run": True}
        report = await api.post(f"/v1/triggers/{called}/run", body)
    assert len(report["request"]["body"]) == 990_000


MEGABYTE = 1024 * 1024
HEAVY = {
    "lists": lambda size: b"[" + b"[]," * (size // 3 - 1) + b"[]]",
    "objects": lambda size: b'{"a": [' + b"{}," * (size // 3 - 10) + b"{}]}",
    "names": lambda size: b"{" + b",".join(b'"%d":1' % at for at in range(size // 11)) + b"}",
    "numbers": lambda size: b"[" + b"1.5," * (size // 4 - 10) + b"1]",
    "events of lists": lambda size: (
        b"[" + b",".join([b'{"type":"x","payload":{"a":[' + b"[]," * 80_000 + b"[]]}}"] * (size // 250_000)) + b"]"
    ),
    "events of names": lambda size: (
        b"["
        + b",".join(
            b'{"type":"x","payload":{' + b",".join(b'"%d_%d":1' % (n, at) for at in range(18_000)) + b"}}"
            for n in range(size // 250_000)
        )
        + b"]"
    ),
}


@pytest.mark.parametrize("kind", HEAVY)
@pytest.mark.parametrize(
    ("path", "size"),
    [("/v1/webhooks", MEGABYTE), ("/v1/events", 8 * MEGABYTE), ("import", 4 * MEGABYTE), ("triggers", MEGABYTE)],
)
async def test_a_body_of_many_small_values_holds_nobody_up(api: Api, assistant: str, kind: str, path: str, size: int):
    body = HEAVY[kind](size)
    own = {"import": f"/v1/assistants/{assistant}/triggers/import", "triggers": f"/v1/assistants/{assistant}/triggers"}
    async with responsive():
        answer = await api.client.post(own.get(path, path), content=body)
    assert answer.status_code in {202, 400, 413, 422}, answer.text


async def test_a_document_with_bare_variables_is_read_aside(api: Api, assistant: str):
    body = b'{"integration": {"body": {"a": [' + b"$x," * 80_000 + b"$x]}}}"
    async with responsive():
        answer = await api.client.post(f"/v1/assistants/{assistant}/triggers", content=body)
    assert answer.status_code == 422


@pytest.mark.parametrize("kind", ["text", "escapes", "lists", "client data"])
async def test_an_answer_of_a_megabyte_is_masked_in_time(api: Api, assistant: str, stub: StubApi, kind: str):
    called = await trigger(api, assistant, f"{stub.url}/x")
    answers = {
        "text": b"a%20&amp;\\u0041\n" * 60_000,
        "escapes": b'["' + b"\\u0041" * 170_000 + b'"]',
        "lists": b"[" + b'["a"],' * 170_000 + b"[]]",
        "client data": b'{"session":{"client_data":{' + b",".join(b'"n%d":"x"' % n for n in range(80_000)) + b"}}}",
    }
    stub.answer = lambda _seen: Answer(answers[kind][: MEGABYTE - 10])
    started = thread_time()
    async with responsive():
        await api.post(f"/v1/triggers/{called}/run", {})
    assert thread_time() - started < 40 * unit()


async def test_a_credential_too_short_for_the_vault_is_left_out_of_an_import(api: Api, assistant: str):
    line = "curl -H 'X-Api-Key: k7' https://api.store.com/items"
    answer = await api.post(f"/v1/assistants/{assistant}/triggers/import", {"curl": line}, status=200)
    [draft] = answer["drafts"]
    assert [secret["stored"] for secret in draft["secrets"]] == [False]
    assert any("too short for the vault" in note for note in draft["notes"])
    assert "k7" not in json.dumps(answer)


async def test_a_url_of_question_marks_is_saved_in_time(api: Api, assistant: str):
    async with responsive():
        await trigger(api, assistant, "https://127.0.0.1/?" + "?" * 60_000)


async def test_a_credential_written_into_a_url_stays_out_of_logs_and_answers(api: Api, assistant: str, stub: StubApi):
    url = f"{stub.url}/o/$id?api_key=LITERAL%2Bkey%2F123&page=2"
    called = await trigger(api, assistant, url, method="GET")
    session = (await api.post("/session", {"assistant_id": assistant}))["id"]
    stub.answer = lambda seen: Answer({"you": seen.target, "key": WRITTEN}, headers={"X-You": seen.target})
    report = await api.post(f"/v1/triggers/{called}/run", {"session_id": session, "arguments": {"id": "7"}})
    assert "api_key=LITERAL%2Bkey%2F123" in stub.seen[-1].target
    await api.post(f"/v1/triggers/{called}/run", {"session_id": session}, status=422)
    logs = await api.get(f"/session/{session}/logs")
    assert logs["total"] == 2
    assert "LITERAL" not in json.dumps([report, logs])
    assert report["request"]["url"] == f"{stub.url}/o/7?api_key=••••••&page=2"


async def test_a_redirect_to_a_secret_names_it_in_no_spelling(api: Api, assistant: str, stub: StubApi):
    called = await trigger(api, assistant, f"{stub.url}/x")
    stub.answer = lambda _seen: Answer(b"", 302, {"Location": f"https://{SECRET}.evil.example/"})
    stored = await api.platform.triggers.get(api.platform.workspace_id, called)
    report = await api.platform.executor.run(api.platform.workspace_id, stored, {})
    told = json.dumps([report.for_model, report.as_dict()])
    assert "evil.example" in told
    assert SECRET.lower() not in told.lower()
