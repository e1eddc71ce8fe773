"""One attempt: send a request, and say what came of it and what happens next."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from rules.health import AttemptResult, LastStatus
from rules.ids import new_id
from rules.outcomes import Cause, Exchange, Fault, Reply, Send, cause_of_status
from rules.retry import next_delay, succeeded
from store.pages import Row
from webhooks.echoes import without_echoes
from webhooks.profiles import Message
from webhooks.request import Target, build_request

RESPONSE_BODY_BYTES = 16_384
log = logging.getLogger("hookwright.attempt")

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-]{1,253}(?::\d{1,5})?(?=[/?#]|$)")
_SHOWN_HEADERS = 40
_SHOWN_HEADER_VALUE = 512
_json = json.JSONEncoder().encode


class Attempted(NamedTuple):
    """An attempt and its consequences: what health learns of it, when the next one is due, and what the log keeps."""

    target: Target
    message: Message
    number: int
    started: datetime
    shown_headers: Mapping[str, str]
    exchange: Exchange
    result: AttemptResult
    run_at: datetime | None

    @property
    def status_code(self) -> int | None:
        """The answer's status; None when there was no answer."""
        return self.exchange.status if isinstance(self.exchange, Reply) else None

    def log_row(self) -> Row:
        """Render the row of the attempt log; rendering a batch at once costs half of doing it between exchanges."""
        result, message = self.result, self.message
        return {
            "id": new_id("att"),
            "workspace_id": self.target.workspace_id,
            "webhook_id": self.target.id,
            "delivery_id": message.delivery_id,
            "event_id": message.event_id,
            "event_type": message.event_type,
            "number": self.number,
            "status": result.status,
            "status_code": self.status_code,
            "duration_ms": result.duration_ms,
            "cause": result.cause,
            "error": result.error,
            "attempted_at": self.started,
            "delivered_at": result.at if result.status == "delivered" else None,
            "request_headers": _json(self.shown_headers),
            "response_headers": _headers_text(self.exchange),
            "response_body": _body_text(self.exchange),
        }


async def attempt(
    target: Target, message: Message, *, number: int, retries_used: int, send: Send, rng: Random
) -> Attempted:
    """Send a message once.

    Args:
        target: Where to, and how.
        message: What.
        number: The attempt's number within the delivery, from 1.
        retries_used: How many retries the policy has already spent.
        send: The one door out.
        rng: Where the jitter of the next retry comes from.

    """
    started = datetime.now(UTC)
    exchange, shown_headers = await _exchange(target, message, number, started, send)
    ended = datetime.now(UTC)
    delivered = succeeded(exchange)
    delay = None if delivered else next_delay(target.retry, retries_used + 1, exchange, rng, now=ended)
    status: LastStatus = "delivered" if delivered else "retrying" if delay is not None else "failed"
    error = None if delivered else error_of(exchange)
    result = AttemptResult(status, exchange.duration_ms, ended, error, None if delivered else _cause(exchange))
    run_at = None if delay is None else ended + delay
    return Attempted(target, message, number, started, shown_headers, exchange, result, run_at)


async def _exchange(
    target: Target, message: Message, number: int, now: datetime, send: Send
) -> tuple[Exchange, Mapping[str, str]]:
    """Send a request; return what came of it, be it a fault of ours, and the headers as they may be shown."""
    try:
        request = build_request(target, message, number, now)
        exchange = await send(
            "POST",
            target.url,
            headers=request.headers,
            body=request.body,
            timeout_seconds=target.timeout.total_seconds(),
            max_body_bytes=RESPONSE_BODY_BYTES,
        )
        return without_echoes(exchange, request), request.shown_headers
    except Exception as error:
        log.exception("an attempt on webhook %s failed on our side", target.id)
        words = "This server could not send the request; its log says why."
        return Fault(Cause.LOCAL_ERROR, words, 0, type(error).__name__), {}


def error_of(exchange: Exchange) -> str:
    """Say in one line what went wrong."""
    if not isinstance(exchange, Reply):
        return exchange.message
    if 300 <= exchange.status < 400:
        return f"HTTP {exchange.status}: the endpoint redirects to {_origin(exchange.headers.get('location', ''))}"
    return f"HTTP {exchange.status}"


def _origin(location: str) -> str:
    """Name where a redirect leads without repeating its text, which the endpoint chooses and a model may read."""
    match = _ORIGIN.match(location)
    return match[0] if match else "another path"


def _cause(exchange: Exchange) -> str:
    return str(cause_of_status(exchange.status) if isinstance(exchange, Reply) else exchange.cause)


def _headers_text(exchange: Exchange) -> str | None:
    if not isinstance(exchange, Reply):
        return None
    if not exchange.headers:
        return "{}"
    kept: dict[str, Any] = {}
    for name, value in exchange.headers.items():
        if len(kept) == _SHOWN_HEADERS:
            break
        if name.lower() != "set-cookie":
            kept[name] = value[:_SHOWN_HEADER_VALUE]
    return _json(kept)


def _body_text(exchange: Exchange) -> str | None:
    if not isinstance(exchange, Reply) or not exchange.body:
        return None
    return exchange.body.decode(errors="replace").replace("\x00", "\ufffd")
