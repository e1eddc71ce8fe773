"""What Prometheus scrapes."""

from secrets import compare_digest

from fastapi import APIRouter, Request, Response

from rules.errors import Forbidden
from server.callers import EngineDep, caller_of
from server.engine import Engine

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, engine: EngineDep) -> Response:
    """Show what this process did and how the queue is."""
    await _check(request, engine)
    content, content_type = await engine.metrics.exposition(request.headers.get("accept", ""))
    return Response(content, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


async def _check(request: Request, engine: Engine) -> None:
    """Let the metrics' own token pass, also while the store is gone, and keys of the first workspace.

    What is shown counts all workspaces, so it is not for keys of the others; raises Unauthenticated or Forbidden.
    """
    token, given = engine.settings.metrics_token, request.headers.get("authorization", "")
    if token is not None and compare_digest(given.encode(), f"Bearer {token.get_secret_value()}".encode()):
        return
    if (await caller_of(request)).workspace_id != engine.workspace_id:
        raise Forbidden("Metrics count all workspaces: they are for keys of the first one.")
