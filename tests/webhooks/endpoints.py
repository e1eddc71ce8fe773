"""Endpoints that tests answer for themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from tests.listening import serving_app


@asynccontextmanager
async def serving_endpoint(
    answer: Callable[[web.Request], Awaitable[web.Response]], let_go: asyncio.Event
) -> AsyncIterator[str]:
    """Answer POSTs, and give the base URL; at the end, `let_go` is set for those that still wait for it."""
    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with serving_app(app, shutdown_timeout=0.1) as url:
        try:
            yield url
        finally:
            let_go.set()
