"""`hookwright serve`, and the server that the demo and the tests run."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from rich.console import Console

from rules.errors import Unavailable
from server.app import build_app
from server.settings import Settings
from server.settling import settle_memory
from server.wiring import Platform, wire

_out = Console()
_GRACE_SECONDS = 5  # for requests under way; a client that never ends its upload must not keep us from stopping


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def running(settings: Settings, *, with_worker: bool = True) -> AsyncIterator[tuple[str, Platform]]:
    """Run a server in this process and give its base URL and its platform; port 0 takes a free one."""
    _check_port(settings)
    platform = wire(settings)
    await _prepare(platform)
    config = uvicorn.Config(
        build_app(platform, with_worker=with_worker),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_SECONDS,
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


def _check_port(settings: Settings) -> int:
    """Return the port, a free one for 0; raise Unavailable when it cannot be listened on, before we say that it is."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.create_server((settings.host, settings.port), family=family) as tried:
            return int(tried.getsockname()[1])
    except OSError as error:
        where, why = f"{settings.host}:{settings.port}", str(error.strerror).partition(" (")[0]
        raise Unavailable(f"Cannot listen on {where}: {why}. --host and --port choose another.") from None


async def _prepare(platform: Platform) -> None:
    try:
        await platform.prepare()
    except BaseException:
        await platform.close()
        raise


async def serve(settings: Settings, *, with_worker: bool, found_by: str = "") -> None:
    """Run the server until a signal, and say where it is; `found_by` are options with which commands find it."""
    if settings.port == 0:
        settings = settings.model_copy(update={"port": _check_port(settings)})
        found_by += f" --port {settings.port}"
    platform = wire(settings)
    config = uvicorn.Config(
        build_app(platform, with_worker=with_worker),
        host=settings.host,
        port=settings.port,
        log_config=None,  # uvicorn's own words go where ours go; requests are logged by their routes
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    _check_port(settings)
    await _prepare(platform)  # here, what is wrong with the store is one line; in the server, it is a trace
    settle_memory()
    _out.print(f"Hookwright on [bold]{settings.address}[/bold] (API reference at /docs).")
    _out.print(f"`hookwright console-link{found_by}` prints a link to the console,", soft_wrap=True)
    _out.print("`hookwright keys create NAME` an API key.")
    platform.assistant.warm()
    await uvicorn.Server(config).serve()
