"""Alerts: what fails, was disabled or has recovered."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from server.callers import CallerDep
from server.deps import Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1/alerts", tags=["Alerts"])


@router.get("")
async def index(  # noqa: PLR0917 - FastAPI passes them by name
    caller: CallerDep,
    platform: PlatformDep,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    topic: str | None = None,
    webhook_id: str | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List alerts, newest first; `closed_at` is null while one is open, `mailed_at` until it was mailed."""
    page = await platform.insights.alerts(
        caller.workspace_id, is_open=is_open, topic=topic, webhook_id=webhook_id, limit=limit, offset=offset
    )
    return page_body(page)
