"""Dialogue: one turn of a session, from the message to a call, a question or a reply."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.guided.script import Call, Reply
from agent.guided.tokens import tokenise
from agent.guided.topics import small_talk
from agent.guided_calls.answers import is_again, is_cancel, is_no, is_unknown, is_yes, read_answer, without_lead
from agent.guided_calls.asking import MOST_SUGGESTIONS, complaint, deed_of, either, question
from agent.guided_calls.draft import CONFIRMATION, Draft, draft_of_call
from agent.guided_calls.filling import Filled, fill
from agent.guided_calls.gathering import advance, ask, begin
from agent.guided_calls.lexicon import phrases
from agent.guided_calls.matching import Match, matches, rivals
from agent.guided_calls.moods import wished
from agent.guided_calls.outside import told
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.reporting import report, succeeded
from agent.guided_calls.state import State
from agent.guided_calls.stems import content, plain
from agent.guided_calls.triggers import Trigger

_LONGEST = 4000
_LINES = frozenset({"text", "title", "query"})
_ASKING = (
    "where",
    "what",
    "when",
    "which",
    "how",
    "can you",
    "could you",
    "please",
    "i want to",
    "i need to",
    "i would like to",
)
_DROPPED = "All right, I have dropped that. What else can I do for you?"
_PATIENCE = 2
_TALK = {
    "greeting": "Hello!",
    "thanks": "You are welcome!",
    "goodbye": "Goodbye, and thank you!",
    "identity": "I am this shop's automatic assistant.",
    "apology": "No problem.",
    "complaint": "I am sorry that this is not going well.",
    "help": "",
}


def respond(state: State, text: str, *, image: bool = False) -> Call | Reply:
    """Answer a message."""
    text = text[:_LONGEST].strip()
    draft, state.draft = state.draft, None
    choice, state.choice = state.choice, ()
    if draft is not None:
        return _to_question(state, draft, text, image=image)
    if choice:
        chosen = _chosen(state, choice, text)
        if chosen is not None:
            return begin(state, chosen, state.choice_text)
        if is_cancel(text) or is_no(text):
            return Reply(_DROPPED)
    return _fresh(state, text, image=image)


def after(state: State, call: Call, result: Mapping[str, Any]) -> Reply:
    """Tell what a call brought; when its arguments were refused, ask for the one that was."""
    trigger = state.trigger(call.name)
    if trigger is None:
        return Reply("That is not something that I can do here.")
    made = draft_of_call(trigger, call.arguments)
    draft = replace(state.draft, asked="") if state.draft and state.draft.trigger is trigger else made
    state.draft = None
    refused = _refused_field(draft, result)
    if refused is not None:
        parameter, message = refused
        return ask(state, draft.without(parameter.field), parameter, f"{message} {question(parameter)}")
    state.last, state.failed = draft, not succeeded(result)
    text = report(result, trigger)
    if draft.reused and succeeded(result):
        text += " " + _mention(draft)
    return Reply(text, ("Try again",) if result.get("retryable") is True else ())


def _mention(draft: Draft) -> str:
    used = [one for one in draft.trigger.parameters if one.field in draft.reused]
    listed = ", ".join(f"{one.label} {told(draft.values[one.field], 80)}" for one in used)
    return f"(I used what you gave me earlier: {listed}.)"


def _refused_field(draft: Draft, result: Mapping[str, Any]) -> tuple[Parameter, str] | None:
    errors = result.get("errors") if result.get("ok") is False else None
    for error in errors if isinstance(errors, list) else ():
        name = str(error.get("field", "")) if isinstance(error, Mapping) else ""
        path = name.removeprefix("arguments").lstrip(".").replace("[", ".").replace("]", "")
        for one in draft.trigger.parameters:
            if path and (path == one.field or path.startswith(one.field + ".")):
                return one, _sentence(told(error.get("message") or "That was not accepted.", 200))
    return None


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def _to_question(state: State, draft: Draft, text: str, *, image: bool) -> Call | Reply:
    if draft.asked == CONFIRMATION:
        return _confirmed(state, draft, text, image=image)
    one = draft.trigger.parameter(draft.asked)
    if one is None or (is_cancel(text) and one.role != "boolean"):
        return Reply(_DROPPED)
    if is_unknown(text) and one.role != "boolean":
        return _unknown(state, draft, one)
    return _to_parameter(state, draft, one, text, image=image)


def _to_parameter(state: State, draft: Draft, one: Parameter, text: str, *, image: bool) -> Call | Reply:
    """Read a message as the answer to a question about a parameter, unless it is a new request."""
    other = _other_request(state, draft, text, image=image)
    answer = read_answer(one, draft.trigger, text, state.today)
    bare = answer.found and not set(content(without_lead(text, one))) - set(content(str(answer.value)))
    if other and not (bare and one.role not in _LINES) and _switches(one, text):
        return _matched(state, other, text)
    if answer.doubts:
        return advance(state, replace(draft, tries=0), Filled(doubts={one.field: answer.doubts}))
    if (
        answer.found
        and not _unlikely(one, draft, answer.value)
        and answer.value not in draft.refused.get(one.field, ())
    ):
        draft = draft.given({one.field: answer.value})
        return advance(state, *_with_more(state, draft, text, str(answer.value)))
    if other:
        return _matched(state, other, text)
    return _repeated(state, draft, one, answer.wrong or text)


def _with_more(state: State, draft: Draft, text: str, used: str) -> tuple[Draft, Filled]:
    """Take in what else an answer says ("1042, and my email is …")."""
    rest = text.replace(used, " ", 1)
    if len(content(rest)) < 1 or rest == text:
        return draft, Filled()
    more = fill(draft.trigger, rest, today=state.today, known=draft.values, refused=draft.refused, prose=False)
    return draft.given(more.values), Filled()


def _unlikely(one: Parameter, draft: Draft, value: Any) -> bool:
    """Tell whether a word is hardly an id; who says it twice means it."""
    wordy = isinstance(value, str) and value.islower() and value.isalpha()
    return one.role == "id" and wordy and draft.tries == 0 and "pattern" not in one.schema


def _repeated(state: State, draft: Draft, one: Parameter, typed: str) -> Reply:
    """Ask again, saying what is wrong; after a while offer to leave it."""
    tries = draft.tries + 1
    kind = small_talk(tokenise(typed)) if len(typed) < 200 else ""
    lead = _TALK.get(kind) or complaint(one, typed)
    if tries > _PATIENCE:
        reply = ask(
            state, draft, one, f"{lead} {question(one)} If you would rather leave it, say “never mind”.", tries=tries
        )
        return replace(reply, suggestions=(*reply.suggestions, "Never mind"))
    return ask(state, draft, one, f"{lead} {question(one)}", tries=tries)


def _unknown(state: State, draft: Draft, one: Parameter) -> Call | Reply:
    if not one.required:
        return advance(state, replace(draft, left=draft.left | {one.field}))
    deed = deed_of(draft.trigger)
    text = f"I cannot {deed[:1].lower()}{deed[1:]} without {one.spoken}. {question(one)}"
    reply = ask(state, draft, one, f"{text} Or say “never mind”.", tries=draft.tries + 1)
    return replace(reply, suggestions=(*reply.suggestions, "Never mind"))


def _confirmed(state: State, draft: Draft, text: str, *, image: bool) -> Call | Reply:
    if is_yes(text):
        return advance(state, replace(draft, doubtful=False, asked=""))
    if is_no(text):
        return Reply("All right, I have not done that. What else can I do for you?")
    found = matches(text, state.triggers, image=image)
    if found and found[0].sure:
        return _fresh(state, text, image=image)
    more = fill(draft.trigger, text, today=state.today, prose=False)
    if more.values:
        return advance(state, replace(draft, asked="").given(more.values))
    return _fresh(state, text, image=image)


def _other_request(state: State, draft: Draft, text: str, *, image: bool) -> list[Match]:
    found = matches(text, state.triggers, image=image)
    best = [one for one in rivals(found) if one.sure]
    return best if best and all(one.trigger is not draft.trigger for one in best) else []


def _switches(one: Parameter, text: str) -> bool:
    """Tell whether a message that names another deed is a request; a description may well name one."""
    if one.role not in _LINES | {"other"}:
        return True
    said = plain(text)
    return text.rstrip().endswith("?") or said.startswith((*_ASKING, *phrases("switching")))


def _chosen(state: State, choice: tuple[str, ...], text: str) -> Trigger | None:
    """Find which of the offered deeds a message picks: by its words, or by its place."""
    offered = [one for one in (state.trigger(name) for name in choice) if one]
    places = ("first", "second", "third", "fourth")
    said = set(plain(text).split())
    for place, one in enumerate(offered):
        if plain(text) == plain(deed_of(one)) or places[min(place, 3)] in said or plain(text) == str(place + 1):
            return one
    found = matches(text, offered)
    return found[0].trigger if found and len(rivals(found)) == 1 and len(content(text)) <= 6 else None


def _fresh(state: State, text: str, *, image: bool) -> Call | Reply:
    """Answer a message that answers no question."""
    found = matches(text, state.triggers, image=image)
    kind = small_talk(tokenise(text)) if len(text) < 200 else ""
    if state.last is not None and is_again(text):
        return advance(state, replace(state.last, doubtful=not (state.failed or state.last.trigger.reads)))
    if kind and not (found and found[0].score > 50):
        return _talk(state, kind)
    if not (found and found[0].sure):
        followed = _following(state, text)
        if followed is not None:
            return followed
    if not found:
        return _capabilities(state, "I did not find anything in that that I can do." if text else "")
    return _matched(state, rivals(found), text)


def _following(state: State, text: str) -> Call | Reply | None:
    """Read "and 1043?" as the last request with another value."""
    if state.last is None:
        return None
    trigger, rest = state.last.trigger, text
    leads = (*phrases("following"), *phrases("correcting"))
    lead = next((one for one in sorted(leads, key=len, reverse=True) if plain(text).startswith(one + " ")), "")
    rest = text.split(maxsplit=len(lead.split()))[-1] if lead else text
    values = fill(trigger, rest, today=state.today, prose=False).values
    needed = [one for one in trigger.parameters if one.required]
    if not values and lead and len(needed) == 1 and needed[0].role not in _LINES and len(content(rest)) <= 4:
        answer = read_answer(needed[0], trigger, rest.rstrip("?"), state.today)
        values = {needed[0].field: answer.value} if answer.found else {}
    left = set(content(rest)) - {word for value in values.values() for word in content(str(value))}
    if not values or (not lead and left) or len(left) > 3:
        return None
    draft = replace(state.last, reused=frozenset(), refused={}, asked="", doubtful=not trigger.reads)
    return advance(state, draft.given(values))


def _matched(state: State, found: list[Match], text: str) -> Call | Reply:
    if len(found) > 1:
        return _which(state, found, text)
    best = found[0]
    wish = wished(text, best.trigger)
    if wish != text:
        again = matches(wish, state.triggers)
        if not again:
            return Reply("All right, I will not do that.")
        best = again[0]
        text = wish
    return begin(state, best.trigger, text, doubtful=not best.sure)


def _which(state: State, found: list[Match], text: str) -> Reply:
    deeds = [deed_of(one.trigger) for one in found[:3]]
    state.choice, state.choice_text = tuple(one.trigger.name for one in found[:3]), text
    return Reply(f"Which do you mean: {either([deed[:1].lower() + deed[1:] for deed in deeds])}?", tuple(deeds))


def _talk(state: State, kind: str) -> Reply:
    if kind in {"thanks", "goodbye", "apology"}:
        return Reply(_TALK[kind])
    return _capabilities(state, _TALK.get(kind, ""))


def _capabilities(state: State, lead: str) -> Reply:
    """Say what can be done, as messages that can be sent."""
    deeds = [deed_of(one) for one in state.triggers]
    if not deeds:
        return Reply(f"{lead} I can chat, but there is nothing that I can look up or do here yet.".strip())
    listed = either([deed[:1].lower() + deed[1:] for deed in deeds[:MOST_SUGGESTIONS]])
    return Reply(f"{lead} I can {listed}.".strip(), tuple(deeds[:MOST_SUGGESTIONS]))
