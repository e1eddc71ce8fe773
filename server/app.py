"""The web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from rules.errors import Unauthenticated
from server import problems, request_bodies
from server.callers import SESSION_COOKIE
from server.nul_guard import NulGuard
from server.plain_route import PlainRoute
from server.request_watch import RequestWatch
from server.routes import (
    alerts,
    assistants,
    chat,
    deliveries,
    erasure,
    events,
    health,
    jwks,
    metrics,
    perspectives,
    secrets,
    session,
    sessions,
    triggers,
    webhooks,
)
from server.routes.console import console_router
from server.version import VERSION
from server.wiring import Platform


def build_app(platform: Platform, *, with_worker: bool = True) -> FastAPI:
    """Build the app over a platform; starting and stopping the app starts and stops the platform."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await platform.start(with_worker=with_worker)
        try:
            yield
        finally:
            await platform.close()

    app = FastAPI(
        title="Hookwright",
        summary="A self-hosted webhook platform that you configure by talking to it",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.platform = platform
    problems.install(app)
    integrations = (assistants, triggers, secrets, sessions)
    delivering = (events, webhooks, jwks, deliveries, alerts, erasure)
    for module in (perspectives, *delivering, *integrations, chat, session, health, metrics):
        app.include_router(module.router)
    app.include_router(console_router(_signed_in))
    # What comes most often comes first; the router's own route to it is left for the document.
    app.router.routes.insert(0, PlainRoute(events.PATH, events.accept, methods=["POST"]))
    request_bodies.install(app)
    app.add_middleware(NulGuard)
    app.add_middleware(RequestWatch, watcher=platform.watchers, tracing=platform.tracing)
    return app


async def _signed_in(request: Request) -> bool:
    token = request.cookies.get(SESSION_COOKIE)
    if token is None:
        return False
    try:
        await request.app.state.platform.gatekeeper.by_session(token)
    except Unauthenticated:
        return False
    return True
