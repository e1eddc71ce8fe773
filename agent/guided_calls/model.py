"""The guided model of a session: it runs an assistant's triggers without a language model.

How to wire it: where `agent.model.choose_model` returns `GuidedModel()`, return `SessionModel()` for a session (for
example `choose_model(…, guided=SessionModel)`), and bind the triggers as OpenAI-style function tools, as `agent.graph`
does. It reads four things and nothing else: the bound tools (name, description, parameters); what the person typed,
from `HumanMessage`s (an image block in one counts as "an image was sent"); the calls and their results; and from the
system prompt today's date, when it says "Today is 2026-03-05" (with it "tomorrow" can be read, without it the person
is asked for the exact date). `is_guided` is true, so the checks that a language model needs are left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from agent.guided.memory import Turn, turns_of
from agent.guided.model import GuidedModel
from agent.guided.script import Call, Reply
from agent.guided_calls.dates import today_in
from agent.guided_calls.dialogue import respond, tidy
from agent.guided_calls.draft import draft_of_call
from agent.guided_calls.outcome import after
from agent.guided_calls.state import State
from agent.guided_calls.triggers import triggers_of

_REPLAYED_TURNS = 20


class SessionModel(GuidedModel):
    """Decides what a session's assistant says and calls, from the messages and the bound triggers alone."""

    @property
    def is_guided(self) -> bool:
        """Tell the graph that this model cannot claim what was not done."""
        return True

    @property
    def _llm_type(self) -> str:
        return "hookwright-guided-session"

    def decision(self, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Call | Reply:
        """Decide what comes next; `tools` are function definitions (`name`, `description`, `parameters`)."""
        return decide(messages, tools)


def decide(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Call | Reply:
    """Decide what comes next: a call of a trigger, or the reply that ends the turn."""
    system = "\n".join(str(message.text) for message in messages if isinstance(message, SystemMessage))
    state = State(triggers_of(tools), today_in(system))
    turns = turns_of(messages)
    images = [_has_image(message) for message in messages if isinstance(message, HumanMessage)]
    outcome: Call | Reply = respond(state, "") if not turns else Reply("")
    for turn, image in list(zip(turns, images, strict=True))[-_REPLAYED_TURNS:]:
        outcome = _play(state, turn, image=image)
    return outcome


def _play(state: State, turn: Turn, *, image: bool) -> Call | Reply:
    """Play a turn against the calls that were made in it; what was really called counts."""
    outcome = respond(state, turn.text, image=image)
    for made, result in turn.exchanges:
        if not isinstance(outcome, Call) or (outcome.name, outcome.arguments) != (made.name, made.arguments):
            trigger = state.trigger(made.name)
            state.draft = draft_of_call(trigger, made.arguments) if trigger else None
        outcome = after(state, made, result)
    if state.draft is not None:
        state.keep(state.draft)
    if state.last is not None:
        state.keep(state.last)
    state.said.append(tidy(turn.text))
    return outcome


def _has_image(message: HumanMessage) -> bool:
    content = message.content
    return isinstance(content, list) and any(
        isinstance(block, dict) and str(block.get("type", "")).startswith(("image", "input_image")) for block in content
    )
