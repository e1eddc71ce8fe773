"""Replying: a message read against the question that was asked before it."""

from dataclasses import replace
from typing import Any

from agent.guided.script import Call, Reply
from agent.guided_calls import talk
from agent.guided_calls.answers import (
    Answer,
    asks_back,
    is_cancel,
    is_no,
    is_unknown,
    is_yes,
    picked,
    read_answer,
    without_lead,
)
from agent.guided_calls.asking import complaint, deed_of, question
from agent.guided_calls.draft import CONFIRMATION, Draft
from agent.guided_calls.filling import Filled, fill
from agent.guided_calls.gathering import advance, ask
from agent.guided_calls.lexicon import phrases, words
from agent.guided_calls.matching import matches, rivals
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.state import State
from agent.guided_calls.stems import content, plain
from agent.guided_calls.validity import fits
from agent.guided_calls.wording import first_words
from rules.typed_secrets import HIDDEN

DROPPED = "All right, I have dropped that. What else can I do for you?"
_LINES = frozenset({"text", "title", "query", "question"})
_PATIENCE = 2


def reply_to(state: State, draft: Draft, text: str, *, image: bool) -> Call | Reply | None:
    """Read a message as the answer to the draft's question; None when it is something else."""
    if draft.asked == CONFIRMATION:
        return _confirmed(state, draft, text, image=image)
    one = draft.trigger.parameter(draft.asked)
    if one is None:
        return None
    if is_cancel(text) and one.role != "boolean":
        return Reply(DROPPED)
    if asks_back(text, one):
        return _explained(state, draft, one)
    if is_unknown(text) and one.role != "boolean":
        return _unknown(state, draft, one)
    return _to_parameter(state, draft, one, text, image=image)


def _confirmed(state: State, draft: Draft, text: str, *, image: bool) -> Call | Reply | None:
    if is_yes(text):
        return advance(state, replace(draft, doubtful=False, risky=False, asked=""))
    if is_no(text):
        return Reply("All right, I have not done that. What else can I do for you?")
    if asks_back(text):
        return advance(state, replace(draft, asked=""))
    if _asks_for_another(state, draft, text, image=image):
        return None
    more = fill(draft.trigger, text, today=state.today, prose=False).values
    return advance(state, replace(draft, asked="", doubtful=True).given(more)) if more else None


def _to_parameter(state: State, draft: Draft, one: Parameter, text: str, *, image: bool) -> Call | Reply | None:
    answer = _answer(state, draft, one, text)
    bare = answer.found and not set(content(without_lead(text, one))) - set(content(str(answer.value)))
    another = _asks_for_another(state, draft, text, image=image)
    if another and not (bare and one.role not in _LINES) and _switches(one, text):
        return None
    if answer.doubts:
        return advance(state, replace(draft, tries=0), Filled(doubts={one.field: answer.doubts}))
    if answer.found:
        return advance(state, *_answered(state, draft, one, text, answer.value))
    more = fill(draft.trigger, text, today=state.today, known={one.field}, refused=draft.refused, prose=False).values
    if more:
        return advance(state, draft.given(more))
    return None if another else _repeated(state, draft, one, text, answer.wrong)


def _answer(state: State, draft: Draft, one: Parameter, text: str) -> Answer:
    """Read the answer, unless it is hardly one; who insists on a word means it."""
    chosen = picked(text, draft.options)
    if chosen is not None:
        return Answer(chosen)
    if (HIDDEN in text and one.role != "text") or (
        not one.choices and one.role != "boolean" and (is_yes(text) or talk.kind_of(text))
    ):
        return Answer(wrong=text)
    answer = read_answer(one, draft.trigger, text, state.today)
    if answer.found and answer.value in draft.refused.get(one.field, ()):
        return Answer(wrong=text)
    value = answer.value
    wordy = isinstance(value, str) and value == value.lower() and not any(char.isdigit() for char in value)
    return (
        Answer(wrong=text)
        if one.role == "id" and wordy and "pattern" not in one.schema and plain(text) != draft.typed
        else answer
    )


def _asks_for_another(state: State, draft: Draft, text: str, *, image: bool) -> bool:
    best = [one for one in rivals(matches(text, state.triggers, image=image)) if one.sure]
    return bool(best) and all(one.trigger is not draft.trigger for one in best)


def _switches(one: Parameter, text: str) -> bool:
    """Tell whether a message that names another deed is a request; a description may well name one."""
    if one.role not in _LINES | {"other"}:
        return True
    return text.rstrip().endswith("?") or plain(text).startswith((*sorted(words("asking")), *phrases("switching")))


def _answered(state: State, draft: Draft, one: Parameter, text: str, value: Any) -> tuple[Draft, Filled]:
    """Take in an answer, and what else it says ("1042, and my email is …")."""
    known = {*draft.values, one.field}
    if one.role in _LINES:
        more = fill(draft.trigger, text, today=state.today, known=known, refused=draft.refused, prose=False)
        own = fill(draft.trigger, text, today=state.today, known=draft.values, refused=draft.refused).values
        draft = draft.given({**more.values, one.field: own.get(one.field, value) if more.values else value})
        return draft.given(_title(draft, str(draft.values[one.field]))) if one.role == "text" else draft, Filled()
    rest = text.replace(str(value), " ", 1)
    draft = draft.given({one.field: value})
    if not content(rest) or (rest == text and one.role not in {"date", "time"}):
        return draft, Filled()
    more = fill(draft.trigger, rest, today=state.today, known=known, refused=draft.refused, prose=False)
    return draft.given(more.values), Filled()


def _title(draft: Draft, text: str) -> dict[str, Any]:
    """Give the title that a text needs: how it begins."""
    titles = [one for one in draft.missing() if one.role == "title"]
    short = first_words(text)
    return {one.field: short for one in titles if fits(draft.trigger.schema, one.schema, short)}


def _repeated(state: State, draft: Draft, one: Parameter, text: str, wrong: str) -> Reply:
    """Ask again, saying what is wrong; after a while offer to leave it."""
    tries = draft.tries + 1
    same = any(found.sure for found in matches(text, [draft.trigger]))
    said = talk.lead(talk.kind_of(text)) or ("" if same or is_yes(text) else complaint(one, wrong or text))
    if draft.options and plain(text) in words("several"):
        said = "One at a time, please."
    draft = replace(draft, typed=plain(text))
    reply = ask(state, draft, one, f"{said} {question(one)}".strip(), options=draft.options, tries=tries)
    if tries <= _PATIENCE:
        return reply
    text = f"{reply.text} If you would rather leave it, say “never mind”."
    return replace(reply, text=text, suggestions=(*reply.suggestions, "Never mind"))


def _explained(state: State, draft: Draft, one: Parameter) -> Reply:
    """Ask the same again, with what the answer is for."""
    deed = deed_of(draft.trigger)
    text = f"I need {one.spoken} to {deed[:1].lower()}{deed[1:]}. {question(one)}"
    return ask(state, draft, one, text, options=draft.options, tries=draft.tries)


def _unknown(state: State, draft: Draft, one: Parameter) -> Call | Reply:
    if not one.required:
        return advance(state, replace(draft, left=draft.left | {one.field}))
    deed = deed_of(draft.trigger)
    text = f"I cannot {deed[:1].lower()}{deed[1:]} without {one.spoken}. {question(one)}"
    reply = ask(state, draft, one, f"{text} Or say “never mind”.", tries=draft.tries + 1)
    return replace(reply, suggestions=(*reply.suggestions, "Never mind"))
