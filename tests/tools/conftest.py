from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from rules.actor import Actor
from rules.changes import ChangeView
from tests.agent.conftest import House, house
from tools.catalogue import toolbox
from tools.toolbox import Question

__all__ = ["house"]


@dataclass
class Person:
    """A caller of tools without a model: answers questions as told, and keeps what was asked and recorded."""

    house: House
    workspace_id: str = "ws_1"
    actor: Actor = field(default_factory=lambda: Actor("assistant", "cht_test"))
    perspective_id: str | None = None
    tainted: bool = False
    answer: Mapping[str, Any] | None = None
    asked: list[Question] = field(default_factory=list)
    recorded: list[ChangeView] = field(default_factory=list)

    async def ask(self, question: Question) -> Mapping[str, Any]:
        self.asked.append(question)
        assert self.answer is not None, f"not to be asked: {question.title}"
        return self.answer

    def record(self, change: ChangeView) -> None:
        self.recorded.append(change)

    async def run(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        return await toolbox(self.house.services).run(name, self, arguments)


@pytest.fixture
def person(house: House) -> Person:
    return Person(house)
