"""Perspectives, their tags, and the conversations that end in them."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from rules.events import check_kind, event_types
from rules.ranges import decimal, text
from rules.validation import parse
from rules.webhook_spec import Name, Spec
from server.callers import CallerDep
from server.deps import Body, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1", tags=["Perspectives"])


class NewPerspective(Spec):
    """A perspective to create."""

    name: Name
    kind: text(1, 64)  # type: ignore[valid-type]


class Ending(Spec):
    """How a conversation ended (A04)."""

    status: Literal["completed", "partial", "abandoned"]
    tags: list[text(1, 64)] = Field(default_factory=list, max_length=50)  # type: ignore[valid-type]
    trust_score: decimal(0, 100) | None = None  # type: ignore[valid-type]
    summary: text(0, 20_000) | None = None  # type: ignore[valid-type]
    structured_output: dict[str, Any] | None = None
    participant_metadata: dict[str, Any] | None = None
    returned_after_partial_conversation: bool = False


class Conversation(Spec):
    """The conversation's own id, as the caller knows it."""

    conversation_id: text(1, 128)  # type: ignore[valid-type]


@router.post("/perspectives", status_code=201)
async def create(body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Create a perspective."""
    new = parse(NewPerspective, body)
    return await platform.perspectives.create(caller.workspace_id, new.name, new.kind)


@router.get("/perspectives")
async def index(caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """List perspectives."""
    return page_body(await platform.perspectives.list(caller.workspace_id, limit=limit, offset=offset))


@router.get("/perspectives/{perspective_id}")
async def show(perspective_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return one perspective."""
    return await platform.perspectives.get(caller.workspace_id, perspective_id)


@router.get("/perspectives/{perspective_id}/tags")
async def tags(perspective_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """List the tags that conversations of this perspective can carry (A08)."""
    return {"tags": await platform.perspectives.tags(caller.workspace_id, perspective_id)}


@router.get("/event-types")
async def list_event_types(_caller: CallerDep, kind: str | None = None) -> dict[str, Any]:
    """List the known event types, of one kind of perspective or all."""
    chosen = None if kind is None else check_kind(kind)
    return {"items": [event_type.as_dict() for event_type in event_types(chosen)]}


@router.post("/perspectives/{perspective_id}/conversations/{conversation_id}/end", status_code=202)
async def end_conversation(
    perspective_id: str, conversation_id: str, body: Body, caller: CallerDep, platform: PlatformDep
) -> dict[str, str]:
    """Record that a conversation reached a terminal state, which raises its event (A01)."""
    parse(Conversation, {"conversation_id": conversation_id})
    ending = parse(Ending, body).model_dump()
    accepted = await platform.intake.end_conversation(caller.workspace_id, perspective_id, conversation_id, ending)
    return {"event_id": accepted.id}
