"""What any route may ask for, a worker's too: the engine of this process, and who calls."""

from typing import Annotated

from fastapi import Depends, Request

from rules.errors import Forbidden, Unauthenticated
from server.auth import Caller, Gatekeeper
from server.engine import Engine

SESSION_COOKIE = "hookwright_session"
CSRF_HEADER = "x-hookwright-csrf"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def engine_of(request: Request) -> Engine:
    """Return the engine that the app was built with; a plain function would be run on another thread."""
    engine: Engine = request.app.state.platform
    return engine


async def caller_of(request: Request) -> Caller:
    """Authenticate by bearer key or session cookie; raises Unauthenticated or Forbidden."""
    gatekeeper: Gatekeeper = request.app.state.platform.gatekeeper
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthenticated("Send the API key as `Authorization: Bearer <key>`.")
        return await gatekeeper.by_key(key.strip())
    session = request.cookies.get(SESSION_COOKIE)
    if session is None:
        raise Unauthenticated("Send an API key as `Authorization: Bearer <key>`.")
    _refuse_forgery(request)
    return await gatekeeper.by_session(session)


def _refuse_forgery(request: Request) -> None:
    """Let a cookie act only for our own page: it alone can set the header, and browsers say where a request is from."""
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site") or _site_of(request.headers.get("origin"), request)
    if request.headers.get(CSRF_HEADER) != "1" or site != "same-origin":
        raise Forbidden(f"A request with a session cookie needs the header {CSRF_HEADER}: 1 and our own origin.")


def _site_of(origin: str | None, request: Request) -> str:
    """Judge by Origin where a browser sends no Sec-Fetch-Site: old ones, and all of them over plain HTTP."""
    same = origin is None or origin.partition("://")[2].lower() == request.headers.get("host", "").lower()
    return "same-origin" if same else "cross-site"


EngineDep = Annotated[Engine, Depends(engine_of)]
CallerDep = Annotated[Caller, Depends(caller_of)]
