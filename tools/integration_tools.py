"""Tools over triggers, the API calls that an assistant may make: list, explain, create, edit, delete."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from integrations.triggers import TriggerView
from rules.changes import FieldChange
from rules.errors import InvalidInput
from rules.header_fields import MASK, looks_secret
from rules.literal_credentials import mask_value, written_in
from rules.typed_secrets import HIDDEN
from tools.integration_changing import change_trigger, checked, only_assistant, report_trigger
from tools.integration_views import draft_diff, host_of, to_set, trigger_details, trigger_row, variables_of
from tools.services import Services
from tools.toolbox import Arguments, Call, Result, Tool, approved, fitting, refused

_PAGE = 100
_RECENT = 5
_REQUEST = ("url", "method", "timeout_ms")
_VARIABLES = "with $variables"


class ListTriggers(Arguments):
    """Of which assistant."""

    assistant_id: str | None = Field(None, description="Only of this assistant; of all when absent.")


class OneTrigger(Arguments):
    """A trigger."""

    trigger_id: str = Field(description="The trigger's id (trg_…).")


class TriggerFields(Arguments):
    """What a trigger is made of; the request is a template."""

    name: str | None = Field(None, description="Letters, digits, _ and -; the name of the assistant's tool.")
    description: str | None = Field(None, description="When the assistant should call it, up to 350 characters.")
    url: str | None = Field(None, description=f"HTTPS, {_VARIABLES} in path and query only.")
    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH"] | None = None
    headers: dict[str, str] | None = Field(
        None,
        description=f"All headers, {_VARIABLES}: they replace the present ones, so repeat those that stay; "
        "{} removes all. A credential is only ever a $secret.",
    )
    body: str | None = Field(
        None, description='JSON or text: "$name" in quotes is text, $images without them is a list. "" removes it.'
    )
    parameters: dict[str, Any] | None = Field(
        None,
        description="JSON Schema of the arguments: an object with properties, each with a description, and required.",
    )
    directive: str | None = Field(None, description="What the assistant does with a response.")
    timeout_ms: int | None = Field(None, description="1000 to 120000.")
    interpret_response: bool | None = Field(None, description="false: the assistant never sees responses.")
    confirm: bool | None = Field(None, description="true: the customer is asked before each call.")


class CreateTrigger(TriggerFields):
    """A new trigger."""

    assistant_id: str | None = Field(None, description="Not needed when there is only one assistant.")
    name: str = Field(description="Letters, digits, _ and -; the name of the assistant's tool.")
    description: str = Field(description="When the assistant should call it, up to 350 characters.")
    url: str = Field(description=f"HTTPS, {_VARIABLES} in path and query only.")


class EditTrigger(TriggerFields):
    """The fields to change; the others stay."""

    trigger_id: str = Field(description="The trigger's id (trg_…).")


async def list_triggers(services: Services, call: Call, arguments: ListTriggers) -> Result:
    """List triggers in short."""
    page = await services.triggers.list(call.workspace_id, arguments.assistant_id, limit=_PAGE)
    return {"ok": True, "triggers": fitting([trigger_row(each) for each in page.items]), "total": page.total}


async def get_trigger(services: Services, call: Call, arguments: OneTrigger) -> Result:
    """Explain a trigger: its request, where each variable comes from, and how the last calls went."""
    trigger = await services.triggers.get(call.workspace_id, arguments.trigger_id)
    variables = variables_of(trigger, await services.vault.bindings(call.workspace_id))
    calls = await services.call_log.newest(call.workspace_id, trigger_id=trigger.id, limit=_RECENT)
    recent = [{name: row[name] for name in ("id", "at", "status", "duration_ms")} for row in calls.items]
    known = {**trigger_details(trigger), "variables": variables}
    return {"ok": True, "trigger": known, "recent_calls": recent, **await unset(services, call, trigger)}


async def create_trigger(services: Services, call: Call, arguments: CreateTrigger) -> Result:
    """Create a trigger after approval."""
    if refusal := _credential(arguments):
        return refusal
    assistant = await only_assistant(services, call, arguments.assistant_id)
    draft = await checked(services, call, assistant, _fields(arguments))
    if refusal := await approved(call, f"Let “{assistant.name}” call an API", draft_diff(draft.model_dump())):
        return refusal
    changed = await services.triggers.create(call.workspace_id, assistant.id, draft, call.actor)
    return report_trigger(call, changed) | await unset(services, call, changed.trigger)


async def edit_trigger(services: Services, call: Call, arguments: EditTrigger) -> Result:
    """Change a trigger."""
    if refusal := _credential(arguments):
        return refusal
    trigger = await services.triggers.get(call.workspace_id, arguments.trigger_id)
    fields = _fields(arguments, trigger.integration["headers"])
    if not fields:
        return refused("Name what is to change.")
    return await change_trigger(services, call, trigger.id, fields)


async def delete_trigger(services: Services, call: Call, arguments: OneTrigger) -> Result:
    """Delete a trigger after approval."""
    trigger = await services.triggers.get(call.workspace_id, arguments.trigger_id)
    line = f"{trigger.name} → {trigger.integration['method']} {trigger_row(trigger)['url']}"
    if refusal := await approved(call, f"Delete “{trigger.name}”", [FieldChange("trigger", line, None).as_dict()]):
        return refusal
    changed = await services.triggers.delete(call.workspace_id, trigger.id, call.actor)
    return {**report_trigger(call, changed), "deleted": True}


async def unset(services: Services, call: Call, trigger: TriggerView) -> dict[str, Any]:
    """Return the variables of a new trigger that look like secrets and are not in the vault, for a tool's result."""
    vault = await services.vault.bindings(call.workspace_id)
    unknown = [each["name"] for each in variables_of(trigger, vault) if each["source"] == "client_data"]
    return to_set({name: [host_of(trigger.integration)] for name in unknown if looks_secret(name)}, vault)


def _credential(arguments: TriggerFields) -> Result | None:
    texts = [arguments.url or "", arguments.body or "", *(arguments.headers or {}).values()]
    headers = (arguments.headers or {}).items()
    named = [name for name, value in headers if looks_secret(name) and MASK not in value and mask_value(value) != value]
    in_url = arguments.url is not None and (MASK in arguments.url or bool(written_in(arguments.url)))
    if not named and not in_url and not any(HIDDEN in text for text in texts):
        return None
    where = f"The header {named[0]!r}" if named else "Something here"
    return refused(
        f"{where} would hold a credential, which does not belong in the chat. Call set_secret (the person types it "
        "into a form), and write $name in its place."
    )


def _fields(arguments: TriggerFields, stored: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Put flat arguments into the shape of API.md; a masked header value means the stored one."""
    given = arguments.model_dump(exclude={"assistant_id", "trigger_id"}, exclude_none=True)
    request = {name: given.pop(name) for name in _REQUEST if name in given}
    if "headers" in given:
        known = {header["key"].lower(): header["value"] for header in stored}
        request["headers"] = [_header(key, value, known) for key, value in given.pop("headers").items()]
    if "body" in given:
        request["body"] = _body(given.pop("body"))
    if "directive" in given:
        request["responseDirective"] = given.pop("directive") or None
    return {**given, **({"integration": request} if request else {})}


def _header(key: str, value: str, known: Mapping[str, str]) -> dict[str, str]:
    if MASK in value and key.lower() not in known:
        raise InvalidInput.of("headers", f"{MASK} only stands for a stored value; write $name of a secret")
    return {"key": key, "value": known[key.lower()] if MASK in value else value}


def _body(text: str) -> Any:
    """Read a body: JSON where it is JSON, else a template text; blank for none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text or None
    return value if isinstance(value, dict | list) else text


TOOLS = (
    Tool(
        "list_triggers",
        "List the API calls (triggers, integrations) that assistants may make in a conversation with a customer.",
        ListTriggers,
        list_triggers,
    ),
    Tool(
        "get_trigger",
        "Explain a trigger: request, arguments, where each variable comes from, how its last calls went.",
        OneTrigger,
        get_trigger,
    ),
    Tool(
        "create_trigger",
        "Let an assistant call an API that the person describes in words; import_api_call reads curl and OpenAPI. "
        "Asks the person for approval of what will be sent.",
        CreateTrigger,
        create_trigger,
        changes=True,
    ),
    Tool(
        "edit_trigger",
        "Change a trigger. Asks for approval when it then calls another URL, sends more or asks less.",
        EditTrigger,
        edit_trigger,
        changes=True,
    ),
    Tool(
        "delete_trigger",
        "Delete a trigger. Asks the person for approval.",
        OneTrigger,
        delete_trigger,
        changes=True,
        destructive=True,
    ),
)
