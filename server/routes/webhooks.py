"""Webhooks: create, read, change, test, diagnose, replay."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from rules.ranges import Moment, text, whole
from rules.validation import parse
from rules.webhook_spec import (
    PayloadTemplateText,
    PresetName,
    SigningScheme,
    Spec,
    WebhookDraft,
    WebhookPatch,
)
from server.callers import CallerDep
from server.deps import Body, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1/webhooks", tags=["Webhooks"])


class TestBody(Spec):
    """How to test: a real request, or the filters alone."""

    mode: Literal["delivery", "filters"] = "delivery"
    event_type: text(1, 128) | None = None  # type: ignore[valid-type]
    event: dict[str, Any] | None = None


class RotateBody(Spec):
    """What is replaced (when absent, all that the webhook signs with), and how long the old ones go on signing."""

    overlap_seconds: whole(0, 604_800, "seconds") = 86_400  # type: ignore[valid-type]
    signing: SigningScheme | None = None


class ReplayBody(Spec):
    """Which finished deliveries to send again."""

    since: Annotated[Moment, Field(strict=False)]
    until: Annotated[Moment | None, Field(strict=False)] = None
    status: Literal["failed", "all"] = "failed"
    event_type: text(1, 128) | None = None  # type: ignore[valid-type]


class PreviewBody(Spec):
    """A template to try, the webhook's own when absent, and on what."""

    payload_template: PayloadTemplateText = None
    payload_preset: PresetName | None = None
    event_id: text(1, 200) | None = None  # type: ignore[valid-type]
    event: dict[str, Any] | None = None


@router.post("", status_code=201)
async def create(body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Create a webhook; the answer holds its signing secret this one time."""
    created = await platform.registry.create(caller.workspace_id, parse(WebhookDraft, body), caller.actor)
    return {**created.webhook.as_dict(), "secret": created.secret, "change_id": created.change.id}


@router.get("")
async def index(
    caller: CallerDep, platform: PlatformDep, perspective_id: str | None = None, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """List webhooks with their state and health."""
    page = await platform.registry.list(caller.workspace_id, perspective_id, limit=limit, offset=offset)
    return page_body(page)


@router.get("/{webhook_id}")
async def show(webhook_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return one webhook."""
    return (await platform.registry.get(caller.workspace_id, webhook_id)).as_dict()


@router.patch("/{webhook_id}")
async def update(webhook_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Change a webhook; absent fields stay as they are. A secret that this makes is in the answer this one time."""
    patch = parse(WebhookPatch, body)
    changed = await platform.registry.update(caller.workspace_id, webhook_id, patch, caller.actor)
    made = {} if changed.secret is None else {"secret": changed.secret}
    return {**changed.webhook.as_dict(), **made, "change_id": changed.change.id if changed.change else None}


@router.delete("/{webhook_id}", status_code=204)
async def delete(webhook_id: str, caller: CallerDep, platform: PlatformDep) -> None:
    """Delete a webhook; undo its change to bring it back."""
    await platform.registry.delete(caller.workspace_id, webhook_id, caller.actor)


@router.post("/{webhook_id}/test")
async def test(webhook_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Send a test request (A09), or run a sample event through the filters (B10)."""
    wanted = parse(TestBody, body)
    arguments = (caller.workspace_id, webhook_id, wanted.event_type, wanted.event)
    if wanted.mode == "filters":
        return (await platform.tester.dry_run(*arguments)).as_dict()
    return (await platform.tester.deliver(*arguments)).as_dict()


@router.post("/{webhook_id}/rotate-secret")
async def rotate_secret(webhook_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Make a new signing secret, a new Ed25519 key or both; the answer holds the secret this one time."""
    wanted = parse(RotateBody, body)
    overlap = timedelta(seconds=wanted.overlap_seconds)
    made = await platform.registry.rotate_secret(caller.workspace_id, webhook_id, overlap, caller.actor, wanted.signing)
    return {"secret": made.secret, "public_key": made.public_key, "change_id": made.change.id}


@router.get("/{webhook_id}/diagnosis")
async def diagnosis(
    webhook_id: str,
    caller: CallerDep,
    platform: PlatformDep,
    probe: bool = True,  # noqa: FBT001, FBT002 - a query parameter
) -> dict[str, Any]:
    """Name the cause of a webhook's trouble, with evidence and fixes (X03)."""
    found = await platform.doctor.diagnose(caller.workspace_id, webhook_id, probe=probe)
    return found.as_dict()


@router.post("/{webhook_id}/preview")
async def preview(webhook_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Show what a payload template makes of an event, the newest one unless another is named; nothing is sent."""
    wanted = parse(PreviewBody, body)
    made = await platform.payloads.preview(
        caller.workspace_id,
        webhook_id,
        template=wanted.payload_template,
        preset=wanted.payload_preset,
        event_id=wanted.event_id,
        event=wanted.event,
    )
    return made.as_dict()


@router.post("/{webhook_id}/replay", status_code=202)
async def replay(webhook_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, int]:
    """Send the finished deliveries of a time range again (E08)."""
    wanted = parse(ReplayBody, body).model_dump()
    return {"count": await platform.insights.replay(caller.workspace_id, webhook_id, **wanted)}


@router.get("/{webhook_id}/attempts")
async def attempts(
    webhook_id: str, caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """List a webhook's attempts, newest first, tests included (B09)."""
    return page_body(await platform.insights.attempts(caller.workspace_id, webhook_id, limit=limit, offset=offset))
