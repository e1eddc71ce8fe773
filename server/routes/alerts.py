"""Alerts: what fails, was disabled or has recovered."""

from typing import Any

from fastapi import APIRouter

from server.deps import CallerDep, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1/alerts", tags=["Alerts"])


@router.get("")
async def index(caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """List alerts, open and closed, newest first; `closed_at` is null while one is open."""
    return page_body(await platform.insights.alerts(caller.workspace_id, limit=limit, offset=offset))
