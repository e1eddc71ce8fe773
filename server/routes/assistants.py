"""Customers' assistants and their triggers: what they may call, tried out with the test button."""

from typing import Any

from fastapi import APIRouter

from rules.integration_spec import AssistantDraft, AssistantPatch, TriggerDraft, TriggerPatch
from rules.validation import parse
from server.deps import Body, CallerDep, Limit, Offset, PlatformDep
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


@router.get("/assistants/{assistant_id}/triggers")
async def triggers(
    assistant_id: str, caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """List an assistant's triggers, oldest first."""
    return page_body(await platform.triggers.list(caller.workspace_id, assistant_id, limit=limit, offset=offset))


@router.post("/assistants/{assistant_id}/triggers", status_code=201)
async def create_trigger(assistant_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Create a trigger: an API call that the assistant may make."""
    draft = parse(TriggerDraft, body)
    return (await platform.triggers.create(caller.workspace_id, assistant_id, draft, caller.actor)).trigger.as_dict()


@router.get("/triggers/{trigger_id}")
async def show_trigger(trigger_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return one trigger."""
    return (await platform.triggers.get(caller.workspace_id, trigger_id)).as_dict()


@router.patch("/triggers/{trigger_id}")
async def update_trigger(trigger_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Change a trigger; absent fields stay as they are, also those inside `integration`."""
    patch = parse(TriggerPatch, body)
    changed = await platform.triggers.update(caller.workspace_id, trigger_id, patch, caller.actor)
    return {**changed.trigger.as_dict(), "change_id": changed.change.id if changed.change else None}


@router.delete("/triggers/{trigger_id}", status_code=204)
async def delete_trigger(trigger_id: str, caller: CallerDep, platform: PlatformDep) -> None:
    """Delete a trigger; undo its change to bring it back."""
    await platform.triggers.delete(caller.workspace_id, trigger_id, caller.actor)
