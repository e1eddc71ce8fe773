"""Runs the tool calls of a turn, one after the other; no mistake of the model or of a tool ends the turn."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langgraph.config import get_stream_writer
from langgraph.errors import GraphBubbleUp, GraphInterrupt
from langgraph.runtime import get_runtime
from langgraph.types import Command, interrupt

from agent.claims import unbacked, unserved
from agent.events import Called, Changed, Returned
from rules.actor import Actor
from rules.changes import ChangeView
from store.conversations import Entry
from tools.toolbox import Question, Result, Toolbox, refused

_log = logging.getLogger(__name__)

DIGEST, ASKED_AT = "_digest", "_asked_at"
_MAX_RESULT_CHARACTERS = 30_000
"""More than a trigger's answer (20 000) with its directive: cut as text, it would no longer be fenced."""
_WENT_THROUGH = frozenset({"success", "too_large"})


@dataclass(slots=True)
class TurnContext:
    """What a turn's tools may see of the turn; it is never stored and never shown to the model."""

    workspace_id: str
    actor: Actor
    perspective_id: str | None
    toolbox: Toolbox
    in_session: bool = False
    entries: list[Entry] = field(default_factory=list)
    guided: bool = False
    waiting: str | None = None
    done: set[str] = field(default_factory=set)
    done_before: set[str] = field(default_factory=set)
    read: bool = False
    tainted: bool = False
    stopped: bool = False
    announced: set[str] = field(default_factory=set)
    refusals: dict[str, Result] = field(default_factory=dict)
    slips: Counter[str] = field(default_factory=Counter)
    order: asyncio.Lock = field(default_factory=asyncio.Lock)

    def doubt(self, text: str) -> str | None:
        """Return the first sentence of a draft that claims what was not done, or None."""
        if self.in_session:
            return unserved(text, acted=bool(self.done), before=bool(self.done_before), read=self.read)
        return unbacked(text, self.done, read=self.read, before=self.done_before)

    def note(self, name: str, result: Mapping[str, Any]) -> None:
        """Remember what a result means for the rest of the turn."""
        if succeeded(result):
            self.done.add(name)
        self.read = self.read or result.get("ok") is not False
        self.tainted = self.tainted or holds_untrusted(result)

    async def ask(self, question: Question) -> Mapping[str, Any]:
        """Stop the turn until a person has answered exactly this question.

        LangGraph runs the tool again from its top when the answer is there. The answer carries the digest of what was
        shown; if the facts have changed since, the person is asked again with the new ones.
        """
        while True:
            answer: Mapping[str, Any] = interrupt(_as_request(question))
            if answer.get(DIGEST) in {None, question.digest} or question.kind == "form":
                given = {key: value for key, value in answer.items() if not key.startswith("_")}
                return {**given, "asked_at": answer.get(ASKED_AT)}

    def record(self, change: ChangeView) -> None:
        """Show a recorded change in the reply."""
        get_stream_writer()(Changed(change.as_dict()))


class Calls(AgentMiddleware[AgentState[Any], TurnContext, Any]):
    """Runs every tool call through the toolbox.

    Calls of one model answer run in their order. When one waits for a person, those after it are not begun: they run
    after the answer. So "change the URL and test it" never tests the old URL. A call that a person has
    declined is not run again at all.
    """

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Run one call in place of LangChain's tool node, which would not forgive an unknown name."""
        del handler
        turn = get_runtime(TurnContext).context
        call = request.tool_call
        name, call_id = call["name"], str(call["id"])
        async with turn.order:
            if turn.stopped:
                raise GraphInterrupt
            turn.waiting = call_id
            if call_id not in turn.announced:
                turn.announced.add(call_id)
                request.runtime.stream_writer(Called(call_id, name, call["args"]))
            result = turn.refusals.get(call_id) or await self._run(turn, name, call["args"])
            turn.note(name, result)
            turn.entries.append(Entry("tool", {"call_id": call_id, "name": name, "result": result}))
            request.runtime.stream_writer(Returned(call_id, name, call["args"], result))
        return ToolMessage(content=render(result), name=name, tool_call_id=call_id)

    async def _run(self, turn: TurnContext, name: str, arguments: Mapping[str, Any]) -> Result:
        try:
            return await turn.toolbox.run(name, turn, arguments)
        except GraphBubbleUp:
            turn.stopped = True
            raise
        except Exception:  # noqa: BLE001 - a bug in one tool must not cost the person the whole conversation
            _log.exception("The tool %s failed", name)
            return refused(f"{name} failed because of an internal error. Nothing more is known; look before you claim.")


def succeeded(result: Mapping[str, Any]) -> bool:
    """Tell whether a tool did what its name says; a test that the endpoint failed was still made."""
    if result.get("accepted") is False or result.get("class", "success") not in _WENT_THROUGH:
        return False
    return (result.get("ok") is not False and result.get("changed") != []) or result.get("tested") is True


def render(result: Mapping[str, Any]) -> str:
    """Write a result as the model sees it, shortened when it is very long."""
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"), default=str)
    if len(text) <= _MAX_RESULT_CHARACTERS:
        return text
    short = {"truncated": True, "beginning": text[:_MAX_RESULT_CHARACTERS], "ok": result.get("ok", True)}
    return json.dumps(short, ensure_ascii=False)


def _as_request(question: Question) -> dict[str, Any]:
    request: dict[str, Any] = {"kind": question.kind, "title": question.title, "schema": question.schema}
    if question.form_kind is not None:
        request["form"] = question.form_kind
    if question.prefill is not None:
        request["prefill"] = question.prefill
    if question.diff is not None:
        request["diff"] = question.diff
    return {**request, DIGEST: question.digest, ASKED_AT: datetime.now(UTC).isoformat()}


def holds_untrusted(value: Any) -> bool:
    """Tell whether a tool's result carries something that came from outside."""
    if isinstance(value, Mapping):
        return bool(value.get("untrusted")) or any(holds_untrusted(item) for item in value.values())
    return isinstance(value, list) and any(holds_untrusted(item) for item in value)
