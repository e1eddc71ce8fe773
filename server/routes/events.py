"""Events in, and back out."""

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from rules.errors import FieldError, InvalidInput
from rules.ranges import Moment, shown, text
from rules.times import time_text
from rules.validation import parse
from rules.webhook_spec import Spec
from server.bodies import MIB, parse_entries, read_body
from server.callers import CallerDep, caller_of
from server.deps import PlatformDep
from server.problem_schema import answer_of
from webhooks.intake import MAX_EVENTS, NewEvent, answer_text

PATH = "/v1/events"
router = APIRouter(prefix=PATH, tags=["Events"])

MAX_BODY_BYTES = 8 * MIB

_KEY_HEADER = "Idempotency-Key"
_REPLAYED_HEADER = "Idempotency-Replayed"
_KEY = re.compile(r"[!-~]{1,255}")


def _key(request: Request) -> str | None:
    """Read the Idempotency-Key; raises InvalidInput."""
    given = request.headers.getlist(_KEY_HEADER)
    if not given:
        return None
    key = given[0].strip(" \t")  # RFC 9110, 5.5: space around a field's value is none of it
    if len(given) > 1 or not _KEY.fullmatch(key):
        found = f"{len(given)} of them" if len(given) > 1 else shown(key)
        raise InvalidInput.of(_KEY_HEADER, f"must be one header of 1 to 255 visible ASCII characters; got {found}")
    return key


class EventBody(Spec):
    """One event to accept."""

    type: text(1, 128)  # type: ignore[valid-type]
    payload: dict[str, Any]
    id: text(1, 200) | None = None  # type: ignore[valid-type]
    perspective_id: text(1, 64) | None = None  # type: ignore[valid-type]
    occurred_at: Annotated[Moment | None, Field(strict=False)] = None
    ordering_key: text(1, 200) | None = None  # type: ignore[valid-type]


# The header is read from the request itself (`_key`), so the document learns of it here.
_KEY_PARAMETER = {
    "name": _KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "Makes the request repeatable for 24 hours; visible ASCII",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_KEY_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Stored, or the first answer again.",
        "headers": {_REPLAYED_HEADER: {"description": "`true` on a repetition.", "schema": {"type": "string"}}},
    },
    409: answer_of(f"The {_KEY_HEADER} was sent with another body before; nothing is stored."),
}


@router.post("", status_code=202, responses=_KEY_ANSWERS, openapi_extra={"parameters": [_KEY_PARAMETER]})
async def accept(request: Request) -> Response:
    """Accept one event or a list of up to 1000; answers after the commit.

    With an Idempotency-Key, the same request within 24 hours gets the same answer, and 409 with another body.
    """
    # What other routes declare as dependencies, this one calls: FastAPI's solving of them took a third of its time.
    caller = await caller_of(request)
    data = await read_body(request, MAX_BODY_BYTES)
    key = _key(request)
    intake = request.app.state.platform.intake
    body = await parse_entries(data, MAX_EVENTS)
    events = _parse_all(body) if isinstance(body, list) else [_new_event(parse(EventBody, body))]
    if key is None:
        return _answer(answer_text(await intake.accept(caller.workspace_id, events)), {})
    digest = hashlib.sha256(data).hexdigest()
    answer = await intake.accept_once(caller.workspace_id, events, key, digest)
    return _answer(answer.text, {_REPLAYED_HEADER: "true"} if answer.replayed else {})


def _answer(text: str, headers: dict[str, str]) -> Response:
    return Response(text, 202, headers, media_type="application/json")


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
