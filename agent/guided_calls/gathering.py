"""Gathering: from a request to a call, with one question at a time for what is missing or not clear."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.guided.script import Call, Reply
from agent.guided_calls.asking import (
    MOST_SUGGESTIONS,
    complaint,
    deed_of,
    either,
    options_of,
    question,
    spoken,
)
from agent.guided_calls.draft import CONFIRMATION, Draft
from agent.guided_calls.filling import Filled, fill
from agent.guided_calls.moods import unsure
from agent.guided_calls.outside import told
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.state import State
from agent.guided_calls.triggers import Trigger

_NOT_FILLABLE = "I cannot put that request together from a chat: it needs something that I do not know how to ask for."
_TYPED_ID = frozenset({"id", "pattern"})


def begin(state: State, trigger: Trigger, text: str, *, doubtful: bool = False, unasked: bool = False) -> Call | Reply:
    """Begin a request from the message that asks for it; what was not asked for is confirmed in any case."""
    filled = fill(trigger, text, today=state.today)
    draft = Draft(trigger, dict(filled.values), doubtful=doubtful or unsure(text, trigger))
    earlier = {name: value for name, value in state.reusable(trigger, draft).items() if name not in filled.doubts}
    earlier = {name: value for name, value in earlier.items() if name not in filled.wrong}
    draft = replace(draft, values={**draft.values, **earlier}, reused=frozenset(earlier))
    risky = any(one.role in _TYPED_ID for one in trigger.parameters if one.field in earlier)
    draft = replace(draft, risky=unasked or (risky and not trigger.reads))
    return advance(state, draft, filled, first=True)


def advance(state: State, draft: Draft, filled: Filled | None = None, *, first: bool = False) -> Call | Reply:
    """Ask for the next thing that is missing, or make the call."""
    filled = filled or Filled()
    lead = f"{_offer(draft)} " if first else ""
    state.draft = draft
    for one in draft.trigger.parameters:
        if one.field in draft.left or one.field in draft.values:
            continue
        if one.field in filled.doubts:
            return ask(state, draft, one, _which(one, filled), options=filled.doubts[one.field])
        if one.field in filled.wrong:
            return ask(state, draft, one, f"{complaint(one, filled.wrong[one.field])} {question(one)}")
    missing = draft.missing()
    if missing:
        return ask(state, draft, missing[0], lead + question(missing[0]))
    return _checked(state, draft)


def _checked(state: State, draft: Draft) -> Call | Reply:
    """Make the call when the arguments are valid; never otherwise."""
    parameter, wrong = draft.fault()
    if wrong and (parameter is None or parameter.role == "object"):
        state.draft = None
        return Reply(_NOT_FILLABLE)
    if parameter is not None:
        typed = str(draft.values.get(parameter.field, ""))
        lead = f"{complaint(parameter, typed)} " if typed else ""
        return ask(state, draft.without(parameter.field), parameter, lead + question(parameter))
    if draft.risky or (draft.doubtful and not (draft.trigger.reads and draft.values)):
        state.draft = replace(draft, asked=CONFIRMATION)
        return Reply(f"Shall I {_intended(draft)}?", ("Yes, please", "No, thanks"))
    return Call(draft.trigger.name, draft.arguments())


def ask(
    state: State, draft: Draft, one: Parameter, text: str, options: tuple[Any, ...] = (), *, tries: int = 0
) -> Reply:
    """Ask for one parameter. Whoever answers wants the deed, so it need not be confirmed any more."""
    state.draft = replace(draft, asked=one.field, tries=tries, doubtful=False, options=options)
    offered = tuple(spoken(option) if one.choices else told(option, 80) for option in options)
    return Reply(text, offered[:MOST_SUGGESTIONS] or options_of(one))


def _which(one: Parameter, filled: Filled) -> str:
    options = [f"{spoken(value)}" if one.choices else told(value, 60) for value in filled.doubts[one.field]]
    return f"Which {one.spoken.removeprefix('the ').removeprefix('your ')} do you mean: {either(options)}?"


def _offer(draft: Draft) -> str:
    deed = deed_of(draft.trigger)
    earlier = _with(draft.trigger, {name: draft.values[name] for name in sorted(draft.reused)})
    return f"I can {deed[:1].lower()}{deed[1:]}{earlier}."


def _intended(draft: Draft) -> str:
    deed = deed_of(draft.trigger)
    return f"{deed[:1].lower()}{deed[1:]}{_with(draft.trigger, draft.values)}"


def _with(trigger: Trigger, values: Mapping[str, object]) -> str:
    shown = [(one, values[one.field]) for one in trigger.parameters if one.field in values]
    listed = ", ".join(
        f"{one.label}: {told(spoken(value), 60) if one.choices else told(value, 60)}" for one, value in shown
    )
    return f" ({listed})" if listed else ""
