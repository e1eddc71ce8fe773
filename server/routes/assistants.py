"""Customers' assistants."""

from typing import Any

from fastapi import APIRouter

from rules.integration_spec import AssistantDraft, AssistantPatch
from rules.validation import parse
from server.callers import CallerDep
from server.deps import Body, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1", tags=["API calls inside a conversation"])


@router.post("/assistants", status_code=201)
async def create(body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Create an assistant."""
    draft = parse(AssistantDraft, body)
    return (await platform.assistants.create(caller.workspace_id, draft, caller.actor)).assistant.as_dict()


@router.get("/assistants")
async def index(caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """List assistants, oldest first."""
    return page_body(await platform.assistants.list(caller.workspace_id, limit=limit, offset=offset))


@router.get("/assistants/{assistant_id}")
async def show(assistant_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return one assistant."""
    return (await platform.assistants.get(caller.workspace_id, assistant_id)).as_dict()


@router.patch("/assistants/{assistant_id}")
async def update(assistant_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Change an assistant; absent fields stay as they are."""
    patch = parse(AssistantPatch, body)
    changed = await platform.assistants.update(caller.workspace_id, assistant_id, patch, caller.actor)
    return {**changed.assistant.as_dict(), "change_id": changed.change.id if changed.change else None}


@router.delete("/assistants/{assistant_id}", status_code=204)
async def delete(assistant_id: str, caller: CallerDep, platform: PlatformDep) -> None:
    """Delete an assistant with its triggers; undo its change to bring them back."""
    await platform.assistants.delete(caller.workspace_id, assistant_id, caller.actor)
