"""The public keys of webhooks that sign by Ed25519, as JSON Web Key Sets (RFC 7517, RFC 8037)."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from rules.signing_keys import jwk
from server.callers import CallerDep
from server.deps import PlatformDep

MAX_AGE_SECONDS = 300

router = APIRouter(tags=["Webhooks"])


@router.get("/v1/webhooks/{webhook_id}/jwks")
async def show(webhook_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return the public keys that verify a webhook's deliveries, the newest first; none when it has no v1a key."""
    return {"keys": [jwk(key) for key in await platform.registry.public_keys(caller.workspace_id, webhook_id)]}


@router.get("/jwks/{webhook_id}")
async def publish(webhook_id: str, platform: PlatformDep) -> JSONResponse:
    """Return the same to everyone, for receivers have no API key of ours: public keys give nothing away."""
    keys = await platform.registry.published_keys(webhook_id)
    return JSONResponse(
        {"keys": [jwk(key) for key in keys]},
        media_type="application/jwk-set+json",
        headers={"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"},
    )
