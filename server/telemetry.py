"""Traces by OpenTelemetry, from an event's ingest to its last attempt; imported only when the environment asks.

An event's trace id and the id of its first span are derived from the event, so that every process that attempts one of
its deliveries, whenever that is, continues the same trace, and nothing is stored for it. The request that brought the
event belongs to its caller's trace; the two traces link to each other.
"""

import contextlib
import hashlib
import time
from collections.abc import Iterator, Sequence
from threading import Thread
from typing import Protocol

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from webhooks.attempt import Attempted
from webhooks.observer import Finished

_MAX_LINKS = 32  # from a request to the events that it brought; each event links back
_LAST_SECONDS = 3.0
_EVENT = "event"
_W3C = TraceContextTextMapPropagator()


class Ended(Protocol):
    """Says how a request ended, by its route's template and its status."""

    def __call__(self, route: str, status: int) -> None:
        """Name the span."""


class _Ids(RandomIdGenerator):
    """Random ids, except for the span that is begun inside `chosen`."""

    def __init__(self) -> None:
        self._chosen: tuple[int, int] | None = None

    def generate_trace_id(self) -> int:
        return self._chosen[0] if self._chosen else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self._chosen[1] if self._chosen else super().generate_span_id()

    @contextlib.contextmanager
    def chosen(self, ids: tuple[int, int]) -> Iterator[None]:
        self._chosen = ids
        try:
            yield
        finally:
            self._chosen = None


def event_ids(workspace_id: str, event_id: str) -> tuple[int, int]:
    """Derive the ids of an event's trace and of its first span."""
    digest = hashlib.sha256(f"{workspace_id}\n{event_id}".encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


class Tracing:
    """Makes spans of what it is told (a `server.watching.Watcher`); its provider is not the process's global one.

    Args:
        exporter: Where spans go; they leave in batches on a thread of the SDK's.
        version: Of this build.

    """

    def __init__(self, exporter: SpanExporter, version: str) -> None:
        self._ids, self._exporter = _Ids(), exporter
        resource = Resource.create({"service.version": version}).merge(Resource.create())
        if resource.attributes.get("service.name", "").startswith("unknown_service"):  # type: ignore[union-attr]  # it is a text
            resource = resource.merge(Resource({"service.name": "hookwright"}))
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("hookwright", version)

    def close(self) -> None:
        """Send what is left and stop; blocks, and gives up after a few seconds when nobody takes it."""
        last = Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_SECONDS)
        if last.is_alive():
            self._exporter.shutdown()  # it repeats no more what failed

    @contextlib.contextmanager
    def span_of(self, scope: Scope) -> Iterator[Ended]:
        """Make a span of a request, in the trace that its `traceparent` names."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        carried = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        attributes = {"http.request.method": scope["method"]}
        span = self._tracer.start_span(scope["method"], _W3C.extract(carried, Context()), SpanKind.SERVER, attributes)
        token = contexts.attach(set_span_in_context(span))

        def ended(route: str, status: int) -> None:
            span.update_name(f"{scope['method']} {route}")
            span.set_attributes({"http.route": route, "http.response.status_code": status})
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))

        try:
            yield ended
        finally:
            contexts.detach(token)
            span.end()

    def accepted(self, workspace_id: str, new: Sequence[str], duplicates: int, seconds: float) -> None:
        """Begin a trace for each event that was stored."""
        del duplicates
        asked, end = get_current_span(), time.time_ns()
        links = [Link(asked.get_span_context())] if asked.get_span_context().is_valid else []
        for index, event_id in enumerate(new):
            attributes = {"hookwright.workspace": workspace_id, "hookwright.event": event_id}
            with self._ids.chosen(event_ids(workspace_id, event_id)):
                span = self._tracer.start_span(
                    _EVENT, Context(), SpanKind.PRODUCER, attributes, links, end - round(seconds * 1e9)
                )
            span.end(end)
            if index < _MAX_LINKS and isinstance(asked, Span):
                asked.add_link(span.get_span_context())

    def claimed(self, count: int, seconds: float) -> None:
        """Make nothing of it: a claim belongs to no event."""

    def settled(self, finished: Sequence[Finished]) -> None:
        """Make a span of each attempt, in its event's trace."""
        for row, made in finished:
            self._attempt(row.workspace_id, made)

    def _attempt(self, workspace_id: str, made: Attempted) -> None:
        message, result = made.message, made.result
        attributes = {
            "hookwright.event": message.event_id,
            "hookwright.delivery": message.delivery_id,
            "hookwright.webhook": made.target.id,
            "hookwright.attempt": made.number,
            "hookwright.status": result.status,
        }
        if made.status_code is not None:
            attributes["http.response.status_code"] = made.status_code
        if result.cause is not None:
            attributes["error.type"] = result.cause
        parent = self._event_context(workspace_id, message.event_id)
        started = round(made.started.timestamp() * 1e9)
        span = self._tracer.start_span("attempt", parent, SpanKind.CLIENT, attributes, start_time=started)
        if result.status != "delivered":
            span.set_status(Status(StatusCode.ERROR))
        span.end(round(result.at.timestamp() * 1e9))

    def _event_context(self, workspace_id: str, event_id: str) -> Context:
        """Return the context of an event's first span; whether it was sampled follows from its trace id."""
        trace_id, span_id = event_ids(workspace_id, event_id)
        sampled = self._provider.sampler.should_sample(None, trace_id, _EVENT).decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return set_span_in_context(NonRecordingSpan(SpanContext(trace_id, span_id, True, flags)), Context())  # noqa: FBT003 - is_remote, which the SDK takes by position

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Make nothing of it: `span_of` did."""

    def called(self, class_: str, seconds: float) -> None:
        """Make a span of a trigger's call, within the request or turn that made it."""
        self._past("trigger call", seconds, {"hookwright.class": class_})

    def turned(self, kind: str, outcome: str, seconds: float) -> None:
        """Make a span of a turn, within the request that began it."""
        self._past("turn", seconds, {"hookwright.assistant": kind, "hookwright.outcome": outcome})

    def _past(self, name: str, seconds: float, attributes: dict[str, str]) -> None:
        end = time.time_ns()
        span = self._tracer.start_span(name, attributes=attributes, start_time=end - round(seconds * 1e9))
        span.end(end)


def exporter_named(name: str) -> SpanExporter:
    """Build the exporter that `OTEL_TRACES_EXPORTER` names; it reads the rest of `OTEL_*` itself."""
    return ConsoleSpanExporter() if name == "console" else OTLPSpanExporter()
