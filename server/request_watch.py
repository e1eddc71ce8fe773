"""Times each request and tells by which route it came, never by which path: a path may hold what nobody should log."""

from time import perf_counter
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.logs import PROBES
from server.watching import Watcher

if TYPE_CHECKING:
    from server.telemetry import Tracing

NO_ROUTE = "none"


class RequestWatch:
    """ASGI middleware.

    Args:
        app: What answers.
        watcher: Who is told.
        tracing: Makes a span of each request; None when traces are off.

    """

    def __init__(self, app: ASGIApp, *, watcher: Watcher, tracing: "Tracing | None" = None) -> None:
        self._app = app
        self._watcher = watcher
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and tell."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._tracing is None or scope["path"] in PROBES:
            await self._timed(scope, receive, send)
        else:
            with self._tracing.span_of(scope) as ended:
                ended(*await self._timed(scope, receive, send))

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> tuple[str, int]:
        started, status = perf_counter(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            route = route_of(scope)
            self._watcher.request(scope["method"], route, status, perf_counter() - started)
        return route, status


def route_of(scope: Scope) -> str:
    """Return the template of a request's route, such as `/v1/webhooks/{webhook_id}`; `none` when none took it."""
    path = getattr(scope.get("route"), "path_format", None) or getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else NO_ROUTE
