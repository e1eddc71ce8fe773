"""The guided model: a LangChain chat model with no weights."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic_core import to_json

from agent.guided.dialogue import converse
from agent.guided.memory import Memory, Turn, read_system, turns_of
from agent.guided.script import Call, Reply, Result

_REPLAYED_TURNS = 6
_MAX_CALLS = 24
_PIECE = re.compile(r"\S+\s*|\s+")


class GuidedModel(BaseChatModel):
    """Decides from the message list and the bound tools alone; the same messages always give the same decision."""

    @property
    def _llm_type(self) -> str:
        return "hookwright-guided"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the tools that may be called; only their names matter here."""
        del tool_choice
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def decision(self, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Call | Reply:
        """Decide what comes next; `tools` are function definitions (`name`, `description`, `parameters`)."""
        return decide(messages, frozenset(str(tool["name"]) for tool in tools))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager
        return ChatResult(generations=[ChatGeneration(message=_message(self.decision(messages, _tools(kwargs))))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        del stop
        for chunk in _chunks(self.decision(messages, _tools(kwargs))):
            if run_manager and chunk.text:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del stop
        for chunk in _chunks(self.decision(messages, _tools(kwargs))):
            if run_manager and chunk.text:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def decide(messages: Sequence[BaseMessage], tools: frozenset[str]) -> Call | Reply:
    """Decide what comes next: a tool call, or the reply that ends the turn."""
    turns = turns_of(messages)
    memory = Memory()
    read_system(messages, memory)
    if not turns:
        return Reply("What would you like to do?", ("Set up a webhook", "List the webhooks", "Help"))
    replayed = len(turns) - 1 - _REPLAYED_TURNS
    for memory.turn, turn in enumerate(turns[:-1]):
        (_take_in if memory.turn < replayed else _play_again)(turn, memory)
    memory.turn = len(turns) - 1
    return _offered(_play(turns[-1], memory)[0], tools)


def _take_in(turn: Turn, memory: Memory) -> None:
    for call, result in turn.exchanges:
        memory.learn(call, result)


def _play(turn: Turn, memory: Memory) -> tuple[Call | Reply, int]:
    """Play the script of a turn against its results, up to the first call that has none; tell how many it used."""
    script = converse(turn.text, memory)
    answer: Result | None = None
    for place in range(_MAX_CALLS):
        try:
            call = script.send(answer) if answer is not None else next(script)
        except StopIteration as end:
            return end.value, place
        if place >= len(turn.exchanges):
            return call, place
        made, answer = turn.exchanges[place]
        if made.name != call.name:
            return Reply(
                "I lost the thread of this request, so I stopped here. Please say what is still to be done."
            ), place
    return Reply(
        "That is more than I can do in one go, so I stopped here. Please say what is still to be done."
    ), _MAX_CALLS


def _play_again(turn: Turn, memory: Memory) -> None:
    """Play an earlier turn for what it leaves behind: what was learned, asked, and spoken of last."""
    outcome, used = _play(turn, memory)
    for call, result in turn.exchanges[used:]:
        memory.learn(call, result)
    memory.question = outcome.question if isinstance(outcome, Reply) else None
    if isinstance(outcome, Reply) and outcome.focus:
        memory.focus = "" if outcome.focus == "-" else outcome.focus
    if isinstance(outcome, Reply) and outcome.listed:
        memory.shown = outcome.listed


def _offered(outcome: Call | Reply, tools: frozenset[str]) -> Call | Reply:
    if isinstance(outcome, Call) and outcome.name not in tools:
        return Reply(
            "I cannot do that in this conversation: the tool for it is not available here. Nothing was changed."
        )
    return outcome


def _tools(kwargs: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(tool["function"]) for tool in kwargs.get("tools") or () if "function" in tool]


def _message(outcome: Call | Reply) -> AIMessage:
    if isinstance(outcome, Call):
        return AIMessage("", tool_calls=[{"name": outcome.name, "args": outcome.arguments, "id": _call_id()}])
    return AIMessage(outcome.text, additional_kwargs=_extras(outcome))


def _extras(reply: Reply) -> dict[str, Any]:
    return {"suggestions": list(reply.suggestions)} if reply.suggestions else {}


def _chunks(outcome: Call | Reply) -> Iterator[ChatGenerationChunk]:
    """Give a decision in pieces: words, or the parts of a tool call; the last piece carries the suggestions."""
    identifier = f"msg-{uuid4()}"
    if isinstance(outcome, Call):
        arguments = to_json(outcome.arguments).decode()
        parts = [
            tool_call_chunk(name=outcome.name, args="", id=_call_id(), index=0),
            tool_call_chunk(name=None, args=arguments, id=None, index=0),
        ]
        pieces = [AIMessageChunk(content="", id=identifier, tool_call_chunks=[part]) for part in parts]
    else:
        pieces = [AIMessageChunk(content=piece, id=identifier) for piece in _PIECE.findall(outcome.text)]
    extras = _extras(outcome) if isinstance(outcome, Reply) else {}
    pieces.append(AIMessageChunk(content="", id=identifier, additional_kwargs=extras, chunk_position="last"))
    return (ChatGenerationChunk(message=piece) for piece in pieces)


def _call_id() -> str:
    return f"call_{uuid4().hex}"


__all__ = ["GuidedModel", "decide"]
