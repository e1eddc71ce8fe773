"""The console page and its static files."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from rules.alerting import Topic
from server.routes.console_pages import pages_router
from server.routes.reference import reference_router
from server.ui.assets import FIRST_MODULE, AssetPack
from server.ui.pages import PAGE_HEADERS, UI, Pages, respond

SignedIn = Callable[[Request], Awaitable[bool]]


def console_router(signed_in: SignedIn) -> APIRouter:
    """Build the console's routes.

    Args:
        signed_in: Tells whether a request carries a session that is valid now.

    """
    router = APIRouter(include_in_schema=False)
    pack = AssetPack(UI / "static")
    pages = Pages(pack)
    page, signed_out = pages.render("console.html", FIRST_MODULE, alerts=tuple(Topic)), pages.render("signed_out.html")

    @router.get("/")
    async def index(request: Request, accept_encoding: Annotated[str, Header()] = "") -> Response:
        asset = page if await signed_in(request) else signed_out
        return respond(asset, accept_encoding, PAGE_HEADERS)

    @router.get("/static/{version}/{name}")
    async def static(version: str, name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
        asset = pack.files.get(name)
        if asset is None:
            return Response(status_code=404)
        # A page opened before an upgrade may still ask for its old version: answer, but let nobody keep it.
        caching = "public, max-age=31536000, immutable" if version == pack.version else "no-store"
        return respond(asset, accept_encoding, {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"})

    router.include_router(pages_router(pages))
    router.include_router(reference_router(pages))
    return router
