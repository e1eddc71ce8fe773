"""A route whose endpoint reads its request itself."""

from starlette.routing import Match, Route
from starlette.types import Scope


class PlainRoute(Route):
    """Calls its endpoint without what FastAPI does for parameters, and is told of in logs as FastAPI's routes are."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether a request is for this route."""
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self}
