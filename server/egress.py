"""The one door out: every HTTP request that leaves this server goes through an `Egress`.

It connects only where the address policy allows, follows no redirect, keeps no cookie, reads no proxy or password from
the environment, and answers with a value for whatever the other side does.
"""

import contextlib
import math
import re
import socket
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import AddrInfoType, Connection
from aiohttp.tracing import Trace
from yarl import URL

from rules.addresses import Policy, refuse_address
from rules.errors import InvalidInput
from rules.outcomes import Cause, Exchange, Fault, Reply
from server.compression import decoded
from server.faults import broke_off, classify
from server.resolver import Resolver
from webhooks.faults import AddressRefusedError

CONNECT_SHARE = 0.9  # of the whole time: what is left tells "cannot connect" from "does not answer"
CONNECT_SECONDS_MAX = 10.0
KEEP_ALIVE_SECONDS = 15.0
DNS_CACHE_SECONDS = 30
SWITCHING_PROTOCOLS = 101
DEFAULT_HEADERS = {"User-Agent": "Hookwright/0.1", "Accept": "*/*", "Accept-Encoding": "identity"}

# A receiver that sees one of these can tell a repeated request from a new one, so repeating it does no harm.
REPEATABLE_BY_HEADER = frozenset({"webhook-id", "idempotency-key", "x-idempotency-key", "x-perspection-event-id"})
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HTTPS_ONLY = (
    "Only https:// addresses are allowed here. While developing, an operator can allow http with "
    "HOOKWRIGHT_EGRESS_ALLOW_HTTP=true."
)
_NO_CONTENT_TYPE = ("Content-Type",)  # that nobody asked for: aiohttp would guess one

_FIELD_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")  # RFC 9110, section 5.6.2
_FIELD_BREAKS = re.compile(r"[\r\n\0]")

_ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")  # RFC 3986

_opened: ContextVar[list[str] | None] = ContextVar("opened", default=None)


class Connector(aiohttp.TCPConnector):
    """Reuses a kept connection only if nothing came on it since its last answer.

    Else a stray answer, such as a 408 sent on an idle connection, would be taken for that to the next request.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        """Return a connection on which the next thing to be read is the answer to `req`."""
        while True:
            connection = await super().connect(req, traces, timeout)
            if connection.protocol is None or not connection.protocol.should_close:
                return connection
            connection.close()


class Egress:
    """Sends requests as `rules.outcomes.Send` says, within an address policy."""

    def __init__(
        self,
        policy: Policy,
        *,
        ca_file: Path | str | None = None,
        proxy: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Prepare the door; connections are made when they are first needed.

        Args:
            policy: which addresses may be connected to, and whether plain `http` is allowed.
            ca_file: PEM file of further authorities to trust, besides the system's.
            proxy: URL of an HTTP proxy that all requests take; its own address is exempt from the policy.
            resolver: name lookups; by default the system's, on threads of their own.
        """
        self.policy = policy
        self.tls = ssl.create_default_context()
        if ca_file is not None:
            self.tls.load_verify_locations(cafile=str(ca_file))
        self.resolver = resolver or Resolver()
        self._own_resolver = resolver is None
        self._proxy = URL(proxy) if proxy else None
        self._schemes = ("https://", "http://") if policy.allow_http else ("https://",)
        self._sessions: tuple[aiohttp.ClientSession, aiohttp.ClientSession] | None = None

    async def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        max_body_bytes: int = 16_384,
    ) -> Exchange:
        """Exchange one request for a reply or a fault.

        Args:
            method: HTTP method.
            url: absolute URL; `http` only when the policy allows it.
            headers: sent as they are, over a few defaults.
            body: exact bytes, or None for no body.
            timeout_seconds: for the whole exchange, name lookup to last byte read.
            max_body_bytes: at most this much of the answer is read; the rest is dropped and `truncated` says so.

        Raises:
            InvalidInput: a header name or value that would break the request apart (CR, LF, NUL).
        """
        started = perf_counter()
        if not _headers_are_plain(headers):
            raise _refused_header(headers)
        pooled, fresh = self._sessions or self._open()
        if (refusal := self._refuse_url(url)) is not None:
            return refusal
        opened: list[str] = []
        _opened.set(opened)
        names = {name.lower() for name in headers}
        repeatable = method in REPEATABLE_METHODS or not REPEATABLE_BY_HEADER.isdisjoint(names)
        # What must not be sent twice never rides on a connection that the peer may just be closing.
        session = pooled if repeatable else fresh
        request = (method, url, headers, body, None if "content-type" in names else _NO_CONTENT_TYPE)
        try:
            if self._proxy is not None:
                await self._check_behind_proxy(url)
            try:
                return await self._exchange(session, request, timeout_seconds, max_body_bytes, started)
            except (aiohttp.ClientError, OSError) as error:
                # No socket was opened for this request, so it met a kept connection that had gone away meanwhile.
                if opened or not broke_off(error):
                    raise
            left = max(0.001, timeout_seconds - (perf_counter() - started))
            return await self._exchange(fresh, request, left, max_body_bytes, started)
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError) as error:
            return _fault(error, url, timeout_seconds, started)

    async def close(self) -> None:
        """Close every connection; the object can be used again afterwards."""
        sessions, self._sessions = self._sessions, None
        for session in sessions or ():
            await session.close()
        if sessions and self._own_resolver:
            await self.resolver.close()
            self.resolver = Resolver()

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: tuple[str, str, Mapping[str, str], bytes | None, tuple[str] | None],
        timeout_seconds: float,
        max_body_bytes: int,
        started: float,
    ) -> Reply:
        method, url, headers, body, not_added = request
        response = await session.request(
            method,
            # A URL that needs no encoding goes out to the letter: `%2F`, `%3B` and `%2E` mean something else decoded.
            URL(url, encoded=_ENCODED.fullmatch(url) is not None),
            headers=headers,
            data=body,
            skip_auto_headers=not_added,
            allow_redirects=False,
            timeout=_timeout(timeout_seconds),
            proxy=self._proxy,
        )
        try:
            content = response.content
            received = b"" if content.at_eof() else await content.read(max_body_bytes + 1)
            while not content.at_eof() and len(received) <= max_body_bytes:
                received += await content.read(max_body_bytes + 1 - len(received))
        except BaseException:
            response.close()
            raise
        truncated = len(received) > max_body_bytes
        if truncated or response.status == SWITCHING_PROTOCOLS:
            response.close()  # reading on only to keep the connection would give the peer our time and memory
        kept = _lower_case(response.headers)
        duration_ms = int((perf_counter() - started) * 1000)
        reply_body = received[:max_body_bytes] if truncated else received
        if "content-encoding" in kept:
            reply_body, more = decoded(reply_body, kept["content-encoding"], max_body_bytes)
            truncated = truncated or more
        return Reply(response.status, kept, reply_body, duration_ms, truncated)

    def _open(self) -> tuple[aiohttp.ClientSession, aiohttp.ClientSession]:
        pooled = self._session(force_close=False, keepalive_timeout=KEEP_ALIVE_SECONDS)
        self._sessions = (pooled, self._session(force_close=True))
        return self._sessions

    def _session(self, **connections: Any) -> aiohttp.ClientSession:
        connector = Connector(
            socket_factory=self._open_socket,
            resolver=self.resolver,
            ssl=self.tls,
            limit=0,
            ttl_dns_cache=DNS_CACHE_SECONDS,
            **connections,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=DEFAULT_HEADERS,
            auto_decompress=False,
            trust_env=False,
        )

    def _open_socket(self, address: AddrInfoType) -> socket.socket:
        """Make the socket for one connection, having looked at the very address it will connect to."""
        family, kind, protocol, _, target = address
        if self._proxy is None and (reason := refuse_address(target[0], self.policy)) is not None:
            raise AddressRefusedError(reason)
        if (opened := _opened.get()) is not None:
            opened.append(target[0])
        return socket.socket(family, kind, protocol)

    def _refuse_url(self, url: str) -> Fault | None:
        if url.startswith(self._schemes):
            return None
        return Fault(Cause.BLOCKED_ADDRESS, _HTTPS_ONLY, 0)

    async def _check_behind_proxy(self, url: str) -> None:
        """Refuse what our own name lookup shows to be private; the proxy sees the address really connected to."""
        host = URL(url).raw_host or ""
        with contextlib.suppress(socket.gaierror):  # behind a proxy, names are often the proxy's to look up
            for found in await self.resolver.resolve(host):
                if (reason := refuse_address(found["host"], self.policy)) is not None:
                    raise AddressRefusedError(reason)


@lru_cache(maxsize=512)
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    connect = min(seconds * CONNECT_SHARE, CONNECT_SECONDS_MAX)
    return aiohttp.ClientTimeout(total=seconds, connect=connect, ceil_threshold=math.inf)


def _headers_are_plain(headers: Mapping[str, str]) -> bool:
    # One pass over all text: printable text cannot hold CR, LF or NUL, and is by far the most common.
    if "" in headers or _FIELD_NAMES.fullmatch("".join(headers)) is None:
        return False
    values = "".join(headers.values())
    return values.isprintable() or _FIELD_BREAKS.search(values) is None


def _refused_header(headers: Mapping[str, str]) -> InvalidInput:
    """Name the header to blame, but not its value: that may be a secret."""
    for name, value in headers.items():
        if not _FIELD_NAMES.fullmatch(name) or not name:
            return InvalidInput.of("headers", f"{name!r} is not a header name: use letters, digits and hyphens.")
        if _FIELD_BREAKS.search(value):
            return InvalidInput.of(f"headers.{name}", "The value holds a line break or NUL, which no header may.")
    return InvalidInput.of("headers", "A header is not valid.")


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        lowered[key] = f"{lowered[key]}, {value}" if key in lowered else value
    return lowered


def _fault(error: Exception, url: str, timeout_seconds: float, started: float) -> Fault:
    target = URL(url)
    reason = classify(error, target.raw_host or "the address", target.port or 0, timeout_seconds)
    if reason is None:
        raise error
    return Fault(reason.cause, reason.message, int((perf_counter() - started) * 1000), reason.detail)
