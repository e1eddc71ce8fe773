"""Is it alive, and is it able to work."""

import json

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from server import problems
from server.callers import EngineDep

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(engine: EngineDep) -> JSONResponse:
    """Answer 200 when the store answers and a worker is alive, else 503; `checks` says what was found.

    With the wrong master key, events are still taken, so that it can be brought back without losing any.
    """
    checks = await engine.ready()
    missing = [checks[name]["detail"] for name in ("store", "worker") if not checks[name]["ok"]]
    if not missing:
        return JSONResponse({"status": "ready", "checks": checks})
    refusal = problems.problem(503, missing[0])
    content = {**json.loads(bytes(refusal.body)), "checks": checks}
    return JSONResponse(content, 503, media_type="application/problem+json")
