"""What a server says: one line an attempt, one a request, as JSON or as text."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from server import logs
from server.receiver import Receiver
from tests.processes import environment, free_port, server_process
from tests.serving import Api, until

KEY = "key-of-the-log-tests"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where this process logs to until the test ends."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    levels = {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    written = io.StringIO()
    yield written
    root.handlers[:], _ = before
    root.setLevel(before[1])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
async def logged(stream: io.StringIO, api: Api) -> AsyncIterator[io.StringIO]:
    """A server that logs JSON from now on."""
    assert api
    logs.configure("json", "info", stream=stream)
    yield stream
    logs.begin(stream)


def lines(written: io.StringIO, message: str) -> list[dict[str, Any]]:
    every = [json.loads(line) for line in written.getvalue().splitlines()]
    return [line for line in every if line["message"] == message]


async def until_logged(written: io.StringIO, message: str, count: int) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]] | None:
        found = lines(written, message)
        return found if len(found) >= count else None

    return await until(enough)


async def test_each_attempt_is_one_json_line(api: Api, logged: io.StringIO, endpoint: str, receiver: Receiver) -> None:
    receiver.status = 503
    hook = await api.webhook(endpoint, retry={"max_retries": 1, "base_seconds": 0.1, "jitter": 0})
    event = await api.event("purchase", {"properties": {"value": 100, "note": "in-the-payload"}}, id="order-7")
    first, second = await until_logged(logged, "attempt", 2)

    assert first["status"] == "retrying"
    assert second["status"] == "failed"
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert first["event"] == event["id"] == "order-7"
    assert first["webhook"] == hook["id"]
    assert first["delivery"] == second["delivery"]
    assert first["delivery"].startswith("dlv_")
    assert (first["status_code"], first["cause"]) == (503, "server_error")
    assert first["payload_bytes"] > 20
    assert first["response_bytes"] >= 0
    assert first["duration_ms"] >= 0
    assert first["level"] == "info"
    assert first["time"].endswith("Z")
    assert "in-the-payload" not in logged.getvalue()


async def test_each_request_is_one_line_that_names_its_route_and_nothing_it_carried(
    api: Api, logged: io.StringIO
) -> None:
    await api.get("/v1/deliveries", event_type="in-the-query")
    await api.client.get("/v1/webhooks/whk_in_the_path?token=in-the-query")
    await api.client.get("/nowhere/in-the-path")
    await api.client.post("/v1/events", json={"type": "x y", "payload": {"in-the-body": 1}})
    requests = await until_logged(logged, "request", 4)

    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("GET", "/v1/deliveries", 200),
        ("GET", "/v1/webhooks/{webhook_id}", 404),
        ("GET", "none", 404),
        ("POST", "/v1/events", 422),
    ]
    assert all(line["duration_ms"] > 0 for line in requests)
    written = logged.getvalue()
    hidden = ["in-the-query", "in-the-path", "in_the_path", "in-the-body", api.key]
    assert [word for word in hidden if word in written] == []


async def test_secrets_and_urls_of_webhooks_are_not_logged(api: Api, logged: io.StringIO) -> None:
    await api.webhook(
        "http://127.0.0.1:9/path-of-theirs?token=in-the-url",
        headers={"X-Team": "header-value"},
        auth_header={"name": "Authorization", "value": "Bearer hidden-credential"},
        retry={"max_retries": 0},
    )
    await api.event()
    (attempt,) = await until_logged(logged, "attempt", 1)
    assert attempt["cause"] == "connection_refused"
    assert attempt["status_code"] is None
    written = logged.getvalue()
    hidden = ["path-of-theirs", "in-the-url", "header-value", "hidden-credential", "127.0.0.1"]
    assert [word for word in hidden if word in written] == []


def test_text_is_for_people(stream: io.StringIO) -> None:
    logs.configure("text", "info", stream=stream)
    logs.LogWatcher().request("GET", "/v1/webhooks", 200, 0.0123)
    logging.getLogger("hookwright.worker").warning("gave back %d deliveries", 3)
    first, second = stream.getvalue().splitlines()
    assert first.endswith("INFO hookwright.requests: request method=GET route=/v1/webhooks status=200 duration_ms=12.3")
    assert second.endswith("WARNING hookwright.worker: gave back 3 deliveries")


def test_the_level_is_the_least_that_is_said(stream: io.StringIO) -> None:
    logs.configure("json", "warning", stream=stream)
    logs.LogWatcher().request("GET", "/v1/webhooks", 200, 0.0123)
    logging.getLogger("hookwright.worker").warning("said")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["said"]


def test_a_fault_is_one_json_line_with_its_trace(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream=stream)
    try:
        raise ValueError("line 1\nline 2")  # noqa: TRY301 - the fault itself
    except ValueError:
        logging.getLogger("hookwright.server").exception("it\nfailed")
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert said["message"] == "it\nfailed"
    assert said["level"] == "error"
    assert "ValueError" in said["exception"]


def test_other_commands_say_nothing_of_single_requests(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream=stream)
    logs.begin(stream)
    logs.LogWatcher().request("GET", "/v1/webhooks", 200, 0.0123)
    assert stream.getvalue() == ""


def test_lines_are_json_where_no_terminal_is(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure(None, "info", stream=stream)
    logging.getLogger("hookwright.server").info("piped")
    assert json.loads(stream.getvalue())["message"] == "piped"
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True, raising=False)
    logs.configure(None, "info", stream=screen)
    logging.getLogger("hookwright.server").info("shown")
    assert screen.getvalue().endswith("INFO hookwright.server: shown\n")


def test_half_characters_are_written(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream=stream)
    # To our handler alone: the test run's own capture cannot be sent between its processes.
    [ours] = [each for each in logging.getLogger().handlers if getattr(each, "stream", None) is stream]
    ours.handle(logging.makeLogRecord({"name": "hookwright.server", "msg": "half \ud800 a character", "levelno": 30}))
    assert json.loads(stream.getvalue())["message"] == "half \ud800 a character"


def test_probes_are_logged_only_when_they_fail_or_everything_is(stream: io.StringIO) -> None:
    for level, seen in (("info", [503]), ("debug", [200, 503])):
        logs.configure("json", level, stream=stream)
        for status in (200, 503):
            logs.LogWatcher().request("GET", "/readyz", status, 0.001)
        assert [line["status"] for line in lines(stream, "request")] == seen
        stream.seek(0)
        stream.truncate()


def test_debugging_us_does_not_make_libraries_talk(stream: io.StringIO) -> None:
    logs.configure("json", "debug", stream=stream)
    logging.getLogger("httpcore2.http11").debug("headers of a request")
    logging.getLogger("hookwright.worker").debug("ours")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["ours"]


async def test_a_fault_of_the_store_is_logged_without_what_was_to_be_stored(
    api: Api, logged: io.StringIO, endpoint: str
) -> None:
    await api.webhook(endpoint)
    async with api.platform.database.write() as connection:
        await connection.execute(text("ALTER TABLE events RENAME TO gone"))
    await api.call(
        "POST", "/v1/events", {"type": "t", "payload": {"note": "in-the-payload"}, "id": "evt_1"}, status=503
    )
    written = logged.getvalue()
    assert "the store failed" in written
    assert "in-the-payload" not in written
    async with api.platform.database.write() as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO events"))


async def test_a_server_process_writes_nothing_but_json_lines(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "server.log"
    environ = environment(tmp_path / "home", port, KEY, HOOKWRIGHT_LOG_FORMAT="json", PYTHONUNBUFFERED="1")
    async with (
        server_process(environ, log) as process,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        answer = await client.get("/v1/webhooks", headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200
        process.terminate()
        await process.wait()
    said = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert ("GET", "/v1/webhooks", 200) in [
        (line.get("method"), line.get("route"), line.get("status")) for line in said
    ]
    assert any(line["logger"].startswith("uvicorn") for line in said)
    others = [line for line in log.read_text().splitlines() if not line.startswith("{")]
    assert all(line.startswith(("Hookwright on", "`hookwright")) for line in others), others
    assert KEY not in log.read_text()
