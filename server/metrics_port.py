"""A port of its own for metrics and health: for a worker that serves nothing else, or off the public one."""

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from rules.errors import Unavailable
from server import problems
from server.engine import Engine
from server.routes import health, metrics
from server.version import VERSION

_GRACE_SECONDS = 1


class _Quiet(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class MetricsPort:
    """Serves `/metrics`, `/healthz` and `/readyz` of one process until it is closed."""

    def __init__(self, server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
        self._server = server
        self._task = task

    @classmethod
    async def open(cls, engine: Engine, port: int) -> "MetricsPort":
        """Listen on a port of the host in the settings; raises Unavailable when it is taken."""
        host = engine.settings.host
        config = uvicorn.Config(
            _app(engine),
            host,
            port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
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


def _app(engine: Engine) -> FastAPI:
    app = FastAPI(title="Hookwright", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.platform = engine
    problems.install(app)
    app.include_router(health.router)
    app.include_router(metrics.router)
    return app


async def _serve(server: uvicorn.Server) -> None:
    with contextlib.suppress(SystemExit):  # uvicorn's way to say that it could not begin
        await server.serve()
