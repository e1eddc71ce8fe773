"""Erasure of a person's data (X13)."""

from dataclasses import fields
from typing import Self

from fastapi import APIRouter
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from rules.erasure import Erasure
from rules.ranges import text
from rules.validation import parse
from rules.webhook_spec import Spec
from server.callers import CallerDep
from server.deps import Body, PlatformDep

router = APIRouter(prefix="/v1/erase", tags=["Erasure"])

_MAX_LENGTH = 320  # of an e-mail address


class EraseBody(Spec):
    """Whose data is to be erased; of several, everything that concerns any of them."""

    contact: text(1, _MAX_LENGTH) | None = None  # type: ignore[valid-type]
    conversation_id: text(1, _MAX_LENGTH) | None = None  # type: ignore[valid-type]
    session_id: text(1, _MAX_LENGTH) | None = None  # type: ignore[valid-type]
    participant: text(1, _MAX_LENGTH) | None = None  # type: ignore[valid-type]

    @model_validator(mode="after")
    def is_about_somebody(self) -> Self:
        """Refuse an erasure of nothing."""
        if all(getattr(self, field.name) is None for field in fields(Erasure)):
            raise PydanticCustomError("empty", "give at least one of contact, conversation_id, session_id, participant")
        return self


@router.post("")
async def erase(body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, int]:
    """Erase a person's, a conversation's or a session's data for good, and count what was erased."""
    asked = parse(EraseBody, body)
    return await platform.eraser.erase(caller.workspace_id, Erasure(**asked.model_dump()))
