"""The delivery log and the record of changes."""

from typing import Any

from fastapi import APIRouter

from rules.errors import InvalidInput
from rules.ranges import Moment
from server.callers import CallerDep
from server.deps import Limit, Offset, PlatformDep
from server.pages import page_body
from tools.history import subject_of

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
async def changes(  # noqa: PLR0917 - query parameters
    caller: CallerDep,
    platform: PlatformDep,
    webhook_id: str | None = None,
    trigger_id: str | None = None,
    assistant_id: str | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List changes, newest first: all of them, or those of one webhook, trigger or assistant."""
    subjects = [subject for subject in (webhook_id, trigger_id, assistant_id) if subject is not None]
    if len(subjects) > 1:
        raise InvalidInput.of("webhook_id", "give only one of webhook_id, trigger_id and assistant_id")
    subject = subjects[0] if subjects else None
    return page_body(await platform.history.list(caller.workspace_id, subject, limit=limit, offset=offset))


@router.post("/changes/{change_id}/undo")
async def undo(change_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Apply the inverse of a change; the webhook, trigger or assistant comes back as it now is."""
    changed = await platform.history.undo(caller.workspace_id, change_id, caller.actor)
    name, subject = subject_of(changed)
    return {name: subject.as_dict(), "change": changed.change.as_dict() if changed.change else None}
