"""A local endpoint that verifies what it receives and prints it: `hookwright listen`, and the demo's other side.

It stands for the customer's code, so it shares nothing with the sender but the published rules of the signatures.
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from aiohttp import web

MAX_AGE_SECONDS = 300
MAX_BODY_BYTES = 2 * 1024 * 1024
_KEPT = 1_000


@dataclass(slots=True)
class Received:
    """One request and the receiver's verdict on it; `verified` is None when there was nothing to check it with."""

    path: str
    headers: dict[str, str]
    body: bytes
    verified: bool | None
    how: str
    status: int

    @property
    def json(self) -> Any:
        """Return the body as JSON; raises ValueError when it is not."""
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """An endpoint with a mind of its own.

    Args:
        secret: A `whsec_…` or perspection secret to verify signatures with.
        auth_header: (name, value) that every request must carry; 401 otherwise.
        status: What to answer when a request is in order.
        delay_seconds: How long to wait before answering.
        on_request: Called with every request after it was judged.

    """

    secret: str | None = None
    auth_header: tuple[str, str] | None = None
    status: int = 200
    delay_seconds: float = 0
    on_request: Callable[[Received], None] = lambda _received: None
    received: list[Received] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Listen, and give the base URL; `port` 0 takes a free one."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
            bound = runner.addresses[0][1]
            yield f"http://{host}:{bound}"
        finally:
            await runner.cleanup()

    async def wait_for(self, count: int, seconds: float = 15) -> Received:
        """Wait until `count` requests have arrived and return the newest; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:  # noqa: ASYNC110 - requests come from another thread of events
                await asyncio.sleep(0.02)
        return self.received[count - 1]

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        verified, how = self._judge(headers, body)
        status = 401 if verified is False else self.status
        await asyncio.sleep(self.delay_seconds)
        received = Received(request.path, headers, body, verified, how, status)
        self.received = [*self.received[-_KEPT:], received]
        self.on_request(received)
        return web.json_response({"received": True} if status < 300 else {"error": how}, status=status)

    def _judge(self, headers: dict[str, str], body: bytes) -> tuple[bool | None, str]:
        if self.auth_header is not None:
            name, value = self.auth_header
            if not hmac.compare_digest(headers.get(name.lower(), "").encode(), value.encode()):
                return False, f"the {name} header is missing or wrong"
        if self.secret is None:
            return (True, "the header matches") if self.auth_header else (None, "nothing to verify with")
        if "webhook-signature" in headers:
            return _standard(self.secret, headers, body)
        if "x-perspection-signature" in headers:
            expected = hmac.new(self.secret.encode(), body, sha256).hexdigest()
            valid = hmac.compare_digest(expected, headers["x-perspection-signature"])
            return valid, "the hex signature is valid" if valid else "the hex signature does not match"
        return False, "there is no signature"


def _standard(secret: str, headers: dict[str, str], body: bytes) -> tuple[bool, str]:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        age = abs(time.time() - int(headers["webhook-timestamp"]))
    except (binascii.Error, ValueError, KeyError):
        return False, "the secret or the webhook-timestamp header cannot be read"
    if age > MAX_AGE_SECONDS:
        return False, "the signature is older than five minutes"
    signed = f"{headers.get('webhook-id', '')}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
    given = headers["webhook-signature"].split()
    valid = any(hmac.compare_digest("v1," + expected, signature) for signature in given)
    return valid, "the signature is valid" if valid else "the signature does not match"
