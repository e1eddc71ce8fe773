"""Tools over customers' assistants: list, create, edit, delete."""

from pydantic import Field

from rules.changes import FieldChange
from rules.integration_spec import AssistantDraft
from rules.validation import parse
from tools.integration_changing import change_assistant, report_assistant
from tools.integration_views import assistant_row
from tools.services import Services
from tools.toolbox import Arguments, Call, Result, Tool, approved, fitting, refused

_PAGE = 100


class ListAssistants(Arguments):
    """All of them."""


class OneAssistant(Arguments):
    """An assistant."""

    assistant_id: str = Field(description="The assistant's id (ast_…).")


class CreateAssistant(Arguments):
    """A new assistant."""

    name: str
    instructions: str | None = Field(None, description="How it should talk to the customer.")


class EditAssistant(OneAssistant):
    """The fields to change."""

    name: str | None = None
    instructions: str | None = None


async def list_assistants(services: Services, call: Call, _arguments: ListAssistants) -> Result:
    """List the assistants that talk to customers, each with the number of its triggers."""
    page = await services.assistants.list(call.workspace_id, limit=_PAGE)
    rows = [
        {
            **assistant_row(assistant),
            "triggers": (await services.triggers.list(call.workspace_id, assistant.id, limit=1)).total,
        }
        for assistant in page.items
    ]
    return {"ok": True, "assistants": fitting(rows), "total": page.total}


async def create_assistant(services: Services, call: Call, arguments: CreateAssistant) -> Result:
    """Create an assistant."""
    draft = parse(AssistantDraft, arguments.model_dump(exclude_none=True))
    new = [FieldChange(name, None, value).as_dict() for name, value in draft.model_dump().items() if value]
    if call.tainted and (refusal := await approved(call, f"Create the assistant “{draft.name}”", new)):
        return refusal
    return report_assistant(call, await services.assistants.create(call.workspace_id, draft, call.actor))


async def edit_assistant(services: Services, call: Call, arguments: EditAssistant) -> Result:
    """Change an assistant's name or instructions."""
    fields = arguments.model_dump(exclude={"assistant_id"}, exclude_none=True)
    if not fields:
        return refused("Name what is to change: name or instructions.")
    return await change_assistant(services, call, arguments.assistant_id, fields)


async def delete_assistant(services: Services, call: Call, arguments: OneAssistant) -> Result:
    """Delete an assistant with its triggers, after approval."""
    assistant = await services.assistants.get(call.workspace_id, arguments.assistant_id)
    triggers = await services.triggers.list(call.workspace_id, assistant.id, limit=20)
    gone = [FieldChange("assistant", assistant.name, None)]
    gone += [FieldChange("trigger", f"{each.name} → {each.integration['url']}", None) for each in triggers.items]
    if triggers.total > len(triggers.items):
        gone.append(FieldChange("trigger", f"and {triggers.total - len(triggers.items)} more", None))
    if refusal := await approved(call, f"Delete “{assistant.name}”", [each.as_dict() for each in gone]):
        return refusal
    changed = await services.assistants.delete(call.workspace_id, assistant.id, call.actor)
    return {**report_assistant(call, changed), "deleted": True}


TOOLS = (
    Tool(
        "list_assistants",
        "List the assistants that talk to the customers of this workspace.",
        ListAssistants,
        list_assistants,
    ),
    Tool("create_assistant", "Create an assistant for customers.", CreateAssistant, create_assistant, changes=True),
    Tool("edit_assistant", "Change an assistant's name or instructions.", EditAssistant, edit_assistant, changes=True),
    Tool(
        "delete_assistant",
        "Delete an assistant with its triggers. Asks the person for approval.",
        OneAssistant,
        delete_assistant,
        changes=True,
        destructive=True,
    ),
)
