"""Sessions: a customer's conversation with an assistant, what is known of them, and the log of calls (C08, C09)."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agent import transcript
from agent.turn import MAX_MESSAGE_CHARACTERS
from rules.errors import InvalidInput, MalformedBody
from rules.integration_spec import Images, SessionDraft
from rules.ranges import text
from rules.validation import parse
from rules.webhook_spec import Spec
from server.auth import Caller
from server.bodies import json_value, read_body
from server.callers import CallerDep, caller_of
from server.deps import Body, Limit, Offset, PlatformDep, json_body
from server.forms import MAX_FORM_BYTES, form_fields, is_form
from server.pages import page_body
from server.routes.chat import ResumeBody, respond

router = APIRouter(tags=["Sessions"])

_Assistant = Annotated[str | None, Query(max_length=64)]


class SessionUpdate(Spec):
    """What is newly known of the customer: names to be merged, and the pictures that `$images` stands for."""

    client_data: dict[str, Any] = Field(default_factory=dict)
    images: Images = Field(default_factory=list)

    @model_validator(mode="after")
    def is_something(self) -> Self:
        """Refuse an update that says nothing."""
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "give client_data or images")
        return self


class SessionMessage(Spec):
    """A message of the customer, with pictures perhaps."""

    message: text(1, MAX_MESSAGE_CHARACTERS)  # type: ignore[valid-type]
    images: Images = Field(default_factory=list)


async def _update(request: Request, caller: Annotated[Caller, Depends(caller_of)]) -> Any:
    """Read an update as JSON, or as a form whose fields hold JSON text, as the curl line of the seed sends it."""
    content_type = request.headers.get("content-type", "")
    if not is_form(content_type):
        return await json_body(request, caller)
    data = await read_body(request, MAX_FORM_BYTES)
    if data.lstrip()[:1] == b"{":  # `curl -d` calls everything a form
        return json_value(data)
    return {name: _json_field(name, value) for name, value in (await form_fields(content_type, data)).items()}


def _json_field(name: str, value: str) -> Any:
    if name not in SessionUpdate.model_fields:
        return value
    try:
        return json_value(value.encode())
    except MalformedBody as error:
        raise InvalidInput.of(name, error.errors[0].message) from None


@router.post("/session", status_code=201)
async def create(body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Open a session with an assistant."""
    session = await platform.sessions.create(caller.workspace_id, parse(SessionDraft, body))
    return {**session.as_dict(), "warnings": list(session.warnings)}


@router.get("/session")
@router.get("/sessions")
async def index(
    caller: CallerDep,
    platform: PlatformDep,
    assistant_id: _Assistant = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List sessions, newest first."""
    return page_body(await platform.sessions.list(caller.workspace_id, assistant_id, limit=limit, offset=offset))


@router.get("/session/{session_id}")
async def show(session_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return a session: what is known, its messages, and the question that it waits for."""
    session = await platform.sessions.get(caller.workspace_id, session_id)
    said = await transcript.of_session(platform.database, caller.workspace_id, session.conversation_id, session_id)
    return {**session.as_dict(), **said}


@router.put("/session/{session_id}")
async def update(
    session_id: str, body: Annotated[Any, Depends(_update)], caller: CallerDep, platform: PlatformDep
) -> dict[str, Any]:
    """Merge client data into a session, name by name; as JSON, or as a form field `client_data` that holds JSON."""
    wanted = parse(SessionUpdate, body)
    session = await platform.sessions.get(caller.workspace_id, session_id)
    warnings: tuple[str, ...] = ()
    if "client_data" in wanted.model_fields_set:
        session = await platform.sessions.add_client_data(caller.workspace_id, session_id, wanted.client_data)
        warnings = session.warnings
    if "images" in wanted.model_fields_set:
        session = await platform.sessions.add_images(caller.workspace_id, session_id, wanted.images)
    return {**session.as_dict(), "warnings": list(warnings)}


@router.post("/session/{session_id}/messages", response_model=None)
async def say(session_id: str, request: Request, body: Body, caller: CallerDep, platform: PlatformDep) -> Response:
    """Say something in a session; the reply is JSON, or AG-UI events with `Accept: text/event-stream`."""
    wanted = parse(SessionMessage, body)
    events = await platform.session_assistant.say(caller.workspace_id, session_id, wanted.message, images=wanted.images)
    return await respond(request, events)


@router.post("/session/{session_id}/resume", response_model=None)
async def resume(session_id: str, request: Request, body: Body, caller: CallerDep, platform: PlatformDep) -> Response:
    """Answer an approval, and get the rest of the reply."""
    wanted = parse(ResumeBody, body)
    events = await platform.session_assistant.resume(caller.workspace_id, session_id, wanted.interrupt_id, wanted.value)
    return await respond(request, events)


@router.get("/session/{session_id}/logs")
async def logs(
    session_id: str, caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """List the calls made in a session, newest first; no secret is in them (C09)."""
    return page_body(await platform.call_log.of_session(caller.workspace_id, session_id, limit=limit, offset=offset))
