"""Prints what the assistant itself costs per turn: an instant model, two model calls and one tool.

    python bench/turn.py [--turns 60] [--rounds 5]

Every turn is a whole one on a real SQLite file (WAL, synchronous FULL): the message and the reply are stored, the graph
runs, the tool reads webhooks. "fresh" is the first turn of a conversation; "200 turns" goes on in one that has had 200.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from sqlmodel import SQLModel

from agent.assistant import Assistant
from bench.figures import Figure, tell
from integrations.assistants import Assistants
from integrations.call_log import CallLog
from integrations.executor import Executor
from integrations.sessions import Sessions
from integrations.triggers import Triggers
from integrations.vault import Vault
from rules.actor import Actor
from rules.addresses import Policy
from rules.outcomes import Reply
from rules.webhook_spec import WebhookDraft
from store import conversation_tables, integration_tables, tables
from store.sealing import SealingBox
from store.session import Database
from tools.catalogue import toolbox
from tools.history import History
from tools.services import Services
from webhooks.columns import Columns
from webhooks.insights import Insights
from webhooks.perspectives import Perspectives
from webhooks.probe import Prober
from webhooks.registry import Registry
from webhooks.repair import Doctor
from webhooks.testing import Tester
from webhooks.wakeup import Wakeup

WORKSPACE = "ws_bench"
LONG = 200


class InstantModel(BaseChatModel):
    """Calls `list_webhooks`, and then reports in ten words."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "InstantModel":
        """Accept any tools."""
        del tools
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        del stop, run_manager
        return ChatResult(generations=[ChatGeneration(message=_answer(messages))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del stop, run_manager
        answer = _answer(messages)
        for word in answer.text.split():
            yield ChatGenerationChunk(message=AIMessageChunk(content=word + " "))
        last = AIMessageChunk(content="", tool_calls=answer.tool_calls, chunk_position="last")
        yield ChatGenerationChunk(message=last)


def _answer(messages: list[BaseMessage]) -> AIMessage:
    if isinstance(messages[-1], ToolMessage):
        return AIMessage("There is one webhook, CRM, and it is healthy.")
    return AIMessage("", tool_calls=[{"name": "list_webhooks", "args": {}, "id": f"call_{time.perf_counter_ns()}"}])


async def _refuse(*_: Any, **__: Any) -> Reply:
    raise AssertionError("the bench sends nothing")


async def _assistant(folder: Path) -> tuple[Assistant, Database]:
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    async with database.engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    workspace: Any = tables.Workspace.__table__  # type: ignore[attr-defined]
    async with database.write() as connection:
        await connection.execute(
            workspace.insert(), {"id": WORKSPACE, "name": "bench", "created_at": datetime.now(UTC)}
        )
    box, policy = SealingBox([Fernet.generate_key()]), Policy()
    registry = Registry(database, box, policy)
    draft = WebhookDraft(name="CRM", url="https://example.com/hook")
    await registry.create(WORKSPACE, draft, Actor("cli"))
    insights = Insights(database, Wakeup())
    assistants, triggers, vault = Assistants(database, box), Triggers(database, box), Vault(database, box)
    services = Services(
        registry=registry,
        perspectives=Perspectives(database),
        insights=insights,
        tester=Tester(database, Columns(box, policy), _refuse),
        doctor=Doctor(registry, insights, Prober(_refuse, policy), policy),
        assistants=assistants,
        triggers=triggers,
        vault=vault,
        sessions=Sessions(database),
        executor=Executor(database, vault, _refuse),
        history=History(registry, triggers, assistants),
        call_log=CallLog(database),
    )
    return Assistant(database, toolbox(services), InstantModel), database


async def _turn(assistant: Assistant, conversation_id: str | None) -> tuple[float, str]:
    started = time.perf_counter()
    async for event in await assistant.say(WORKSPACE, "how is CRM doing?", conversation_id=conversation_id):
        conversation_id = getattr(event, "conversation_id", conversation_id)
    return (time.perf_counter() - started) * 1000, str(conversation_id)


async def _measure(turns: int, rounds: int) -> tuple[list[list[float]], list[list[float]]]:
    fresh: list[list[float]] = []
    long: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        assistant, database = await _assistant(Path(folder))
        _, thread = await _turn(assistant, None)
        for _ in range(LONG):
            await _turn(assistant, thread)
        for _ in range(rounds):
            fresh.append([(await _turn(assistant, None))[0] for _ in range(turns)])
            long.append([(await _turn(assistant, thread))[0] for _ in range(turns)])
        await assistant.aclose()
        await database.close()
    return fresh, long


def _figure(name: str, samples: list[list[float]], goal: int) -> Figure:
    medians = [statistics.median(values) for values in samples]
    p95 = statistics.quantiles([value for values in samples for value in values], n=20)[-1]
    p50 = statistics.median(medians)
    got = f"p50 {p50:.1f} ms (rounds {min(medians):.1f} to {max(medians):.1f}), p95 {p95:.1f} ms"
    return Figure(f"assistant turn without the model, {name}", f"p50 < {goal} ms", got, met=p50 < goal)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60, help="turns per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    options = parser.parse_args()
    fresh, long = asyncio.run(_measure(options.turns, options.rounds))
    print(f"assistant turn, model time excluded: 2 model calls, 1 tool, {options.rounds} rounds of {options.turns}")
    tell([_figure("fresh", fresh, 15), _figure(f"{LONG} turns", long, 20)], as_json=options.json)


if __name__ == "__main__":
    _ = conversation_tables, integration_tables
    main()
