"""Drives the agent through one turn, and gathers what came of it.

Everything here imports LangChain; `agent.turn` brings it in when the first message arrives.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, SystemMessage
from langgraph.errors import GraphRecursionError
from langgraph.types import Command

from agent.calls import ASKED_AT, DIGEST, TurnContext, holds_untrusted
from agent.checkpoint import TurnSaver
from agent.events import Changed, Interrupted, Said, Suggested, TurnEvent, public_request
from agent.graph import STEP_LIMIT, Graph, Graphs
from agent.honesty import MAX_MODEL_CALLS, STOPPED
from agent.memory import deeds, recall, slips, this_turn
from agent.model import close_model, explain, is_guided, session_model
from agent.narrator import Narrator
from agent.persona import Persona
from rules.actor import Actor
from rules.errors import HookwrightError, Unavailable
from rules.ids import new_id
from store.conversations import Entry
from tools.toolbox import Result, closed, declined

_log = logging.getLogger(__name__)

_AFTER_CHANGE = ["Send a test", "Undo that"]


@dataclass(frozen=True, slots=True)
class Task:
    """What to put into the graph, and what the tools should know of the turns before."""

    graph_input: Any
    checkpoint: bytes | None = None
    done: set[str] = field(default_factory=set)
    done_before: set[str] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)
    refusals: dict[str, Result] = field(default_factory=dict)
    slips: Counter[str] = field(default_factory=Counter)
    tainted: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of a turn: what to store, what to say last, and the error if it failed with nothing done."""

    entries: list[Entry] = field(default_factory=list)
    interruption: dict[str, Any] | None = None
    last_events: list[TurnEvent] = field(default_factory=list)
    error: HookwrightError | None = None


class Engine:
    """The model, and the agents that are compiled around it."""

    def __init__(self, model: BaseChatModel, *, time_limit: timedelta) -> None:
        self._model = model
        self._session_model = session_model(model)
        self._guided = is_guided(model)
        self._saver = TurnSaver()
        self._graphs = Graphs(self._saver)
        self._time_limit = time_limit

    async def aclose(self) -> None:
        """Close the model's connections."""
        await close_model(self._model)

    def prepare(self, persona: Persona) -> Graph:
        """Return the agent that answers for a persona, compiled if it is not there yet."""
        model = self._model if persona.session_id is None else self._session_model
        return self._graphs.of(model, persona.toolbox)

    def message(self, prompt: str, entries: Sequence[Entry]) -> Task:
        """Prepare a turn that begins with the last of `entries`, the person's message.

        What an earlier turn took in from outside is read again by a language model, so its turns stay tainted; guided
        mode takes no instruction from it.
        """
        messages = [SystemMessage(prompt), *recall(entries, guided=self._guided)]
        results = (entry.body["result"] for entry in entries if entry.role == "tool")
        tainted = not self._guided and any(holds_untrusted(result) for result in results)
        return Task({"messages": messages}, done_before=deeds(entries), tainted=tainted)

    def answer(
        self, checkpoint: bytes, request: Mapping[str, Any], value: Mapping[str, Any], entries: Sequence[Entry]
    ) -> Task:
        """Prepare the rest of a turn whose question has been answered with `value`."""
        turn = this_turn(entries)
        calls = {call["id"] for entry in turn for call in entry.body.get("tool_calls", ())}
        return Task(
            Command(resume={request["_graph_id"]: {**value, DIGEST: request[DIGEST], ASKED_AT: request[ASKED_AT]}}),
            checkpoint,
            done=deeds(turn),
            done_before=deeds(entries),
            announced=calls,
            refusals=_refusals(request, value),
            slips=slips(turn),
            tainted=request["_tainted"],
        )

    async def run(
        self,
        task: Task,
        *,
        run_id: str,
        persona: Persona,
        conversation: Any,
        actor: Actor,
        emit: Callable[[TurnEvent], None],
        alone: bool,
    ) -> Outcome:
        """Run the turn to its end, its question or its failure; never raises for what the model or a tool does.

        A cancellation ends the turn as a failure does: what was said and done until then is to be stored.

        Args:
            task: What `message` or `answer` made.
            run_id: Names the turn.
            persona: Who answers.
            conversation: The conversation's row.
            actor: Who changes are recorded for.
            emit: Called with each event as it happens.
            alone: Whether no person wrote the message (Fix it), so that every change needs approval.

        """
        turn = _Turn(emit, self._context(task, persona, conversation, actor, alone=alone))
        try:
            await self._play(turn, task, persona, run_id)
        except asyncio.CancelledError:
            turn.fail(Unavailable("The server was stopped before the assistant came to an end. Please try again."))
        except Exception as error:  # noqa: BLE001 - whatever it is, the turn is stored and the person is told
            turn.fail(error)
        finally:
            self._saver.forget(run_id)
        turn.suggest()
        return turn.outcome

    def _context(self, task: Task, persona: Persona, conversation: Any, actor: Actor, *, alone: bool) -> TurnContext:
        return TurnContext(
            conversation.workspace_id,
            actor,
            conversation.perspective_id,
            persona.toolbox,
            in_session=persona.session_id is not None,
            done=task.done,
            done_before=task.done_before,
            announced=task.announced,
            guided=self._guided,
            tainted=alone or task.tainted,
            refusals=task.refusals,
            slips=task.slips,
        )

    async def _play(self, turn: "_Turn", task: Task, persona: Persona, run_id: str) -> None:
        """Run the graph to the turn's end or its question, within the time limit."""
        if task.checkpoint is not None:
            self._saver.thaw(run_id, task.checkpoint)
        async with asyncio.timeout(self._time_limit.total_seconds()):
            await _stream(self.prepare(persona), task, run_id, turn)
        if turn.question is not None:
            turn.freeze(self._saver.freeze(run_id))


async def _stream(graph: Graph, task: Task, run_id: str, turn: "_Turn") -> None:
    parts = graph.astream(
        task.graph_input,
        {"configurable": {"thread_id": run_id}, "recursion_limit": STEP_LIMIT},
        context=turn.context,
        stream_mode=["messages", "custom", "updates"],
        durability="exit",
        version="v2",
    )
    async for part in parts:
        turn.take(part["type"], part["data"])


_SORRY = "Something went wrong on our side, so I could not finish."
"""To a company's customer, who has no part in settings and model endpoints; its log has the whole story."""


class _Turn:
    """Sorts what the graph streams into events for the person and entries for the transcript."""

    def __init__(self, emit: Callable[[TurnEvent], None], context: TurnContext) -> None:
        self.context = context
        self.outcome = Outcome(context.entries)
        self.question: tuple[str, dict[str, Any]] | None = None
        self._emit = emit
        self._narrator = Narrator((lambda _: False) if context.guided else lambda text: context.doubt(text) is not None)
        self._suggestions: list[str] = []
        self._changed = False

    def take(self, kind: str, data: Any) -> None:
        """Take in one part of the graph's stream."""
        if kind == "messages":
            chunk, metadata = data
            if isinstance(chunk, AIMessageChunk) and metadata.get("langgraph_node") == "model":
                self._say(self._narrator.hear(chunk.id or "", chunk.text))
        elif kind == "custom":
            self._take_own(data)
        elif data.get("__interrupt__"):
            question = data["__interrupt__"][0]
            self.question = (question.id, question.value)

    def _take_own(self, event: Any) -> None:
        if isinstance(event, AIMessage):
            self._say(self._narrator.settle(event.text))
            self._suggestions = list(event.additional_kwargs.get("suggestions", ()))
        else:
            self._changed = self._changed or isinstance(event, Changed)
            self._emit(event)

    def _say(self, said: Sequence[Said]) -> None:
        for event in said:
            self._emit(event)

    def freeze(self, checkpoint: bytes) -> None:
        """Keep the question that the turn stopped at."""
        if self.question is None:
            return
        graph_id, request = self.question
        interrupt_id = new_id("int")
        call_id = self.context.waiting
        self.outcome.interruption = {
            "id": interrupt_id,
            "request": {**request, "_graph_id": graph_id, "_call_id": call_id, "_tainted": self.context.tainted},
            "checkpoint": checkpoint,
        }
        self.outcome.last_events.append(Interrupted(public_request(interrupt_id, request), call_id))

    def suggest(self) -> None:
        """Offer what the model suggested, or what people usually do after a change."""
        if self.question is not None or self.outcome.error is not None:
            return
        suggestions = self._suggestions or (_AFTER_CHANGE if self._changed else [])
        if suggestions:
            self.outcome.last_events.append(Suggested(suggestions))

    def fail(self, error: Exception) -> None:
        """Explain a failure: as the reply when something was done before it, else as the request's error."""
        if isinstance(error, GraphRecursionError):
            self._conclude(STOPPED.format(count=MAX_MODEL_CALLS))
            return
        explained = error if isinstance(error, HookwrightError) else explain(error)
        if explained is None:
            _log.error("A turn failed", exc_info=error)
            explained = Unavailable("The assistant failed because of an internal error. Your message is kept.")
        if any(entry.role == "tool" for entry in self.outcome.entries):
            reason = _SORRY if self.context.in_session else explained.detail
            self._conclude(f"{reason} What was done before that is shown above, and stays done.")
        else:
            self.outcome.entries.append(Entry("note", {"text": explained.detail}))
            self.outcome.error = explained

    def _conclude(self, text: str) -> None:
        self.outcome.entries.append(Entry("assistant", {"text": text, "tool_calls": []}))
        self._say(self._narrator.settle(text))


def _refusals(request: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Result]:
    """Return the result of a call that was refused: its tool is not run again, whatever it would ask by now."""
    if request["kind"] == "approval" and value.get("approved") is not True:
        return {request["_call_id"]: declined(value.get("note"))}
    return {request["_call_id"]: closed()} if value.get("cancelled") else {}
