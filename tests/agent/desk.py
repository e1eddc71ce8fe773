"""A session with a customer's assistant, in the house of `conftest`."""

from dataclasses import dataclass, field
from typing import Any

from agent.session import SessionAssistant
from integrations.sessions import SessionView
from rules.integration_spec import AssistantDraft, SecretDraft, SessionDraft, TriggerDraft
from tests.agent.conftest import OWNER, House, collect

TEXT = {"type": "string"}


def schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


ORDER = {
    "name": "order_status",
    "description": "Looks up the status of an order.",
    "parameters": schema("order_number", order_number={"type": "string", "pattern": "^[0-9]{4}$"}),
    "integration": {"url": "https://erp.example.com/orders/$order_number", "responseDirective": "Be warm about it."},
}
TICKET = {
    "name": "create_ticket",
    "description": "Creates a support ticket.",
    "parameters": schema("title", title=TEXT),
    "integration": {"url": "https://help.example.com/tickets", "method": "POST", "body": {"title": "$title"}},
}


@dataclass
class Desk:
    """Says things in one session."""

    house: House
    assistant_id: str
    session_id: str
    conversation_id: str
    assistant: SessionAssistant = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew with the same database, as another process would."""
        self.house.restart()
        self.assistant = SessionAssistant(self.house.assistant.turns, self.house.services)

    async def say(self, message: str, **more: Any) -> dict[str, Any]:
        return await collect(await self.assistant.say(self.house.workspace, self.session_id, message, **more))

    async def resume(self, reply: dict[str, Any], value: Any) -> dict[str, Any]:
        interrupt = reply["interrupt"]["id"]
        return await collect(await self.assistant.resume(self.house.workspace, self.session_id, interrupt, value))

    async def trigger(self, base: dict[str, Any], **changes: Any) -> Any:
        draft = TriggerDraft.model_validate({**base, **changes})
        created = await self.house.services.triggers.create(self.house.workspace, self.assistant_id, draft, OWNER)
        return created.trigger

    async def secret(self, name: str, value: str, *hosts: str) -> None:
        await self.house.services.vault.put(self.house.workspace, name, SecretDraft(value=value, hosts=list(hosts)))

    async def session(self) -> SessionView:
        return await self.house.services.sessions.get(self.house.workspace, self.session_id)

    async def logs(self) -> list[dict[str, Any]]:
        return (await self.house.services.call_log.of_session(self.house.workspace, self.session_id)).items

    def answers(self, body: bytes, status: int = 200) -> None:
        self.house.endpoint.body, self.house.endpoint.status = body, status


async def open_desk(house: House, *triggers: dict[str, Any], instructions: str = "", **known: Any) -> Desk:
    services, workspace = house.services, house.workspace
    draft = AssistantDraft(name="Shop", instructions=instructions)
    assistant = (await services.assistants.create(workspace, draft, OWNER)).assistant
    session = await services.sessions.create(workspace, SessionDraft(assistant_id=assistant.id, **known))
    desk = Desk(house, assistant.id, session.id, session.conversation_id)
    for trigger in triggers:
        await desk.trigger(trigger)
    return desk
