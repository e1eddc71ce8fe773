"""An assistant's triggers: what it may call, tried out with the test button, or read from elsewhere."""

import asyncio
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Request
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from rules.errors import InvalidInput, MalformedBody
from rules.integration_spec import RunRequest, TriggerDraft, TriggerPatch
from rules.loose_json import read_integration
from rules.ranges import text
from rules.validation import parse
from rules.webhook_spec import Spec
from server.auth import Caller
from server.bodies import MIB, json_value, read_body, read_json
from server.callers import CallerDep, caller_of
from server.deps import Body, Limit, Offset, PlatformDep
from server.pages import page_body

router = APIRouter(prefix="/v1", tags=["API calls inside a conversation"])

MAX_IMPORT_BYTES = 4 * MIB


class ImportBody(Spec):
    """What to read triggers from: a curl command, or an OpenAPI document with the operations wanted (X08)."""

    curl: text(1, 65_536) | None = None  # type: ignore[valid-type]
    openapi: text(1, MAX_IMPORT_BYTES) | dict[str, Any] | None = None  # type: ignore[valid-type]
    operations: list[text(1, 256)] | None = None  # type: ignore[valid-type]

    @model_validator(mode="after")
    def is_one(self) -> Self:
        """Refuse nothing, and both."""
        if (self.curl is None) == (self.openapi is None):
            raise PydanticCustomError("one", "give either curl or openapi")
        if self.operations is not None and self.openapi is None:
            raise PydanticCustomError("operations", "operations choose from an openapi document; there is none")
        return self


async def _document(request: Request, _caller: Annotated[Caller, Depends(caller_of)]) -> Any:
    """Read a trigger as JSON, or as people print it: with bare `$variables` in the integration's body (C10)."""
    # Reading such a document letter by letter may take a second.
    return await asyncio.to_thread(_trigger, await read_body(request))


def _trigger(data: bytes) -> Any:
    try:
        return _with_integration(json_value(data))
    except MalformedBody:
        if b"$" not in data:
            raise
    try:
        return read_integration(data.decode(), field="body")
    except UnicodeDecodeError:
        raise MalformedBody.of("body", "is not UTF-8") from None
    except InvalidInput as error:
        raise MalformedBody(error.errors) from None


def _with_integration(body: Any) -> Any:
    """Read an integration that is given as the text of such a document."""
    if isinstance(body, dict) and isinstance(body.get("integration"), str):
        return {**body, "integration": read_integration(body["integration"], field="integration")}
    return body


async def _import(request: Request, _caller: Annotated[Caller, Depends(caller_of)]) -> Any:
    return await read_json(request, MAX_IMPORT_BYTES)


Document = Annotated[Any, Depends(_document)]


@router.get("/assistants/{assistant_id}/triggers")
async def index(
    assistant_id: str, caller: CallerDep, platform: PlatformDep, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """List an assistant's triggers, oldest first."""
    return page_body(await platform.triggers.list(caller.workspace_id, assistant_id, limit=limit, offset=offset))


@router.post("/assistants/{assistant_id}/triggers", status_code=201)
async def create(assistant_id: str, body: Document, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Create a trigger: an API call that the assistant may make."""
    draft = parse(TriggerDraft, body)
    return (await platform.triggers.create(caller.workspace_id, assistant_id, draft, caller.actor)).as_dict()


@router.post("/assistants/{assistant_id}/triggers/import")
async def read(
    assistant_id: str, body: Annotated[Any, Depends(_import)], caller: CallerDep, platform: PlatformDep
) -> dict[str, Any]:
    """Read triggers from a curl command or an OpenAPI document; a draft is saved only when it is posted."""
    wanted = parse(ImportBody, body)
    await platform.assistants.get(caller.workspace_id, assistant_id)
    if wanted.curl is not None:
        drafts = [await platform.imports.from_curl(caller.workspace_id, assistant_id, wanted.curl)]
    else:
        drafts = await platform.imports.from_openapi(
            caller.workspace_id, assistant_id, wanted.openapi or {}, wanted.operations
        )
    return {"drafts": [draft.as_dict() for draft in drafts]}


@router.get("/triggers/{trigger_id}")
async def show(trigger_id: str, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Return one trigger."""
    return (await platform.triggers.get(caller.workspace_id, trigger_id)).as_dict()


@router.patch("/triggers/{trigger_id}")
async def update(trigger_id: str, body: Document, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Change a trigger; absent fields stay as they are, also those inside `integration`."""
    patch = parse(TriggerPatch, body)
    return (await platform.triggers.update(caller.workspace_id, trigger_id, patch, caller.actor)).as_dict()


@router.delete("/triggers/{trigger_id}", status_code=204)
async def delete(trigger_id: str, caller: CallerDep, platform: PlatformDep) -> None:
    """Delete a trigger; undo its change to bring it back."""
    await platform.triggers.delete(caller.workspace_id, trigger_id, caller.actor)


@router.post("/triggers/{trigger_id}/run")
async def run(trigger_id: str, body: Body, caller: CallerDep, platform: PlatformDep) -> dict[str, Any]:
    """Call a trigger's endpoint as a session would, or with `dry_run` show the request that it would send."""
    wanted = parse(RunRequest, body)
    trigger = await platform.triggers.get(caller.workspace_id, trigger_id)
    session = None
    if wanted.session_id is not None:
        session = await platform.sessions.get(caller.workspace_id, wanted.session_id)
    report = await platform.executor.run(
        caller.workspace_id,
        trigger,
        wanted.arguments,
        session=session,
        client_data=wanted.client_data,
        images=wanted.images,
        dry_run=wanted.dry_run,
    )
    return report.as_dict()
