"""Tool that makes triggers of what people have at hand: a curl line, an OpenAPI document (C02)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from integrations.assistants import AssistantView
from integrations.importers.curl import from_curl
from integrations.importers.draft import Draft
from integrations.importers.openapi import from_openapi
from rules.integration_spec import TriggerDraft
from tools.integration_changing import checked, only_assistant, report_trigger
from tools.integration_views import draft_diff, draft_line, to_set
from tools.services import Services
from tools.toolbox import Arguments, Call, Result, Tool, approved, refused

_MOST = 20
_PAGE = 200


class ImportApiCall(Arguments):
    """Where the calls are described, and whose they shall be."""

    curl: str | None = Field(None, description="A curl command, as the person wrote it, [hidden] included.")
    openapi: str | None = Field(None, description="An OpenAPI 3 document, JSON or YAML, as the person wrote it.")
    operations: list[str] | None = Field(None, description="Of the document, only these operationIds.")
    assistant_id: str | None = Field(None, description="Not needed when there is only one assistant.")


async def import_api_call(services: Services, call: Call, arguments: ImportApiCall) -> Result:
    """Show what was read as drafts, and create those that the person approves."""
    if (arguments.curl is None) == (arguments.openapi is None):
        return refused("Give either curl or openapi.")
    assistant = await only_assistant(services, call, arguments.assistant_id)
    vault = await services.vault.bindings(call.workspace_id)
    # A large document takes seconds to read.
    found = await asyncio.to_thread(_read, arguments, vault)
    if len(found) > _MOST:
        names = ", ".join(str(draft.trigger["name"]) for draft in found)
        return refused(
            f"That is {len(found)} calls; at most {_MOST} at once. Choose some as operations: {names}"[:4000]
        )
    drafts = await _named_apart(services, call, assistant, found)
    ready = [await checked(services, call, assistant, fields) for fields in drafts]
    if refusal := await approved(call, _title(assistant, ready), _diff(ready)):
        return refusal
    made = await _create(services, call, assistant, ready)
    secrets = {secret.name: secret.hosts for draft in found for secret in draft.secrets}
    notes = list(dict.fromkeys(note for draft in found for note in draft.notes))
    return {**made, "assistant": assistant.name, "notes": notes, **to_set(secrets, vault)}


def _read(arguments: ImportApiCall, vault: Mapping[str, Sequence[str]]) -> list[Draft]:
    if arguments.curl is not None:
        return [from_curl(arguments.curl, vault)]
    return from_openapi(arguments.openapi or "", arguments.operations)


async def _named_apart(
    services: Services, call: Call, assistant: AssistantView, found: Sequence[Draft]
) -> list[dict[str, Any]]:
    """Give each draft a name that none of the assistant's triggers has."""
    present = await services.triggers.list(call.workspace_id, assistant.id, limit=_PAGE)
    taken = {trigger.name for trigger in present.items}
    fields: list[dict[str, Any]] = []
    for draft in found:
        name = wished = str(draft.trigger["name"])
        number = 1
        while name in taken:
            number += 1
            name = f"{wished}_{number}"
        taken.add(name)
        fields.append({**draft.trigger, "name": name})
    return fields


def _title(assistant: AssistantView, drafts: Sequence[TriggerDraft]) -> str:
    return f"Let “{assistant.name}” call {'an API' if len(drafts) == 1 else f'an API in {len(drafts)} ways'}"


def _diff(drafts: Sequence[TriggerDraft]) -> list[dict[str, Any]]:
    plain = [draft.model_dump() for draft in drafts]
    return draft_diff(plain[0]) if len(plain) == 1 else [draft_line(draft) for draft in plain]


async def _create(
    services: Services, call: Call, assistant: AssistantView, drafts: Sequence[TriggerDraft]
) -> dict[str, Any]:
    """Create the triggers, each as a change of its own that can be undone alone."""
    reports = [
        report_trigger(call, await services.triggers.create(call.workspace_id, assistant.id, draft, call.actor))
        for draft in drafts
    ]
    if len(reports) == 1:
        return reports[0]
    created = [{"field": "trigger", "before": None, "after": report["trigger"]["name"]} for report in reports]
    change_ids = [report["change_id"] for report in reports]
    rows = [report["trigger"] for report in reports]
    return {"ok": True, "triggers": rows, "changed": created, "change_ids": change_ids}


TOOLS = (
    Tool(
        "import_api_call",
        "Make triggers of a curl command or an OpenAPI document. Shows what was read and asks the person for approval.",
        ImportApiCall,
        import_api_call,
        changes=True,
    ),
)
