"""One attempt: send a request, and say what came of it and what happens next."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

import orjson

from rules.errors import InvalidInput
from rules.health import AttemptResult, LastStatus
from rules.ids import new_id
from rules.outcomes import Cause, Exchange, Fault, Reply, Send, cause_of_status
from rules.payload_template import FIELD as PAYLOAD_FIELD
from rules.retry import delay_after_local_fault, is_local, next_delay, succeeded
from store.pages import Row
from webhooks.echoes import without_echoes
from webhooks.profiles import Message
from webhooks.request import Target, build_request

RESPONSE_BODY_BYTES = 16_384
log = logging.getLogger("hookwright.attempt")

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-]{1,253}(?::\d{1,5})?(?=[/?#]|$)")
_SHOWN_HEADERS = 40
_SHOWN_HEADER_VALUE = 512


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

    @property
    def is_local(self) -> bool:
        """Whether it failed through a fault of ours: it is logged, but spends no retry and says nothing of health."""
        return is_local(self.exchange)

    def without_words(self) -> "Attempted":
        """Leave out all that others have said: for when it cannot be stored, as the rest must be."""
        error = None if self.result.error is None else "What was said in this attempt could not be stored."
        kept: Exchange = (
            Reply(self.exchange.status, {}, b"", self.exchange.duration_ms)
            if isinstance(self.exchange, Reply)
            else self.exchange._replace(message="", detail="")
        )
        return self._replace(shown_headers={}, exchange=kept, result=self.result._replace(error=error))

    def log_row(self) -> Row:
        """Render the row of the attempt log; rendering a batch at once costs half of doing it between exchanges."""
        try:
            return self._log_row(_json(self.shown_headers), _headers_text(self.exchange), _body_text(self.exchange))
        except Exception:
            log.exception("the log of an attempt on webhook %s lacks what was said in it", self.target.id)
            return self._log_row("{}", None, None)

    def _log_row(self, request_headers: str, response_headers: str | None, response_body: str | None) -> Row:
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
            "request_headers": request_headers,
            "response_headers": response_headers,
            "response_body": response_body,
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
    try:
        result, run_at = _judge(target, message, exchange, number=number, retries_used=retries_used, rng=rng)
    except Exception as error:
        log.exception("an attempt on webhook %s could not be judged", target.id)
        return local_fault(target, message, error, number=number, retries_used=retries_used, rng=rng)
    return Attempted(target, message, number, started, shown_headers, exchange, result, run_at)


def local_fault(
    target: Target, message: Message, error: Exception, *, number: int, retries_used: int, rng: Random
) -> Attempted:
    """Make an attempt of an error of ours, so that its delivery is settled like any other and tried again."""
    fault = _our_fault(error)
    result, run_at = _judge(target, message, fault, number=number, retries_used=retries_used, rng=rng)
    return Attempted(target, message, number, result.at, {}, fault, result, run_at)


def _judge(
    target: Target, message: Message, exchange: Exchange, *, number: int, retries_used: int, rng: Random
) -> tuple[AttemptResult, datetime | None]:
    """Say what an exchange means, and when the next one is due."""
    now = datetime.now(UTC)
    if succeeded(exchange):
        return AttemptResult("delivered", exchange.duration_ms, now), None
    if is_local(exchange):
        delay = None if message.test else delay_after_local_fault(number - retries_used, rng)
    else:
        delay = next_delay(target.retry, retries_used + 1, exchange, rng, now=now)
    status: LastStatus = "failed" if delay is None else "retrying"
    result = AttemptResult(status, exchange.duration_ms, now, error_of(exchange), _cause(exchange))
    return result, None if delay is None else now + delay


def _our_fault(error: Exception) -> Fault:
    words = "This server could not send the request; its log says why."
    return Fault(Cause.LOCAL_ERROR, words, 0, type(error).__name__)


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
    except InvalidInput as error:
        if error.errors[0].field.startswith(PAYLOAD_FIELD):
            return Fault(Cause.PAYLOAD_TEMPLATE, f"The payload template cannot be filled in: {error.detail}", 0), {}
        log.exception("an attempt on webhook %s failed on our side", target.id)
        return _our_fault(error), {}
    except Exception as error:
        log.exception("an attempt on webhook %s failed on our side", target.id)
        return _our_fault(error), {}


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


def _json(headers: Mapping[str, str]) -> str:
    try:
        return orjson.dumps(headers).decode()
    except TypeError:  # half a character, from bytes that are no text
        return json.dumps(headers)
