"""What routes ask for: the caller, the services, a JSON body of bounded size."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.requests import ClientDisconnect

from rules.errors import FieldError, Forbidden, InvalidInput, MalformedBody, PayloadTooLarge, Unauthenticated
from rules.ranges import shown
from server.auth import Caller
from server.wiring import Platform

SESSION_COOKIE = "hookwright_session"
CSRF_HEADER = "x-hookwright-csrf"
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def platform_of(request: Request) -> Platform:
    """Return the platform that the app was built with."""
    platform: Platform = request.app.state.platform
    return platform


async def caller_of(request: Request) -> Caller:
    """Authenticate by bearer key or session cookie; raises Unauthenticated or Forbidden."""
    gatekeeper = platform_of(request).gatekeeper
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
    """Read a JSON body, of an authenticated caller only; raises MalformedBody (400) or PayloadTooLarge (413)."""
    return json_value(await read_body(request, MAX_BODY_BYTES))


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body of at most `limit` bytes, a whole number of MiB; raises MalformedBody or PayloadTooLarge."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                words = f"is over the limit of {limit} bytes ({limit // 1024**2} MiB)"
                raise PayloadTooLarge([FieldError("body", words)])
    except ClientDisconnect:
        raise MalformedBody([FieldError("body", "ends before it is complete")]) from None
    return bytes(data)


def json_value(data: bytes) -> Any:
    """Parse a JSON body, at most 64 levels deep; raises MalformedBody or InvalidInput."""
    if not data.strip():
        raise MalformedBody([FieldError("body", "is empty; send JSON, such as {}")])
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedBody([FieldError("body", "is nested too deeply")]) from None
    except ValueError as error:
        raise MalformedBody([FieldError("body", f"is not JSON: {error}")]) from None
    _check_depth(value)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return
    raise InvalidInput.of("body", f"is nested more than {MAX_DEPTH} levels deep")


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
