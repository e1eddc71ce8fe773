"""Traces, as a collector on this machine receives them over OTLP."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from server.receiver import Receiver
from server.telemetry import event_ids
from server.tracing_switch import tracing_of
from tests.listening import serving_app
from tests.serving import Api, serving, until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """Takes what an OTLP exporter posts, and keeps the spans."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.resources: list[dict[str, str]] = []

    async def take(self, request: web.Request) -> web.Response:
        message = ExportTraceServiceRequest.FromString(await request.read())
        for resource in message.resource_spans:
            self.resources.append({entry.key: entry.value.string_value for entry in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(body=ExportTraceServiceResponse().SerializeToString())

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/v1/traces", self.take)
        async with serving_app(app) as url:
            yield url

    async def until_seen(self, holds: Callable[[Span], bool], count: int = 1) -> list[Span]:
        async def seen() -> list[Span] | None:
            found = [span for span in self.spans if holds(span)]
            return found if len(found) >= count else None

        return await until(seen)


def values(span: Span) -> dict[str, Any]:
    return {entry.key: entry.value.string_value or entry.value.int_value for entry in span.attributes}


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """A collector that this process is told to send its traces to, quickly."""
    collecting = Collector()
    async with collecting.serve() as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield collecting


@pytest.fixture
async def traced(collector: Collector, tmp_path: Path) -> AsyncIterator[Api]:
    """A server with traces on."""
    assert collector
    async with serving(tmp_path / "home") as api:
        yield api


async def test_a_trace_goes_from_the_caller_over_the_event_to_each_attempt(
    traced: Api, collector: Collector, endpoint: str, receiver: Receiver
) -> None:
    receiver.status = 500
    hook = await traced.webhook(endpoint, retry={"max_retries": 1, "base_seconds": 0.1, "jitter": 0})
    answer = await traced.client.post(
        "/v1/events",
        json={"id": "order-1", "type": "purchase", "payload": {"note": "in-the-payload"}},
        headers={"traceparent": f"00-{TRACE}-{PARENT}-01"},
    )
    assert answer.status_code == 202
    attempts = await collector.until_seen(lambda span: span.name == "attempt", 2)
    (request,) = await collector.until_seen(lambda span: span.name == "POST /v1/events")
    (event,) = await collector.until_seen(lambda span: span.name == "event")

    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert values(request)["http.response.status_code"] == 202
    assert [link.span_id for link in event.links] == [request.span_id]
    assert [link.span_id for link in request.links] == [event.span_id]
    trace_id, span_id = event_ids(traced.platform.workspace_id, "order-1")
    assert (int.from_bytes(event.trace_id), int.from_bytes(event.span_id)) == (trace_id, span_id)
    for number, attempt in enumerate(sorted(attempts, key=lambda span: span.start_time_unix_nano), 1):
        assert attempt.trace_id == event.trace_id
        assert attempt.parent_span_id == event.span_id
        assert attempt.end_time_unix_nano >= attempt.start_time_unix_nano >= event.start_time_unix_nano
        said = values(attempt)
        assert said["hookwright.attempt"] == number
        assert said["hookwright.webhook"] == hook["id"]
        assert (said["http.response.status_code"], said["error.type"]) == (500, "server_error")
    assert collector.resources[0]["service.name"] == "hookwright"
    shown = str(collector.spans)
    assert [word for word in ("in-the-payload", endpoint, traced.key) if word in shown] == []


async def test_deliveries_carry_no_trace_header(
    traced: Api, collector: Collector, endpoint: str, receiver: Receiver
) -> None:
    await traced.webhook(endpoint)
    await traced.event()
    await collector.until_seen(lambda span: span.name == "attempt")
    assert "traceparent" not in {name.lower() for name in receiver.received[0].headers}


async def test_an_attempt_in_another_process_continues_the_events_trace(
    collector: Collector, tmp_path: Path, endpoint: str
) -> None:
    async with serving(tmp_path / "home", with_worker=False) as api:
        await api.webhook(endpoint)
        await api.event(id="order-2")
    async with serving(tmp_path / "home") as api:
        await api.deliveries(1, "delivered")
        (attempt,) = await collector.until_seen(lambda span: span.name == "attempt")
    (event,) = await collector.until_seen(lambda span: span.name == "event")
    assert (attempt.trace_id, attempt.parent_span_id) == (event.trace_id, event.span_id)


async def test_an_unsampled_event_has_no_attempts_in_its_trace(
    monkeypatch: pytest.MonkeyPatch, collector: Collector, tmp_path: Path, endpoint: str
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    async with serving(tmp_path / "home") as api:
        await api.webhook(endpoint)
        await api.post("/v1/events", [{"id": f"e-{n}", "type": "purchase", "payload": {}} for n in range(40)])
        await api.deliveries(40, "delivered")
    events = {span.trace_id for span in collector.spans if span.name == "event"}
    attempts = {span.trace_id for span in collector.spans if span.name == "attempt"}
    assert events == attempts
    assert 5 < len(events) < 35


async def test_turns_and_calls_of_triggers_are_spans_of_their_requests(
    traced: Api, collector: Collector, endpoint: str
) -> None:
    assistant = (await traced.post("/v1/assistants", {"name": "Shop"}))["id"]
    trigger = {"name": "look_up", "description": "Look something up.", "parameters": {"type": "object"}}
    trigger |= {"integration": {"type": "WEBHOOK", "url": endpoint, "method": "POST"}}
    made = await traced.post(f"/v1/assistants/{assistant}/triggers", trigger)
    await traced.post(f"/v1/triggers/{made['id']}/run", {"arguments": {}})
    await traced.say("Which webhooks are failing?")
    for name, route in (("trigger call", "POST /v1/triggers/{trigger_id}/run"), ("turn", "POST /v1/chat")):
        (span,) = await collector.until_seen(lambda span, name=name: span.name == name)
        (request,) = await collector.until_seen(lambda span, route=route: span.name == route)
        assert (span.trace_id, span.parent_span_id) == (request.trace_id, request.span_id)


async def test_a_collector_that_is_gone_harms_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, endpoint: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    async with asyncio.timeout(30), serving(tmp_path / "home") as api:
        await api.webhook(endpoint)
        await api.event()
        await api.deliveries(1, "delivered")


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_the_environment_decides(environ: dict[str, str], on: bool) -> None:  # noqa: FBT001 - a table's column
    tracing = tracing_of(environ, "0")
    assert (tracing is not None) is on
    if tracing is not None:
        tracing.close()


def test_nothing_of_it_is_loaded_while_traces_are_off(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from server.wiring import wire; from server.settings import Settings;"
        f"wire(Settings(_env_file=None, home=Path({str(tmp_path)!r}), database_url='sqlite:///{tmp_path}/x.db'));"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk') or name == 'server.telemetry'])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
