"""`hookwright serve`, and the server that the demo and the tests run."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator

import uvicorn
from rich.console import Console

from server.app import build_app
from server.settings import Settings
from server.wiring import Platform, wire

_out = Console()


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def running(settings: Settings, *, with_worker: bool = True) -> AsyncIterator[tuple[str, Platform]]:
    """Run a server in this process and give its base URL and its platform; port 0 takes a free one."""
    platform = wire(settings)
    config = uvicorn.Config(
        build_app(platform, with_worker=with_worker), host=settings.host, port=settings.port, log_level="warning"
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the server did not start; its log says why")
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{settings.host}:{port}", platform
    finally:
        server.should_exit = True
        await task


def settle_memory() -> None:
    """Leave what is loaded by now out of garbage collection, and collect less often: a tenth of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def serve(settings: Settings, *, with_worker: bool) -> None:
    """Run the server until a signal, and say where it is."""
    platform = wire(settings)
    config = uvicorn.Config(
        build_app(platform, with_worker=with_worker),
        host=settings.host,
        port=settings.port,
        log_level="info",
        access_log=False,
    )
    settle_memory()
    _out.print(f"Hookwright on [bold]http://{settings.host}:{settings.port}[/bold] (API documentation at /docs).")
    _out.print("`hookwright console-link` prints a link to the console, `hookwright keys create NAME` an API key.")
    platform.assistant.warm()
    await uvicorn.Server(config).serve()
