"""What routes ask for: the caller, the services, a JSON body of bounded size."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from rules.errors import Forbidden, Unauthenticated
from rules.ranges import shown
from server.auth import Caller, Gatekeeper
from server.bodies import read_json
from server.wiring import Platform

SESSION_COOKIE = "hookwright_session"
CSRF_HEADER = "x-hookwright-csrf"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def platform_of(request: Request) -> Platform:
    """Return the platform that the app was built with; a plain function would be run on another thread."""
    platform: Platform = request.app.state.platform
    return platform


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


async def json_body(request: Request, _caller: Annotated[Caller, Depends(caller_of)]) -> Any:
    """Read a JSON body of up to 1 MiB, of an authenticated caller only; raises MalformedBody or PayloadTooLarge."""
    return await read_json(request)


def _page_number(low: int, high: int) -> Callable[[Any], int]:
    message = f"must be a whole number from {low} to {high}; got {{value}}"

    def check(value: Any) -> int:
        digits = str(value)
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and low <= int(digits) <= high):
            raise PydanticCustomError("range", message, {"value": shown(value)})
        return int(digits)

    return check


PlatformDep = Annotated[Platform, Depends(platform_of)]
CallerDep = Annotated[Caller, Depends(caller_of)]
Body = Annotated[Any, Depends(json_body)]
Limit = Annotated[int, Query(ge=1, le=200), BeforeValidator(_page_number(1, 200))]
Offset = Annotated[int, Query(ge=0, le=10_000_000), BeforeValidator(_page_number(0, 10_000_000))]
