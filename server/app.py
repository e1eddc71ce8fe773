"""The web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from rules.errors import Unauthenticated
from server import problems, request_bodies
from server.deps import SESSION_COOKIE
from server.routes import (
    assistants,
    chat,
    deliveries,
    events,
    health,
    jwks,
    perspectives,
    secrets,
    session,
    sessions,
    triggers,
    webhooks,
)
from server.routes.console import console_router
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
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.platform = platform
    problems.install(app)
    integrations = (assistants, triggers, secrets, sessions)
    for module in (perspectives, events, webhooks, jwks, deliveries, *integrations, chat, session, health):
        app.include_router(module.router)
    app.include_router(console_router(_signed_in))
    request_bodies.install(app)
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
