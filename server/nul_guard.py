"""Requests whose address holds a NUL: PostgreSQL has no such text, so nothing can be found by it."""

from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from rules.errors import FieldError
from server.problems import problem


class NulGuard:
    """Answer 404 for a NUL in the path and 422 for one in the query; everything else passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal: ASGIApp | None = None
        if scope["type"] == "http":
            if "\0" in scope["path"]:
                refusal = problem(404, "There is nothing at a path that holds a NUL character.")
            elif b"%00" in scope["query_string"]:
                refusal = _refused_query(scope["query_string"].decode("latin-1"))
        await (refusal or self._app)(scope, receive, send)


def _refused_query(query: str) -> ASGIApp:
    names = {name: None for name, value in parse_qsl(query, keep_blank_values=True) if "\0" in name + value}
    fields = [FieldError(name.replace("\0", "\\0"), "must not contain NUL characters") for name in names]
    return problem(422, "; ".join(f"{entry.field}: {entry.message}" for entry in fields), fields)
