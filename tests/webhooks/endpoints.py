"""Endpoints that tests answer for themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def serving_endpoint(
    answer: Callable[[web.Request], Awaitable[web.Response]], let_go: asyncio.Event
) -> AsyncIterator[str]:
    """Answer POSTs, and give the base URL; at the end, `let_go` is set for those that still wait for it."""
    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        let_go.set()
        await runner.cleanup()
