"""The stage: what every script works with."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from agent.guided.memory import Memory, webhook_of
from agent.guided.reading import Reading
from agent.guided.script import Call, Reply, Result
from agent.guided.wording import label

Steps = Generator[Call, Result, Result]


@dataclass(slots=True)
class Stage:
    """The memory, the reading that is being carried out, and the webhook that it means."""

    memory: Memory
    reading: Reading
    target: str = ""
    leftover: tuple[str, ...] = ()
    done: list[Reply] = field(default_factory=list)

    @property
    def webhook(self) -> dict[str, Any]:
        """Give what is known of the target."""
        return self.memory.webhooks.get(self.target, {"id": self.target})

    @property
    def label(self) -> str:
        """Name the target so that it can be read back."""
        return label(self.webhook, list(self.memory.webhooks.values()))

    def call(self, name: str, /, **arguments: Any) -> Steps:
        """Make one tool call and learn from its result."""
        call = Call(name, arguments)
        result = yield call
        self.memory.learn(call, result)
        return result

    def fresh(self) -> Generator[Call, Result, dict[str, Any]]:
        """Read the target again from the store; a refusal comes back as it is."""
        result = yield from self.call("get_webhook", webhook_id=self.target)
        return {**self.webhook, **(webhook_of(result) or {})} if result.get("ok", True) is not False else dict(result)
