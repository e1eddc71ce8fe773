"""A chat model that says what a test wants, and everything an assistant needs around it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

Step = AIMessage | Exception | Callable[[list[BaseMessage]], AIMessage]


def call(name: str, call_id: str | None = None, /, **arguments: Any) -> AIMessage:
    """An answer that calls one tool."""
    return calls((name, arguments), ids=[call_id or f"call_{name}"])


def calls(*wanted: tuple[str, dict[str, Any]], ids: Sequence[str] = ()) -> AIMessage:
    """An answer that calls several tools."""
    names = list(ids) or [f"call_{number}" for number in range(len(wanted))]
    return AIMessage("", tool_calls=[{"name": n, "args": a, "id": i} for (n, a), i in zip(wanted, names, strict=True)])


class ScriptedModel(BaseChatModel):
    """Gives its `script`, an answer a call; `seen` holds what it was asked. Streams word by word."""

    script: list[Any] = Field(default_factory=list)
    seen: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[Any] = Field(default_factory=list)
    gate: Any = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "ScriptedModel":  # type: ignore[override]
        self.tools[:] = tools
        return self

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        self.seen.append(list(messages))
        if not self.script:
            raise AssertionError(f"the script is over, but the model is asked after {messages[-1]!r}")
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step(messages) if callable(step) else step

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    async def _astream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        if self.gate is not None:
            await self.gate.wait()
        answer = self._next(messages)
        for word in re.findall(r"\S+\s*|\s+", answer.text):
            yield ChatGenerationChunk(message=AIMessageChunk(word))
            await asyncio.sleep(0)
        chunks = [
            tool_call_chunk(name=c["name"], args=_json(c["args"]), id=c["id"], index=i)
            for i, c in enumerate(answer.tool_calls)
        ]
        broken = [
            tool_call_chunk(name=c["name"], args=c["args"], id=c["id"], index=100 + i)
            for i, c in enumerate(answer.invalid_tool_calls)
        ]
        extra = answer.additional_kwargs
        last = AIMessageChunk("", tool_call_chunks=[*chunks, *broken], additional_kwargs=extra, chunk_position="last")
        last.response_metadata = answer.response_metadata
        yield ChatGenerationChunk(message=last)


def _json(value: Any) -> str:
    return json.dumps(value)


def database_url(folder: Path) -> str:
    """The URL of a new SQLite database."""
    return f"sqlite:///{folder / 'test.db'}"
