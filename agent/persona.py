"""Who answers in a conversation: the configuring assistant, or a customer's assistant in one session."""

from collections.abc import Mapping
from typing import Any, Protocol

from tools.toolbox import Toolbox


class Persona(Protocol):
    """What sets one kind of conversation apart from another."""

    @property
    def toolbox(self) -> Toolbox:
        """What it may do."""
        ...

    @property
    def session_id(self) -> str | None:
        """The session that it serves; None for the configuring assistant."""
        ...

    async def prompt(self, conversation: Any) -> str:
        """Compose the system prompt for a conversation, given its row."""
        ...

    async def check(self, workspace_id: str, answer: Mapping[str, Any]) -> None:
        """Refuse an answer that has the right form and cannot be right; raises NotFound."""
        ...
