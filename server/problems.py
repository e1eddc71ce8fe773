"""Domain errors as RFC 9457 problem details."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from rules import errors
from rules.validation import explain
from store.space import FULL, REMEDY, lacks_space

log = logging.getLogger("hookwright.server")

_STATUSES: list[tuple[type[errors.HookwrightError], int]] = [
    (errors.MalformedBody, 400),
    (errors.PayloadTooLarge, 413),
    (errors.InvalidInput, 422),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Unavailable, 503),
]
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_INSTEAD = {("POST", "/v1/secrets"): ' Use PUT /v1/secrets/{name} with {"value": "…", "hosts": ["api.example.com"]}.'}


def problem(status: int, detail: str, fields: list[errors.FieldError] | None = None, *, kind: str = "") -> JSONResponse:
    """Build an `application/problem+json` answer."""
    title = HTTPStatus(status).phrase
    content: dict[str, Any] = {
        "type": f"urn:hookwright:problem:{kind or title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": _writable(detail),
        "errors": [{"field": _writable(entry.field), "message": _writable(entry.message)} for entry in fields or []],
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def _writable(text: str) -> str:
    """Escape half surrogate pairs: an error that quotes what was sent must not fail by it."""
    return text.encode(errors="backslashreplace").decode()


def install(app: FastAPI) -> None:
    """Make the app answer every error as a problem."""
    app.add_exception_handler(errors.HookwrightError, _domain)
    app.add_exception_handler(RequestValidationError, _request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _store)
    app.add_exception_handler(OSError, _store)  # nothing else that a route does lets one through
    app.add_exception_handler(Exception, _unexpected)


async def _domain(_request: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 500)
    fields = error.errors if isinstance(error, errors.InvalidInput) else None
    return problem(status, getattr(error, "detail", str(error)), fields)


async def _request(_request: Request, error: Exception) -> JSONResponse:
    fields = [
        errors.FieldError(entry.field.removeprefix("query.").removeprefix("path."), entry.message)
        for entry in explain(getattr(error, "errors", list)())
    ]
    return problem(422, "; ".join(f"{entry.field}: {entry.message}" for entry in fields), fields)


async def _http(request: Request, error: Exception) -> JSONResponse:
    status = getattr(error, "status_code", 500)
    if status == HTTPStatus.NOT_FOUND:
        return problem(404, f"There is nothing at {request.url.path}.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        hint = _INSTEAD.get((request.method, request.url.path.rstrip("/")), "")
        answer = problem(405, f"{request.method} is not possible at {request.url.path}.{hint}")
        answer.headers["Allow"] = ", ".join(_allowed(request))
        return answer
    return problem(status, str(getattr(error, "detail", error)))


def _allowed(request: Request) -> list[str]:
    """Name the methods of a path: it may have several routes, each of which knows its own only."""
    found = [({**request.scope, "method": method}, method) for method in _METHODS]
    routes = request.app.router.routes
    return [method for scope, method in found if any(route.matches(scope)[0] is Match.FULL for route in routes)]


async def _store(_request: Request, error: Exception) -> JSONResponse:
    if lacks_space(error):
        log.error(FULL)
        return problem(503, f"{FULL.capitalize()}. Nothing was saved. {REMEDY}", kind="store-full")
    log.error("the store failed: %s", type(error).__name__, exc_info=error)
    return problem(503, "The store does not answer now. Nothing was saved; try again.")


async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    log.error("an unexpected error", exc_info=error)
    return problem(500, "Something went wrong on our side. It has been logged.")
