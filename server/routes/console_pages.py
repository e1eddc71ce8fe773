"""The console's other pages: integrations, one session, and what they ask for that no other route tells."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from rules.errors import Forbidden, NotFound, Unauthenticated
from server.auth import Caller
from server.callers import CallerDep, caller_of
from server.deps import Limit, Offset, PlatformDep
from server.pages import page_body
from server.trigger_needs import with_needs
from server.ui.pages import PAGE_HEADERS, Pages, respond

_Encoding = Annotated[str, Header()]


def pages_router(pages: Pages) -> APIRouter:
    """Build the routes of the pages beside the first one; who is not signed in gets the page that helps, with 401."""
    router = APIRouter(prefix="/console", include_in_schema=False)
    signed_out, no_session = pages.render("signed_out.html"), pages.render("no_session.html")
    integrations = pages.render("integrations.html", "integrations.js")
    session = pages.render("session.html", "session.js")

    @router.get("/integrations")
    async def show_integrations(request: Request, accept_encoding: _Encoding = "") -> Response:
        if await _visitor(request) is None:
            return respond(signed_out, accept_encoding, PAGE_HEADERS, 401)
        return respond(integrations, accept_encoding, PAGE_HEADERS)

    @router.get("/sessions/{session_id}")
    async def show_session(
        session_id: str, request: Request, platform: PlatformDep, accept_encoding: _Encoding = ""
    ) -> Response:
        visitor = await _visitor(request)
        if visitor is None:
            return respond(signed_out, accept_encoding, PAGE_HEADERS, 401)
        try:
            await platform.sessions.get(visitor.workspace_id, session_id)
        except NotFound:
            return respond(no_session, accept_encoding, PAGE_HEADERS, 404)
        return respond(session, accept_encoding, PAGE_HEADERS)

    @router.get("/assistants/{assistant_id}/triggers")
    async def list_triggers(
        assistant_id: str, caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0
    ) -> dict[str, Any]:
        page = await platform.triggers.list(caller.workspace_id, assistant_id, limit=limit, offset=offset)
        bindings = await platform.vault.bindings(caller.workspace_id)
        return page_body(page.map(lambda trigger: with_needs(trigger, bindings)))

    return router


async def _visitor(request: Request) -> Caller | None:
    try:
        return await caller_of(request)
    except (Unauthenticated, Forbidden):
        return None
