"""What the process says on stderr: lines of text for people, or one JSON object a line for machines.

Each attempt and each request is one line. Never in them: bodies, headers, URLs, query strings.
"""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson

from rules.outcomes import Reply
from webhooks.observer import Finished

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]

ATTEMPTS = logging.getLogger("hookwright.attempts")
REQUESTS = logging.getLogger("hookwright.requests")
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_LINES = "hookwright_lines"
_CHATTY = ("httpx", "httpx2", "alembic", "aiosqlite", "asyncio", "openai", "urllib3")

Line = dict[str, Any]


def begin(stream: TextIO | None = None) -> None:
    """Log warnings of every command as text, and nothing of single attempts and requests: `configure` decides."""
    _install(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"), stream)
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("hookwright").setLevel(logging.NOTSET)
    for logger in (ATTEMPTS, REQUESTS):
        logger.setLevel(logging.WARNING)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def configure(format_: Format | None, level: Level, *, stream: TextIO | None = None) -> None:
    """Log as a server does.

    Args:
        format_: None chooses text on a terminal, and JSON where a machine collects what is said.
        level: The least that is said; `info` includes each attempt and each request.
        stream: stderr by default.

    """
    begin(stream)
    chosen = format_ or ("text" if (stream or sys.stderr).isatty() else "json")
    _install(JsonLines() if chosen == "json" else TextLines(), stream)
    logging.getLogger("hookwright").setLevel(level.upper())
    if level != "debug":  # what libraries say of their own workings may quote what passes through them
        logging.getLogger().setLevel(level.upper())
    for logger in (ATTEMPTS, REQUESTS):
        logger.setLevel(logging.NOTSET)


def _install(formatter: logging.Formatter, stream: TextIO | None) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [old for old in root.handlers if type(old) is logging.StreamHandler]:
        root.removeHandler(old)
    root.addHandler(handler)


class JsonLines(logging.Formatter):
    """One JSON object a line; a record of several lines is rendered and written at once."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        head = {"time": _time(record.created), "level": record.levelname.lower(), "logger": record.name}
        lines: list[Line] | None = record.__dict__.get(_LINES)
        if lines is not None:
            return "\n".join(orjson.dumps({**head, "message": record.msg, **line}).decode() for line in lines)
        body: Line = {**head, "message": record.getMessage()}
        if record.exc_info:
            body["exception"] = self.formatException(record.exc_info)
        return json.dumps(body)  # unlike orjson, it writes half characters, too


class TextLines(logging.Formatter):
    """`time LEVEL logger: words name=value …`, as people read it."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        head = f"{_time(record.created)} {record.levelname} {record.name}:"
        lines: list[Line] | None = record.__dict__.get(_LINES)
        if lines is not None:
            return "\n".join(f"{head} {record.msg}{_pairs(line)}" for line in lines)
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return f"{head} {record.getMessage()}{trace}"


def _pairs(line: Line) -> str:
    return "".join(f" {name}={value}" for name, value in line.items() if value is not None)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class LogWatcher:
    """Writes one line for each attempt and each request (a `server.watching.Watcher`)."""

    def accepted(self, workspace_id: str, new: Sequence[str], duplicates: int, seconds: float) -> None:
        """Say nothing: the request is logged."""

    def claimed(self, count: int, seconds: float) -> None:
        """Say nothing."""

    def settled(self, finished: Sequence[Finished]) -> None:
        """Log a batch of attempts, in one write."""
        if ATTEMPTS.isEnabledFor(logging.INFO):
            _write(ATTEMPTS, "attempt", list(_attempts(finished)))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Log a request; those of probes and scrapes, which come every few seconds, only when everything is logged."""
        level = logging.DEBUG if route in PROBES and status < 400 else logging.INFO
        if REQUESTS.isEnabledFor(level):
            line = {"method": method, "route": route, "status": status, "duration_ms": round(seconds * 1000, 1)}
            _write(REQUESTS, "request", [line], level)

    def called(self, class_: str, seconds: float) -> None:
        """Say nothing: the call's own log has it."""

    def turned(self, kind: str, outcome: str, seconds: float) -> None:
        """Say nothing: the conversation has it."""


def _attempts(finished: Sequence[Finished]) -> Iterator[Line]:
    for _, made in finished:
        message, result, exchange = made.message, made.result, made.exchange
        yield {
            "delivery": message.delivery_id,
            "event": message.event_id,
            "webhook": made.target.id,
            "attempt": made.number,
            "status": result.status,
            "status_code": made.status_code,
            "cause": result.cause,
            "duration_ms": result.duration_ms,
            "payload_bytes": len(message.payload.encode()),
            "response_bytes": len(exchange.body) if isinstance(exchange, Reply) else 0,
        }


def _write(logger: logging.Logger, words: str, lines: list[Line], level: int = logging.INFO) -> None:
    logger.log(level, words, extra={_LINES: lines})
