"""One HTTP/1.1 exchange on a connection of aiohttp's pool.

Connections, name lookups, TLS, proxies and the parser are aiohttp's. Its session is passed by: what that does besides,
for redirects, cookies, middlewares and streamed bodies, takes two thirds of an exchange, and there is no use for any of
it here (docs/decisions/delivery-hot-path.md).
"""

import asyncio
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from yarl import URL

CONNECT_SHARE = 0.9  # of the whole time: what is left tells "cannot connect" from "does not answer"
CONNECT_SECONDS_MAX = 10.0
SWITCHING_PROTOCOLS = 101
INTERIM_ANSWERS_MOST = 32  # 100 Continue, 103 Early Hints: without end, they would keep us busy until the time is up

_NOT_ADDED = ("User-Agent", "Accept", "Accept-Encoding")
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Route(NamedTuple):
    """Where a URL leads: what connections are pooled by, the request line's target, and `Host` with what goes with it.

    `fixed` is None where it becomes known with the connection only, which may bring credentials for a proxy.
    """

    request: aiohttp.ClientRequest
    target: str
    fixed: str | None


class Answer(NamedTuple):
    """The head of an answer, and its body up to the limit; `truncated` says that there was more."""

    message: RawResponseMessage
    body: bytes
    truncated: bool


def route_to(url: URL, proxy: URL | None) -> Route:
    """Work out what all requests to a URL have in common.

    Raises:
        aiohttp.InvalidURL: it names no host.

    """
    request = aiohttp.ClientRequest(
        "GET", url, proxy=proxy, skip_auto_headers=_NOT_ADDED, loop=asyncio.get_running_loop()
    )
    by_proxy = proxy is not None and not request.is_ssl()
    target = str(request.url) if by_proxy else request.url.raw_path_qs
    return Route(request, target, None if by_proxy else _lines(request.headers))


async def exchange(
    connector: aiohttp.TCPConnector,
    route: Route,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    timeout_seconds: float,
    max_body_bytes: int,
) -> Answer:
    """Send a request, and read its answer up to a limit.

    Args:
        connector: The pool.
        route: Where to.
        method: HTTP method.
        headers: Sent as they are, after `Host`; none of them is the connection's own.
        body: Exact bytes, or None for no body.
        timeout_seconds: For the whole exchange, name lookup to last byte read.
        max_body_bytes: What is read of the answer's body at most.

    Raises:
        aiohttp.ClientError, OSError: no complete answer came; `ConnectionTimeoutError` when there was no connection.
        TimeoutError: not in time.

    """
    ends = asyncio.get_running_loop().time() + timeout_seconds
    connection = await _connected(connector, route, timeout_seconds)
    deadline = _Deadline(connection, ends)
    try:
        _write(connection, _head(connector, route, method, headers, body), body)
        message, content = await _answer_of(connection, route, method)
        received, truncated = await _read(content, max_body_bytes)
        deadline.check()
    except Exception as error:
        _break(connection)
        deadline.check(error)
        raise
    except BaseException:
        _break(connection)
        raise
    finally:
        deadline.cancel()
    if truncated or message.code == SWITCHING_PROTOCOLS:
        _break(connection)  # reading on only to keep the connection would give the peer our time and memory
    elif connection.transport is not None and connection.transport.get_write_buffer_size():
        connection.close()  # it answered before it had read all: what follows would not begin where it should
    else:
        connection.release()
    return Answer(message, received, truncated)


class _Deadline:
    """Breaks a connection when an exchange takes too long; `asyncio.timeout` costs three times as much."""

    __slots__ = ("_connection", "_expired", "_handle")

    def __init__(self, connection: Connection, ends: float) -> None:
        self._connection = connection
        self._expired = False
        self._handle = asyncio.get_running_loop().call_at(ends, self._expire)

    def cancel(self) -> None:
        self._handle.cancel()

    def check(self, error: Exception | None = None) -> None:
        """Raise TimeoutError if it was not met, whatever that looked like to the reader."""
        if self._expired:
            raise TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        if self._connection.transport is not None:
            self._connection.transport.abort()


async def _connected(connector: aiohttp.TCPConnector, route: Route, seconds: float) -> Connection:
    try:
        return await connector.connect(route.request, [], _timeout(seconds))
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError from error


@lru_cache(maxsize=512)
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=seconds, connect=min(seconds * CONNECT_SHARE, CONNECT_SECONDS_MAX), ceil_threshold=math.inf
    )


def _head(
    connector: aiohttp.TCPConnector, route: Route, method: str, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    fixed = _lines(route.request.headers) if route.fixed is None else route.fixed
    length = f"Content-Length: {len(body or b'')}\r\n" if body is not None or method not in _WITHOUT_BODY else ""
    close = "Connection: close\r\n" if connector.force_close else ""
    return f"{method} {route.target} HTTP/1.1\r\n{fixed}{_lines(headers)}{length}{close}\r\n".encode()


def _lines(headers: Mapping[str, str]) -> str:
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    return "".join(lines)


def _write(connection: Connection, head: bytes, body: bytes | None) -> None:
    transport = connection.transport
    if transport is None:
        raise aiohttp.ServerDisconnectedError
    transport.write(head + body if body else head)


async def _answer_of(connection: Connection, route: Route, method: str) -> tuple[RawResponseMessage, StreamReader]:
    protocol = connection.protocol
    if protocol is None:
        raise aiohttp.ServerDisconnectedError
    protocol.set_response_params(skip_payload=method == "HEAD", read_until_eof=True, auto_decompress=False)
    try:
        for _ in range(INTERIM_ANSWERS_MOST + 1):
            message, content = await protocol.read()
            if message.code >= 200 or message.code == SWITCHING_PROTOCOLS:
                return message, content
    except HttpProcessingError as error:
        raise aiohttp.ClientResponseError(
            route.request.request_info, (), status=error.code, message=error.message
        ) from error
    raise aiohttp.ClientResponseError(route.request.request_info, (), message="too many interim answers")


async def _read(content: StreamReader, limit: int) -> tuple[bytes, bool]:
    received = b"" if content.at_eof() else await content.read(limit + 1)
    while not content.at_eof() and len(received) <= limit:
        received += await content.read(limit + 1 - len(received))
    return (received[:limit], True) if len(received) > limit else (received, False)


def _break(connection: Connection) -> None:
    """Close a connection at once: what is still to be written to it would wait for the peer to read."""
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()
