"""Is it alive, and is it able to work."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from server import problems
from server.deps import PlatformDep

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(platform: PlatformDep) -> JSONResponse:
    """Answer 200 when the store answers and a worker is alive, else 503."""
    missing = await platform.ready()
    return JSONResponse({"status": "ready"}) if missing is None else problems.problem(503, missing)
