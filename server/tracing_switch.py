"""Whether the environment asks for traces: the usual `OTEL_*` variables; without them, nothing of it is loaded."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.telemetry import Tracing

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

log = logging.getLogger("hookwright.telemetry")


def tracing_of(environ: Mapping[str, str], version: str) -> "Tracing | None":
    """Begin to trace when an OTLP endpoint is set, or `OTEL_TRACES_EXPORTER` is `otlp` or `console`; None when off."""
    name = environ.get("OTEL_TRACES_EXPORTER", "otlp" if any(environ.get(each) for each in _ENDPOINTS) else "none")
    if name not in {"otlp", "console"} or environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    try:
        from server.telemetry import Tracing, exporter_named  # noqa: PLC0415 - costs nothing while traces are off
    except ImportError:
        log.warning("OTEL_* asks for traces, but the extra is not installed: pip install 'hookwright[telemetry]'")
        return None
    if any("grpc" in environ.get(each, "") for each in _PROTOCOLS):
        log.warning("traces are sent over HTTP (http/protobuf): OTLP over gRPC is not supported")
    return Tracing(exporter_named(name), version)
