"""Events in, and back out."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from rules.errors import FieldError, InvalidInput
from rules.ranges import Moment, text
from rules.times import time_text
from rules.validation import parse
from rules.webhook_spec import Spec
from server.auth import Caller
from server.bodies import MIB, read_entries
from server.deps import CallerDep, PlatformDep, caller_of
from webhooks.intake import MAX_EVENTS, NewEvent

router = APIRouter(prefix="/v1/events", tags=["Events"])

MAX_BODY_BYTES = 8 * MIB


async def _body(request: Request, _caller: Annotated[Caller, Depends(caller_of)]) -> Any:
    return await read_entries(request, MAX_BODY_BYTES, MAX_EVENTS)


class EventBody(Spec):
    """One event to accept."""

    type: text(1, 128)  # type: ignore[valid-type]
    payload: dict[str, Any]
    id: text(1, 200) | None = None  # type: ignore[valid-type]
    perspective_id: text(1, 64) | None = None  # type: ignore[valid-type]
    occurred_at: Annotated[Moment | None, Field(strict=False)] = None
    ordering_key: text(1, 200) | None = None  # type: ignore[valid-type]


@router.post("", status_code=202)
async def accept(body: Annotated[Any, Depends(_body)], caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Accept one event or a list of up to 1000; answers after the commit."""
    events = _parse_all(body) if isinstance(body, list) else [_new_event(parse(EventBody, body))]
    accepted = await platform.intake.accept(caller.workspace_id, events)
    return {"events": [entry.as_dict() for entry in accepted]}


@router.get("/{event_id}")
async def show(event_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return an event with its payload."""
    event = await platform.intake.event(caller.workspace_id, event_id)
    names = ("id", "type", "perspective_id", "payload", "ordering_key")
    times = {name: time_text(event[name]) for name in ("occurred_at", "created_at")}
    return {**{name: event[name] for name in names}, **times}


def _parse_all(entries: list[Any]) -> list[NewEvent]:
    if not 1 <= len(entries) <= MAX_EVENTS:
        raise InvalidInput.of("body", f"must hold 1 to {MAX_EVENTS} events; got {len(entries)}")
    events, errors = [], []
    for index, entry in enumerate(entries):
        try:
            events.append(_new_event(parse(EventBody, entry)))
        except InvalidInput as refused:
            errors += [FieldError(f"{index}.{error.field}", error.message) for error in refused.errors]
    if errors:
        raise InvalidInput(errors)
    return events


def _new_event(body: EventBody) -> NewEvent:
    occurred_at: datetime | None = body.occurred_at
    return NewEvent(body.type, body.payload, body.id, body.perspective_id, occurred_at, body.ordering_key)
