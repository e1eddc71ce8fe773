"""The delivery log and the record of changes."""

from typing import Any

from fastapi import APIRouter

from rules.ranges import Moment
from server.deps import CallerDep, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1", tags=["Deliveries and changes"])


@router.get("/deliveries")
async def index(  # noqa: PLR0917 - query parameters
    caller: CallerDep,
    platform: PlatformDep,
    webhook_id: str | None = None,
    status: str | None = None,
    event_type: str | None = None,
    event_id: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List deliveries, newest first."""
    page = await platform.insights.deliveries(
        caller.workspace_id,
        webhook_id,
        status=status,
        event_type=event_type,
        event_id=event_id,
        since=since,
        until=until,
        limit=limit,
        offset=offset,
    )
    return page_body(page)


@router.get("/deliveries/{delivery_id}")
async def show(delivery_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return a delivery with all its attempts."""
    return await platform.insights.delivery(caller.workspace_id, delivery_id)


@router.post("/deliveries/{delivery_id}/retry", status_code=202)
async def retry(delivery_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Send a delivery again now."""
    return await platform.insights.retry(caller.workspace_id, delivery_id)


@router.get("/changes")
async def changes(
    caller: CallerDep, platform: PlatformDep, webhook_id: str | None = None, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """List changes, newest first."""
    return page_body(await platform.history.list(caller.workspace_id, webhook_id, limit=limit, offset=offset))


@router.post("/changes/{change_id}/undo")
async def undo(change_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Apply the inverse of a change."""
    changed = await platform.history.undo(caller.workspace_id, change_id, caller.actor)
    return {
        "webhook": changed.webhook.as_dict(),
        "change": changed.change.as_dict() if changed.change else None,
    }
