"""A conversation with the assistant, held over REST as any client holds it."""

from dataclasses import dataclass, field
from typing import Any

from tests.serving import Api


@dataclass
class Talk:
    """Says one thing after the other in the same conversation."""

    api: Api
    perspective: str | None = None
    conversation: str | None = None
    reply: dict[str, Any] = field(default_factory=dict)

    async def say(self, message: str) -> str:
        self.reply = await self.api.say(message, self.conversation, perspective_id=self.perspective)
        self.conversation = self.reply["conversation_id"]
        return self.reply["reply"]

    async def answer(self, **value: Any) -> str:
        self.reply = await self.api.answer(self.reply, value)
        return self.reply["reply"]

    @property
    def asked(self) -> dict[str, Any]:
        assert self.reply["interrupt"] is not None, self.reply
        return self.reply["interrupt"]

    def result(self, tool: str) -> dict[str, Any]:
        """Return what the last reply's call of a tool came back with."""
        found = [call["result"] for call in self.reply["tool_calls"] if call["name"] == tool]
        assert found, f"{tool} was not called: {self.reply}"
        return found[-1]

    async def transcript(self) -> dict[str, Any]:
        return await self.api.get(f"/v1/chat/{self.conversation}")
