"""Customers' assistants: each answers in the sessions opened with it, and acts through its triggers only."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agent.briefing import session_prompt
from agent.events import TurnEvent
from agent.turn import Turns, checked
from integrations.assistants import AssistantView
from integrations.sessions import SessionView
from tools.services import Services
from tools.toolbox import Toolbox
from tools.trigger_tools import MAX_TRIGGERS, TriggerTool


class SessionAssistant:
    """The customers' assistants of every workspace.

    Args:
        turns: Runs the turns; the configuring assistant's are the same.
        services: What triggers work with.

    """

    def __init__(self, turns: Turns, services: Services) -> None:
        self._turns = turns
        self._services = services

    async def say(
        self, workspace_id: str, session_id: str, message: str, *, images: Sequence[str] = ()
    ) -> AsyncIterator[TurnEvent]:
        """Begin a turn in a session with a person's message, and return its events; see `Turns.say`.

        Raises:
            InvalidInput: The message is blank or too long.
            NotFound: There is no such session in this workspace, or its assistant has been deleted.
            Conflict: The last message of this session is still being answered.

        """
        # Unlike in the configuring chat, what looks like a credential stays: a code may be the very argument to send.
        text = checked(message)
        session, persona = await self._serving(workspace_id, session_id)
        return await self._turns.say(persona, workspace_id, session.conversation_id, text, images=images)

    async def resume(
        self, workspace_id: str, session_id: str, interrupt_id: str, value: Any
    ) -> AsyncIterator[TurnEvent]:
        """Answer the question that a turn waits for, and return the events of the rest; see `Turns.resume`."""
        session, persona = await self._serving(workspace_id, session_id)
        return await self._turns.resume(persona, workspace_id, session.conversation_id, interrupt_id, value)

    async def _serving(self, workspace_id: str, session_id: str) -> "tuple[SessionView, _Serving]":
        session = await self._services.sessions.get(workspace_id, session_id)
        assistant = await self._services.assistants.get(workspace_id, session.assistant_id)
        triggers = await self._services.triggers.list(workspace_id, assistant.id, limit=MAX_TRIGGERS)
        tools = [TriggerTool(trigger, session) for trigger in triggers.items]
        return session, _Serving(assistant, session.id, Toolbox(self._services, tools))


class _Serving:
    """One customer's assistant's part in a turn of one session."""

    def __init__(self, assistant: AssistantView, session_id: str, toolbox: Toolbox) -> None:
        self.toolbox = toolbox
        self.session_id = session_id
        self._assistant = assistant

    async def prompt(self, conversation: Any) -> str:
        del conversation
        return session_prompt(self._assistant.name, self._assistant.instructions, datetime.now(UTC).date())

    async def check(self, workspace_id: str, answer: Mapping[str, Any]) -> None:
        """Let every answer pass: what a trigger asks for is a yes or a no."""
