"""The configuring assistant: it sets webhooks and integrations up, and repairs them."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from agent.briefing import system_prompt
from agent.events import TurnEvent
from agent.turn import Turned, Turns, checked
from rules.errors import NotFound
from rules.typed_secrets import hide_secrets
from store.session import Database
from tools.toolbox import Toolbox

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Assistant:
    """The configuring assistant of every workspace.

    Args:
        database: Where conversations are stored.
        toolbox: What the assistant may do.
        model: Makes the language model, at the first message: its import is slow.
        turned: Told of each turn that has ended; see `Turns`.

    """

    def __init__(
        self,
        database: Database,
        toolbox: Toolbox,
        model: "Callable[[], BaseChatModel]",
        turned: Turned | None = None,
    ) -> None:
        self.turns = Turns(database, model, turned)
        self._persona = _Configuring(toolbox)
        self._services = toolbox.services

    def warm(self) -> None:
        """Begin to import LangChain and build the agent, off the event loop; the first message does it otherwise."""
        self.turns.warm(self._persona)

    async def aclose(self) -> None:
        """Let the turns that are under way end, for a few seconds, and close the model's connections."""
        await self.turns.aclose()

    async def say(
        self,
        workspace_id: str,
        message: str,
        *,
        conversation_id: str | None = None,
        perspective_id: str | None = None,
    ) -> AsyncIterator[TurnEvent]:
        """Begin a turn with a person's message, and return its events; see `Turns.say`.

        Raises:
            InvalidInput: The message is blank or too long.
            NotFound: There is no such conversation or perspective in this workspace.
            Conflict: The last message of this conversation is still being answered.

        """
        text = hide_secrets(checked(message))
        if perspective_id is not None:
            await self._services.perspectives.get(workspace_id, perspective_id)
        if conversation_id is None:
            return await self.turns.open(self._persona, workspace_id, text, title=text, perspective_id=perspective_id)
        return await self.turns.say(self._persona, workspace_id, conversation_id, text, perspective_id=perspective_id)

    async def fix(self, workspace_id: str, webhook_id: str) -> AsyncIterator[TurnEvent]:
        """Begin a conversation that already holds the diagnosis of a webhook (A10); raises NotFound."""
        webhook = await self._services.registry.get(workspace_id, webhook_id)
        diagnosis = await self._services.doctor.diagnose(workspace_id, webhook_id)
        return await self.turns.open(
            self._persona,
            workspace_id,
            f"Fix it: what is wrong with “{webhook.name}”?",
            alone=True,
            title=f"Fix {webhook.name}",
            perspective_id=webhook.perspective_id,
            webhook_id=webhook_id,
            briefing={"webhook": {"id": webhook.id, "name": webhook.name}, "diagnosis": diagnosis.as_dict()},
        )

    async def resume(
        self, workspace_id: str, conversation_id: str, interrupt_id: str, value: Any
    ) -> AsyncIterator[TurnEvent]:
        """Answer the question that a turn waits for, and return the events of the rest; see `Turns.resume`."""
        return await self.turns.resume(self._persona, workspace_id, conversation_id, interrupt_id, value)


class _Configuring:
    """The configuring assistant's part in a turn."""

    session_id = None

    def __init__(self, toolbox: Toolbox) -> None:
        self.toolbox = toolbox

    async def prompt(self, conversation: Any) -> str:
        return system_prompt(await self._perspective(conversation), conversation.briefing)

    async def check(self, workspace_id: str, answer: Mapping[str, Any]) -> None:
        services = self.toolbox.services
        if "webhook_id" in answer:
            await services.registry.get(workspace_id, answer["webhook_id"])
        if "secret_name" in answer and answer["secret_name"] not in await services.vault.names(workspace_id):
            raise NotFound("secret", answer["secret_name"])

    async def _perspective(self, conversation: Any) -> dict[str, Any] | None:
        if conversation.perspective_id is None:
            return None
        perspectives = self.toolbox.services.perspectives
        try:
            return await perspectives.get(conversation.workspace_id, conversation.perspective_id)
        except NotFound:
            return None
