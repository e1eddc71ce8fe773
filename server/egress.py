"""The one door out: every HTTP request that leaves this server goes through an `Egress`.

It connects only where the address policy allows, follows no redirect, keeps no cookie, reads no proxy or password from
the environment, and answers with a value for whatever the other side does.
"""

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import AddrInfoType, Connection
from aiohttp.tracing import Trace
from yarl import URL

from rules.addresses import Policy, refuse_address
from rules.errors import InvalidInput
from rules.outcomes import Cause, Exchange, Fault, Reply
from server.compression import decoded
from server.exchange import Route, exchange, route_to
from server.faults import broke_off, classify
from server.resolver import Resolver
from webhooks.faults import AddressRefusedError

KEEP_ALIVE_SECONDS = 15.0
DNS_CACHE_SECONDS = 30
DEFAULT_HEADERS = {"User-Agent": "Hookwright/0.1", "Accept": "*/*", "Accept-Encoding": "identity"}
CONNECTION_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})

# A receiver that sees one of these can tell a repeated request from a new one, so repeating it does no harm.
REPEATABLE_BY_HEADER = frozenset({"webhook-id", "idempotency-key", "x-idempotency-key", "x-perspection-event-id"})
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = REPEATABLE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}

_HTTPS_ONLY = (
    "Only https:// addresses are allowed here. While developing, an operator can allow http with "
    "HOOKWRIGHT_EGRESS_ALLOW_HTTP=true."
)
_ROUTES_KEPT = 4096
_SHAPES_KEPT = 1024

_FIELD_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")  # RFC 9110, section 5.6.2
_FIELD_BREAKS = re.compile(r"[\r\n\0\ud800-\udfff]")

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
        self._ways: Ways | None = None

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
            headers: sent as they are, over a few defaults; those that are the connection's own are left out.
            body: exact bytes, or None for no body.
            timeout_seconds: for the whole exchange, name lookup to last byte read.
            max_body_bytes: at most this much of the answer is read; the rest is dropped and `truncated` says so.

        Raises:
            InvalidInput: a header that would break the request apart (CR, LF, NUL), or an unknown method.
        """
        started = perf_counter()
        shape = _checked(method, headers)
        if not url.startswith(self._schemes):
            return Fault(Cause.BLOCKED_ADDRESS, _HTTPS_ONLY, 0)
        ways = self._ways or self._open()
        request = _Request(method, _completed(shape, headers), body, max_body_bytes)
        # What must not be sent twice never rides on a connection that the peer may just be closing.
        way = ways.pooled if shape.repeatable or method in REPEATABLE_METHODS else ways.fresh
        try:
            if self._proxy is not None:
                await self._check_behind_proxy(url)
            return await _sent(way, ways.routes(url), request, timeout_seconds, started, fresh=ways.fresh)
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError) as error:
            return _fault(error, url, timeout_seconds, started)

    async def close(self) -> None:
        """Close every connection; the object can be used again afterwards."""
        ways, self._ways = self._ways, None
        if ways is not None:
            await ways.pooled.close()
            await ways.fresh.close()
            if self._own_resolver:
                await self.resolver.close()
                self.resolver = Resolver()

    def _open(self) -> "Ways":
        routes = lru_cache(maxsize=_ROUTES_KEPT)(self._route)
        pooled = self._connector(force_close=False, keepalive_timeout=KEEP_ALIVE_SECONDS)
        self._ways = Ways(pooled, self._connector(force_close=True), routes)
        return self._ways

    def _route(self, url: str) -> Route:
        # A URL that needs no encoding goes out to the letter: `%2F`, `%3B` and `%2E` mean something else decoded.
        return route_to(URL(url, encoded=_ENCODED.fullmatch(url) is not None), self._proxy)

    def _connector(self, **connections: Any) -> Connector:
        return Connector(
            socket_factory=self._open_socket,
            resolver=self.resolver,
            ssl=self.tls,
            limit=0,
            ttl_dns_cache=DNS_CACHE_SECONDS,
            **connections,
        )

    def _open_socket(self, address: AddrInfoType) -> socket.socket:
        """Make the socket for one connection, having looked at the very address it will connect to."""
        family, kind, protocol, _, target = address
        if self._proxy is None and (reason := refuse_address(target[0], self.policy)) is not None:
            raise AddressRefusedError(reason)
        if (opened := _opened.get()) is not None:
            opened.append(target[0])
        return socket.socket(family, kind, protocol)

    async def _check_behind_proxy(self, url: str) -> None:
        """Refuse what our own name lookup shows to be private; the proxy sees the address really connected to."""
        host = URL(url).raw_host or ""
        with contextlib.suppress(socket.gaierror):  # behind a proxy, names are often the proxy's to look up
            for found in await self.resolver.resolve(host):
                if (reason := refuse_address(found["host"], self.policy)) is not None:
                    raise AddressRefusedError(reason)


class Ways(NamedTuple):
    """The two ways out, over kept connections and over new ones, and the cache of where URLs lead."""

    pooled: Connector
    fresh: Connector
    routes: Callable[[str], Route]


class _Request(NamedTuple):
    method: str
    headers: Mapping[str, str]
    body: bytes | None
    max_body_bytes: int


async def _sent(
    way: Connector, route: Route, request: _Request, timeout_seconds: float, started: float, *, fresh: Connector
) -> Reply:
    """Send a request, and once more over a new connection when the kept one had gone away meanwhile."""
    opened: list[str] = []
    _opened.set(opened)
    try:
        return await _replied(way, route, request, timeout_seconds, started)
    except (aiohttp.ClientError, OSError) as error:
        # No socket was opened for this request, so it met a kept connection.
        if opened or not broke_off(error):
            raise
    left = max(0.001, timeout_seconds - (perf_counter() - started))
    return await _replied(fresh, route, request, left, started)


async def _replied(way: Connector, route: Route, request: _Request, timeout_seconds: float, started: float) -> Reply:
    method, headers, body, limit = request
    answer = await exchange(way, route, method, headers, body, timeout_seconds=timeout_seconds, max_body_bytes=limit)
    kept = _lower_case(answer.message.headers)
    duration_ms = int((perf_counter() - started) * 1000)
    content, truncated = answer.body, answer.truncated
    if "content-encoding" in kept:
        content, more = decoded(content, kept["content-encoding"], limit)
        truncated = truncated or more
    return Reply(answer.message.code, kept, content, duration_ms, truncated)


class _Shape(NamedTuple):
    """What the names of a request's headers decide; requests differ in values far more often than in names.

    Attributes:
        plain: Whether all of them are header names.
        repeatable: Whether a receiver can tell a repeated request from a new one by them.
        defaults: The headers to add.
        own: The connection's own headers, to be left out.

    """

    plain: bool
    repeatable: bool
    defaults: Mapping[str, str]
    own: tuple[str, ...]


@lru_cache(maxsize=_SHAPES_KEPT)
def _shape(names: tuple[str, ...]) -> _Shape:
    lower = {name.lower() for name in names}
    return _Shape(
        plain="" not in names and _FIELD_NAMES.fullmatch("".join(names)) is not None,
        repeatable=not REPEATABLE_BY_HEADER.isdisjoint(lower),
        defaults={name: value for name, value in DEFAULT_HEADERS.items() if name.lower() not in lower},
        own=tuple(name for name in names if name.lower() in CONNECTION_HEADERS),
    )


def _checked(method: str, headers: Mapping[str, str]) -> _Shape:
    """Return what the headers' names decide; raises InvalidInput for a header or a method that may not be sent."""
    shape = _shape(tuple(headers))
    if not shape.plain or not _are_plain(headers.values()):
        raise _refused_header(headers)
    if method not in METHODS:
        raise InvalidInput.of("method", f"must be one of {', '.join(sorted(METHODS))}")
    return shape


def _completed(shape: _Shape, headers: Mapping[str, str]) -> dict[str, str]:
    completed = {**shape.defaults, **headers}
    for name in shape.own:
        del completed[name]
    return completed


def _are_plain(values: Iterable[str]) -> bool:
    # One pass over all text: printable text cannot hold CR, LF or NUL, and is by far the most common.
    text = "".join(values)
    return text.isprintable() or _FIELD_BREAKS.search(text) is None


def _refused_header(headers: Mapping[str, str]) -> InvalidInput:
    """Name the header to blame, but not its value: that may be a secret."""
    for name, value in headers.items():
        if not _FIELD_NAMES.fullmatch(name) or not name:
            return InvalidInput.of("headers", f"{name!r} is not a header name: use letters, digits and hyphens.")
        if _FIELD_BREAKS.search(value):
            return InvalidInput.of(
                f"headers.{name}", "The value holds a line break, NUL or half a character, which no header may."
            )
    return InvalidInput.of("headers", "A header is not valid.")


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        lowered[key] = f"{lowered[key]}, {value}" if key in lowered else value
    return lowered


def _fault(error: Exception, url: str, timeout_seconds: float, started: float) -> Fault:
    try:
        target = URL(url)
    except ValueError:
        return Fault(Cause.BLOCKED_ADDRESS, "The address is not a URL with a host and a port up to 65535.", 0)
    reason = classify(error, target.raw_host or "the address", target.port or 0, timeout_seconds)
    if reason is None:
        raise error
    return Fault(reason.cause, reason.message, int((perf_counter() - started) * 1000), reason.detail)
