"""The configuring assistant: messages, answers to its questions, transcripts, Fix it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agent import transcript
from agent.events import Reply, TurnEvent
from agent.turn import MAX_MESSAGE_CHARACTERS
from rules.ranges import storable, text
from rules.validation import parse
from rules.webhook_spec import Spec
from server import agui
from server.callers import CallerDep
from server.deps import Body, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1", tags=["Assistant"])


class ChatBody(Spec):
    """A message to the assistant."""

    message: text(1, MAX_MESSAGE_CHARACTERS)  # type: ignore[valid-type]
    conversation_id: text(1, 64) | None = None  # type: ignore[valid-type]
    perspective_id: text(1, 64) | None = None  # type: ignore[valid-type]


class ResumeBody(Spec):
    """The answer to the question that a conversation waits for."""

    interrupt_id: text(1, 64)  # type: ignore[valid-type]
    value: Annotated[dict[str, Any], storable(16_384)]


@router.post("/chat", response_model=None)
async def say(request: Request, body: Body, caller: CallerDep, platform: PlatformDep) -> Response:
    """Say something to the assistant; the reply is JSON, or AG-UI events with `Accept: text/event-stream`."""
    wanted = parse(ChatBody, body)
    events = await platform.assistant.say(
        caller.workspace_id,
        wanted.message,
        conversation_id=wanted.conversation_id,
        perspective_id=wanted.perspective_id,
    )
    return await respond(request, events)


@router.post("/chat/{conversation_id}/resume", response_model=None)
async def resume(
    conversation_id: str, request: Request, body: Body, caller: CallerDep, platform: PlatformDep
) -> Response:
    """Answer a form or an approval, and get the rest of the reply."""
    wanted = parse(ResumeBody, body)
    events = await platform.assistant.resume(caller.workspace_id, conversation_id, wanted.interrupt_id, wanted.value)
    return await respond(request, events)


@router.get("/chat")
async def index(caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """List conversations, the last used first."""
    return page_body(await transcript.index(platform.database, caller.workspace_id, limit=limit, offset=offset))


@router.get("/chat/{conversation_id}")
async def show(conversation_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return a conversation: its messages, and the question that it waits for."""
    return await transcript.show(platform.database, caller.workspace_id, conversation_id)


@router.post("/webhooks/{webhook_id}/fix", response_model=None)
async def fix(webhook_id: str, request: Request, caller: CallerDep, platform: PlatformDep) -> Response:
    """Open a conversation that already knows what is wrong with a webhook (A10)."""
    return await respond(request, await platform.assistant.fix(caller.workspace_id, webhook_id))


async def respond(request: Request, events: AsyncIterator[TurnEvent]) -> Response:
    """Answer with a turn: as AG-UI events when the caller accepts them, else as one JSON reply."""
    if agui.MEDIA_TYPE in request.headers.get("accept", ""):
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(agui.encode(events), media_type=agui.MEDIA_TYPE, headers=headers)
    reply = Reply()
    async for event in events:
        reply.add(event)
    return JSONResponse(reply.as_dict())
