"""A port of its own for metrics and health: for a worker that serves nothing else, or off the public one."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import uvicorn

from rules.errors import Unavailable
from server.app import build_metrics_app

if TYPE_CHECKING:
    from server.wiring import Platform

_GRACE_SECONDS = 1


class _Quiet(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class MetricsPort:
    """Serves `/metrics`, `/healthz` and `/readyz` of one platform until it is closed."""

    def __init__(self, server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
        self._server = server
        self._task = task

    @classmethod
    async def open(cls, platform: "Platform", port: int) -> "MetricsPort":
        """Listen on a port of the host in the settings; raises Unavailable when it is taken."""
        host = platform.settings.host
        app = build_metrics_app(platform)
        config = uvicorn.Config(
            app, host, port, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_GRACE_SECONDS
        )
        server = _Quiet(config)
        task = asyncio.create_task(_serve(server))
        while not server.started:
            if task.done():
                raise Unavailable(f"Cannot listen on {host}:{port} for metrics (HOOKWRIGHT_METRICS_PORT).")
            await asyncio.sleep(0.01)
        return cls(server, task)

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        self._server.should_exit = True
        await self._task


async def _serve(server: uvicorn.Server) -> None:
    with contextlib.suppress(SystemExit):  # uvicorn's way to say that it could not begin
        await server.serve()
