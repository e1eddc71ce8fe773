"""The attempts of one call: a GET is tried again when that may help, everything else is sent once (C09)."""

import asyncio
import logging
from random import Random
from time import perf_counter
from typing import Final

from rules.outcomes import Cause, Exchange, Fault, Reply, Send
from rules.request_template import Rendered

RETRIES: Final = 2
MAX_BODY_BYTES: Final = 1_048_576
_PAUSE_SECONDS: Final = 0.25
_TRANSIENT_STATUS: Final = frozenset({502, 503, 504})
_TRANSIENT_CAUSE: Final = frozenset(
    {
        Cause.DNS_FAILURE,
        Cause.CONNECTION_REFUSED,
        Cause.CONNECT_TIMEOUT,
        Cause.CONNECTION_RESET,
        Cause.RESPONSE_TIMEOUT,
        Cause.INVALID_RESPONSE,
    }
)
log = logging.getLogger("hookwright.call")


class Attempts:
    """Sends one request, and knows afterwards, even after a cancellation, how often and for how long it tried."""

    def __init__(self, send: Send, rng: Random) -> None:
        self.count = 0
        self._send = send
        self._rng = rng
        self._started: float | None = None

    @property
    def duration_ms(self) -> int:
        """Milliseconds since the first attempt began; 0 before it."""
        return 0 if self._started is None else int((perf_counter() - self._started) * 1000)

    async def run(self, request: Rendered, timeout_seconds: float) -> Exchange:
        """Send a request, and a GET up to two more times after a network fault or 502, 503 or 504.

        Each attempt may take `timeout_seconds`, so a GET takes at most three times that and two short pauses.
        """
        self._started = perf_counter()
        while True:
            self.count += 1
            exchange = await self._attempt(request, timeout_seconds)
            if request.method != "GET" or self.count > RETRIES or not _transient(exchange):
                return exchange
            await asyncio.sleep(_PAUSE_SECONDS * 2 ** (self.count - 1) * self._rng.uniform(0.5, 1.5))

    async def _attempt(self, request: Rendered, timeout_seconds: float) -> Exchange:
        try:
            return await self._send(
                request.method,
                request.url,
                headers=request.headers,
                body=request.body,
                timeout_seconds=timeout_seconds,
                max_body_bytes=MAX_BODY_BYTES,
            )
        except Exception as error:  # noqa: BLE001 - a bug in sending is an outcome too, and is logged like one
            # No traceback: its frames hold the request, and in it secrets.
            log.error("a call could not be sent: %s", type(error).__name__)  # noqa: TRY400 - see above
            words = "This server could not send the request; its log says why."
            return Fault(Cause.LOCAL_ERROR, words, 0, type(error).__name__)


def _transient(exchange: Exchange) -> bool:
    if isinstance(exchange, Reply):
        return exchange.status in _TRANSIENT_STATUS
    return exchange.cause in _TRANSIENT_CAUSE
