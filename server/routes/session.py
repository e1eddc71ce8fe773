"""Signing in to the console, and who one is."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from rules.errors import Unauthenticated
from server.auth import SESSION_LIFETIME
from server.callers import SESSION_COOKIE, CallerDep
from server.deps import PlatformDep

router = APIRouter()


@router.get("/login", include_in_schema=False)
async def login(token: str, request: Request, platform: PlatformDep) -> Response:
    """Exchange a one-time link for a session cookie; a browser whose link is spent is led to the page that helps."""
    try:
        session = await platform.gatekeeper.exchange_link(token)
    except Unauthenticated:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return RedirectResponse("/", 303, {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    response = RedirectResponse("/", 303, {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


@router.post("/logout", include_in_schema=False, status_code=204)
async def logout(request: Request, response: Response, _caller: CallerDep, platform: PlatformDep) -> None:
    """End the session of this browser."""
    token = request.cookies.get(SESSION_COOKIE)
    if token is not None:
        await platform.gatekeeper.sign_out(token)
    response.delete_cookie(SESSION_COOKIE, path="/")


@router.get("/v1/me")
async def me(caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Say who is calling, and what this server allows."""
    settings = platform.settings
    return {
        "workspace": await platform.gatekeeper.workspace(caller.workspace_id),
        "actor": str(caller.actor),
        "guided": settings.openai_api_key is None,
        "egress": {"allow_http": settings.egress_allow_http},
    }
