"""An assistant with a trigger that looks orders up, and the secret that it sends."""

from typing import Any

from integrations.assistants import AssistantView
from integrations.triggers import TriggerView
from rules.integration_spec import AssistantDraft, SecretDraft, TriggerDraft
from tests.agent.conftest import OWNER
from tests.tools.conftest import Person

URL = "https://erp.example.com/orders/$order_number"
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"order_number": {"type": "string", "description": "The order's number."}},
    "required": ["order_number"],
}
AUTH = [{"key": "Authorization", "value": "Bearer $erp_token"}]
YES, NO = {"approved": True}, {"approved": False, "note": "no"}


async def an_assistant(person: Person, name: str = "Shop") -> AssistantView:
    created = await person.house.services.assistants.create("ws_1", AssistantDraft(name=name), OWNER)
    return created.assistant


async def a_trigger(person: Person, *, assistant: AssistantView | None = None, **fields: Any) -> TriggerView:
    assistant = assistant or await an_assistant(person)
    request = {"url": URL, "method": "GET", "headers": AUTH, **fields.pop("integration", {})}
    draft = {"name": "get_order", "description": "Look an order up.", "parameters": PARAMETERS, **fields}
    spec = TriggerDraft.model_validate({**draft, "integration": request})
    return (await person.house.services.triggers.create("ws_1", assistant.id, spec, OWNER)).trigger


async def a_secret(person: Person, name: str = "erp_token", host: str = "erp.example.com") -> None:
    await person.house.services.vault.put("ws_1", name, SecretDraft(value="planted-value", hosts=[host]))
