"""Outcomes: what is said, and what is asked, when a call has its result."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.guided.script import Call, Reply
from agent.guided_calls.asking import question
from agent.guided_calls.draft import Draft, draft_of_call, place
from agent.guided_calls.gathering import ask
from agent.guided_calls.outside import told
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.reporting import report, succeeded
from agent.guided_calls.state import State


def after(state: State, call: Call, result: Mapping[str, Any]) -> Reply:
    """Tell what a call brought; when its arguments were refused, ask for the one that was."""
    trigger = state.trigger(call.name)
    if trigger is None:
        return Reply("That is not something that I can do here.")
    made = draft_of_call(trigger, call.arguments)
    draft = replace(state.draft, asked="") if state.draft and state.draft.trigger is trigger else made
    state.draft = None
    refused = _refused(draft, result)
    if refused is not None:
        parameter, message = refused
        return ask(state, draft.without(parameter.field), parameter, f"{message} {question(parameter)}")
    state.last, state.failed = draft, not succeeded(result)
    text = report(result, trigger, call.arguments)
    if draft.reused and succeeded(result):
        text += f" {_mention(draft)}"
    return _back(state, Reply(text, ("Try again",) if result.get("retryable") is True else ()))


def _back(state: State, reply: Reply) -> Reply:
    """Return to the question that another request came between."""
    shelved, state.shelved = state.shelved, None
    parameter = shelved.trigger.parameter(shelved.asked) if shelved else None
    if shelved is None or parameter is None:
        return reply
    asked = ask(state, shelved, parameter, question(parameter))
    return Reply(f"{reply.text}\nBack to what we were doing ({shelved.trigger.words}): {asked.text}", asked.suggestions)


def _mention(draft: Draft) -> str:
    used = [one for one in draft.trigger.parameters if one.field in draft.reused]
    listed = ", ".join(f"{one.spoken} {told(draft.values[one.field], 80)}" for one in used)
    return f"(I used what you gave me earlier: {listed}.)"


def _refused(draft: Draft, result: Mapping[str, Any]) -> tuple[Parameter, str] | None:
    """Find the argument that the server refused, and why; its message is not written for the person alone."""
    errors = result.get("errors") if result.get("ok") is False else None
    for error in errors if isinstance(errors, list) else ():
        name = str(error.get("field", "")) if isinstance(error, Mapping) else ""
        one = place(draft.trigger, name.removeprefix("arguments").lstrip("."))
        if one is not None:
            message = told(error.get("message") or "", 200) or "was not accepted"
            return one, _sentence(f"{one.spoken} {message}" if message.startswith(("must", "is ", "was ")) else message)
    return None


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
