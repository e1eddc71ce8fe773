"""The API reference page: everything on it comes from this server, so that it shows without a way out."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from server.reference import reference
from server.ui.assets import Asset
from server.ui.pages import PAGE_HEADERS, Pages, respond


def reference_router(pages: Pages) -> APIRouter:
    """Build the route of the reference; it is rendered when it is first asked for, when every route is known."""
    router = APIRouter(include_in_schema=False)
    rendered: list[Asset] = []

    @router.get("/docs")
    async def show(request: Request, accept_encoding: Annotated[str, Header()] = "") -> Response:
        if not rendered:
            app = request.app
            groups = reference(app.openapi())
            rendered.append(pages.render("reference.html", "reference.js", groups=groups, version=app.version))
        return respond(rendered[0], accept_encoding, PAGE_HEADERS)

    return router
