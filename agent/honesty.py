"""Watches what the model says: no claim of a deed that no tool result stands behind, and no endless loops."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import get_runtime

from agent.calls import TurnContext
from rules.ids import new_id
from rules.surrogates import mended
from store.conversations import Entry

MAX_MODEL_CALLS = 12

_CORRECTION = (
    "[From the system, not from the person] Your draft says {sentence!r}, but no tool call in this turn did that. "
    "Do not repeat the claim. If it should be done, call the tool now; otherwise tell the person plainly that it has "
    "not been done."
)
_SESSION_CORRECTION = (
    "[From the system, not from the person] Your draft says {sentence!r}, but no tool call in this turn did that. "
    "If an earlier one did, say that it was done earlier, and do not do it again. Otherwise do not repeat the claim: "
    "call the tool now if it should be done, or tell the person plainly that it has not been done."
)
HONEST = (
    "I have not changed anything: no tool call did what I was about to tell you. Please say again what you would like."
)
HONEST_IN_SESSION = (
    "I have not done that just now; what was done earlier stands. Please say again what you would like me to do."
)
NO_ANSWER = "I did not come to an answer. Please put it in other words."
STOPPED = (
    "I stopped after {count} steps without coming to an end, so that this does not go on for ever. "
    "Please tell me in a smaller step what to do next."
)


class Honesty(AgentMiddleware[AgentState[Any], TurnContext, Any]):
    """Checks each answer of the model before it becomes part of the conversation."""

    async def awrap_model_call(
        self,
        request: ModelRequest[TurnContext],
        handler: Callable[[ModelRequest[TurnContext]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Ask the model; when it claims what was not done, tell it so once, and then say so in its place."""
        turn = get_runtime(TurnContext).context
        answer = await self._ask(request, handler, turn)
        turn.entries.append(_entry(answer))
        request.runtime.stream_writer(answer)
        return ModelResponse(result=[answer])

    async def _ask(
        self,
        request: ModelRequest[TurnContext],
        handler: Callable[[ModelRequest[TurnContext]], Awaitable[ModelResponse[Any]]],
        turn: TurnContext,
    ) -> AIMessage:
        if _calls_so_far(request.messages) >= MAX_MODEL_CALLS:
            return AIMessage(STOPPED.format(count=MAX_MODEL_CALLS))
        answer = _tidy(_answer(await handler(request)), turn)
        sentence = None if turn.guided else turn.doubt(answer.text)
        if sentence is None or answer.tool_calls:
            return answer if sentence is None else _silenced(answer, "")
        words = _SESSION_CORRECTION if turn.in_session else _CORRECTION
        correction = HumanMessage(words.format(sentence=sentence))
        retry = request.override(messages=[*request.messages, answer, correction])
        answer = _tidy(_answer(await handler(retry)), turn)
        if turn.doubt(answer.text) is None:
            return answer
        honest = HONEST_IN_SESSION if turn.in_session else HONEST
        return _silenced(answer, "" if answer.tool_calls else honest)


def _tidy(answer: AIMessage, turn: TurnContext) -> AIMessage:
    """Mend what some endpoints get wrong: arguments that are not JSON, half characters, repeated ids, no answer."""
    broken = [
        {
            "name": call["name"] or "",
            "args": {"not_json": (call["args"] or "")[:200]},
            "id": call["id"],
            "type": "tool_call",
        }
        for call in answer.invalid_tool_calls
    ]
    calls: list[dict[str, Any]] = [mended(dict(call)) for call in (*answer.tool_calls, *broken)]
    if answer.response_metadata.get("finish_reason") == "length":
        # LangChain completes arguments that were cut off, and half an argument can mean the opposite of the whole.
        calls = [{**call, "args": {"cut_off": "the answer reached the length limit"}} for call in calls]
    seen = set(turn.announced)
    for call in calls:
        if not call["id"] or call["id"] in seen:
            call["id"] = new_id("call")
        seen.add(call["id"])
    if not calls and not answer.text.strip():
        return _silenced(answer, NO_ANSWER)
    return answer.model_copy(update={"content": mended(answer.content), "tool_calls": calls, "invalid_tool_calls": []})


def _silenced(answer: AIMessage, text: str) -> AIMessage:
    return answer.model_copy(update={"content": text})


def _entry(answer: AIMessage) -> Entry:
    calls = [{"id": call["id"], "name": call["name"], "arguments": call["args"]} for call in answer.tool_calls]
    body: dict[str, Any] = {"text": answer.text, "tool_calls": calls}
    if suggestions := answer.additional_kwargs.get("suggestions"):
        body["suggestions"] = list(suggestions)
    return Entry("assistant", body)


def _answer(response: ModelResponse[Any]) -> AIMessage:
    answer = response.result[0]
    return answer if isinstance(answer, AIMessage) else AIMessage("")


def _calls_so_far(messages: Sequence[AnyMessage]) -> int:
    count = 0
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        count += isinstance(message, AIMessage)
    return count
