"""HTTP servers of the tests, which leave no connection behind when they close."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

_ROUNDS_TO_CONNECT = 3


@asynccontextmanager
async def serving_app(app: web.Application, port: int = 0, *, shutdown_timeout: float = 60) -> AsyncIterator[str]:
    """Serve an aiohttp application on loopback, and give its base URL; `port` 0 takes a free one."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_timeout)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", port))
    try:
        await web.SockSite(runner, listener).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await stop_accepting([listener])
        await runner.cleanup()
        listener.close()


async def stop_accepting(listeners: Iterable[socket.socket]) -> None:
    """Take no further connections, and let those be set up that the event loop has accepted.

    asyncio gives up such a connection without closing it when its server is closed meanwhile: `Server._attach` raises
    in the constructor of the transport, and the garbage collector reports it later, in whatever test then runs.
    """
    for listener in listeners:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    for _ in range(_ROUNDS_TO_CONNECT):
        await asyncio.sleep(0)
