"""Events in, and back out."""

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from rules.errors import FieldError, InvalidInput
from rules.ranges import Moment, shown, text
from rules.times import time_text
from rules.validation import parse
from rules.webhook_spec import Spec
from server.auth import Caller
from server.bodies import MIB, parse_entries, read_body
from server.deps import CallerDep, PlatformDep, caller_of
from webhooks.intake import MAX_EVENTS, NewEvent, answer_to

router = APIRouter(prefix="/v1/events", tags=["Events"])

MAX_BODY_BYTES = 8 * MIB


_KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,255}")


async def _body(request: Request, _caller: Annotated[Caller, Depends(caller_of)]) -> bytes:
    return await read_body(request, MAX_BODY_BYTES)


def _key(request: Request) -> str | None:
    """Read the Idempotency-Key; raises InvalidInput."""
    given = request.headers.getlist(_KEY_HEADER)
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        found = f"{len(given)} of them" if len(given) > 1 else shown(given[0])
        raise InvalidInput.of(_KEY_HEADER, f"must be one header of 1 to 255 visible ASCII characters; got {found}")
    return given[0]


class EventBody(Spec):
    """One event to accept."""

    type: text(1, 128)  # type: ignore[valid-type]
    payload: dict[str, Any]
    id: text(1, 200) | None = None  # type: ignore[valid-type]
    perspective_id: text(1, 64) | None = None  # type: ignore[valid-type]
    occurred_at: Annotated[Moment | None, Field(strict=False)] = None
    ordering_key: text(1, 200) | None = None  # type: ignore[valid-type]


@router.post("", status_code=202)
async def accept(
    data: Annotated[bytes, Depends(_body)],
    key: Annotated[str | None, Depends(_key)],
    caller: CallerDep,
    platform: PlatformDep,
) -> Any:
    """Accept one event or a list of up to 1000; answers after the commit.

    With an Idempotency-Key, the same request within 24 hours gets the same answer, and 409 with another body.
    """
    body = await parse_entries(data, MAX_EVENTS)
    events = _parse_all(body) if isinstance(body, list) else [_new_event(parse(EventBody, body))]
    if key is None:
        return answer_to(await platform.intake.accept(caller.workspace_id, events))
    digest = hashlib.sha256(data).hexdigest()
    answer = await platform.intake.accept_once(caller.workspace_id, events, key, digest)
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    return Response(answer.text, 202, headers, media_type="application/json")


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
