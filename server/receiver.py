"""A local endpoint that verifies what it receives and prints it: `hookwright listen`, and the demo's other side."""

import asyncio
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from server.verifying import HEX_HEADER, KeySet, Signed, Verdict, judge_hex, key_bytes, signed

MAX_BODY_BYTES = 2 * 1024 * 1024
_KEPT = 1_000
_PROBE = "a probe of the diagnosis, no delivery"


@dataclass(slots=True)
class Received:
    """One request and the receiver's verdict on it.

    `verified` is None when there was nothing to check it with, or nothing to check: a `probe` carries no signature.
    """

    path: str
    headers: dict[str, str]
    body: bytes
    verified: bool | None
    how: str
    status: int
    probe: bool = False

    @property
    def json(self) -> Any:
        """Return the body as JSON; raises ValueError when it is not."""
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """An endpoint with a mind of its own.

    Args:
        secret: A `whsec_…` or perspection secret to verify signatures with.
        public_keys: `whpk_…` keys to verify v1a signatures with, which then decide also where there is a v1 beside.
        key_set: Where such keys are published.
        signature_header: The header of hex signatures.
        auth_header: (name, value) that every request must carry; 401 otherwise.
        status: What to answer when a request is in order.
        delay_seconds: How long to wait before answering.
        on_request: Called with every request after it was judged.

    """

    secret: str | None = None
    public_keys: Sequence[str] = ()
    key_set: KeySet | None = None
    signature_header: str = HEX_HEADER
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
        probe = request.method == "OPTIONS" and "(probe)" in headers.get("user-agent", "")
        verified, how = (None, _PROBE) if probe else await self._judge(headers, body)
        status = 401 if verified is False else self.status
        await asyncio.sleep(self.delay_seconds)
        received = Received(request.path, headers, body, verified, how, status, probe)
        self.received = [*self.received[-_KEPT:], received]
        self.on_request(received)
        words = how if verified is False else f"this receiver was told to answer {status}"
        return web.json_response({"received": True} if status < 300 else {"error": words}, status=status)

    async def _judge(self, headers: dict[str, str], body: bytes) -> tuple[bool | None, str]:
        if self.auth_header is not None:
            name, value = self.auth_header
            if not hmac.compare_digest(headers.get(name.lower(), "").encode(), value.encode()):
                return False, f"the {name} header is missing or wrong"
        if self.secret is None and not self.public_keys and self.key_set is None:
            return (True, "the header matches") if self.auth_header else (None, "nothing to verify with")
        hex_header = self.signature_header.lower()
        if self.secret is not None and hex_header in headers:
            return judge_hex(self.secret, headers[hex_header], body)
        if "webhook-signature" not in headers:
            return False, "there is no signature"
        try:
            return await self._standard(signed(headers, body))
        except ValueError as error:
            return False, str(error)

    async def _standard(self, request: Signed) -> Verdict:
        """Judge a signature of Standard Webhooks; raises ValueError when a key cannot be read."""
        asymmetric = bool(self.public_keys) or self.key_set is not None
        if request.has("v1a") and asymmetric:
            valid = await self._is_by_key(request)
            return valid, "the v1a signature is valid" if valid else "the v1a signature does not match"
        if self.secret is None:
            return False, "a v1 signature needs --secret"
        if not request.has("v1"):
            return False, "a v1a signature needs --jwks or --public-key"
        valid = request.is_by_secret(self.secret)
        return valid, "the signature is valid" if valid else "the signature does not match"

    async def _is_by_key(self, request: Signed) -> bool:
        given = [key_bytes(key) for key in self.public_keys]
        if self.key_set is None:
            return request.is_by_key(given)
        if not request.is_by_key([*given, *self.key_set.keys]):
            await self.key_set.refresh()
        return request.is_by_key([*given, *self.key_set.keys])
