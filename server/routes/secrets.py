"""The vault: secrets go in, names and hosts come out (X07)."""

from typing import Any

from fastapi import APIRouter

from rules.integration_spec import SecretDraft
from rules.validation import parse
from server.callers import CallerDep
from server.deps import Body, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1/secrets", tags=["Secrets"])


@router.put("/{name}")
async def put(name: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Store a secret, or replace it; its value is never shown again."""
    return (await platform.vault.put(caller.workspace_id, name, parse(SecretDraft, body))).as_dict()


@router.get("")
async def index(caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """List secrets by name, with the hosts they may be sent to."""
    return page_body(await platform.vault.list(caller.workspace_id, limit=limit, offset=offset))


@router.delete("/{name}", status_code=204)
async def delete(name: str, caller: CallerDep, platform: PlatformDep) -> None:
    """Delete a secret for good."""
    await platform.vault.delete(caller.workspace_id, name)
