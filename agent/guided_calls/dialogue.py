"""Dialogue: one turn of a session, from the message to a call, a question or a reply."""

import re
from dataclasses import replace

from agent.guided.script import Call, Reply
from agent.guided_calls import talk
from agent.guided_calls.answers import asks_back, is_again, is_cancel, is_no, is_unknown, picked, read_answer
from agent.guided_calls.asking import deed_of, request_of
from agent.guided_calls.filling import fill
from agent.guided_calls.gathering import advance, begin
from agent.guided_calls.lexicon import phrases, words
from agent.guided_calls.matching import EXACT, Match, matches, rivals
from agent.guided_calls.moods import wished
from agent.guided_calls.replying import DROPPED, reply_to
from agent.guided_calls.state import State
from agent.guided_calls.stems import content, plain
from agent.guided_calls.triggers import Trigger

_LONGEST = 4000
_LINES = frozenset({"text", "title", "query", "question"})
_DROPPING = re.compile(
    r"^(?:(?:oh|ok|no),? )?(?:never ?mind|forget (?:it|that|about it)|drop (?:it|that)|leave it|scratch that)"
    r"[,.;:!]+ (?=\w)",
    re.IGNORECASE,
)
_VALUES = frozenset({"id", "pattern"})
_FEW_WORDS = 4
_CHOICE_WORDS = 6


def respond(state: State, text: str, *, image: bool = False) -> Call | Reply:
    """Answer a message."""
    text = tidy(text)
    draft, state.draft, state.shelved = state.draft, None, None
    choice, state.choice = state.choice, ()
    state.listed, state.listing = state.listing, False
    dropping = _DROPPING.match(text)
    if dropping:
        draft, text = None, text[dropping.end() :]
    if draft is not None:
        outcome = reply_to(state, draft, text, image=image)
        if outcome is not None:
            return outcome
        state.shelved = draft
    if choice and asks_back(text):
        return talk.which(state, [one for one in map(state.trigger, choice) if one], state.choice_text)
    chosen = _chosen(state, choice, text)
    if chosen is not None:
        return begin(state, chosen, state.choice_text)
    if choice and (is_cancel(text) or is_no(text)):
        return Reply(DROPPED)
    return _fresh(state, text, image=image)


def tidy(text: str) -> str:
    """Bring a message into the form that is read: not too long, no runs of blanks or of the same mark."""
    text = re.sub(r"[^\S\n]+", " ", text[:_LONGEST])
    text = re.sub(r"\s?\n[\s]*", "\n", text)
    return re.sub(r"([^\w\s])\1{3,}", r"\1\1\1", text).strip()


def _chosen(state: State, choice: tuple[str, ...], text: str) -> Trigger | None:
    """Find which of the offered deeds a message picks: by its words, or by its place."""
    offered = [one for one in (state.trigger(name) for name in choice) if one]
    by_place = picked(text, tuple(one.name for one in offered))
    if by_place is not None:
        return state.trigger(str(by_place))
    for one in offered:
        if plain(text) in {plain(deed_of(one)), plain(request_of(one))}:
            return one
    found = matches(text, offered)
    return found[0].trigger if len(rivals(found)) == 1 and len(content(text)) <= _CHOICE_WORDS else None


def _fresh(state: State, text: str, *, image: bool) -> Call | Reply:
    """Answer a message that answers no question."""
    found = matches(text, state.triggers, image=image)
    if state.last is not None and is_again(text):
        return advance(state, replace(state.last, doubtful=not (state.failed or state.last.trigger.reads)))
    if _takes_back(state, text):
        return Reply("That has already gone through, and I cannot take it back from here.")
    kind = talk.kind_of(text)
    if kind and not (found and found[0].score >= EXACT):
        return talk.chat(state, kind)
    if not (found and found[0].sure):
        followed = _following(state, text)
        if followed is not None:
            return followed
    if not found and plain(text):
        return _bare(state, text) or talk.unmatched(state, text)
    return _matched(state, rivals(found), text) if found else talk.unmatched(state, text)


def _takes_back(state: State, text: str) -> bool:
    done = state.last is not None and not state.failed and not state.last.trigger.reads
    return done and plain(text) in words("undo")


def _bare(state: State, text: str) -> Call | Reply | None:
    """Read a message that is nothing but a value ("1042") as a request for what needs only that."""
    fitting = []
    for one in state.triggers:
        needed = [each for each in one.parameters if each.required]
        values = fill(one, text, today=state.today, prose=False).values if len(needed) == 1 else {}
        said = {word for value in values.values() for word in content(str(value))}
        if values and needed[0].role in _VALUES and not set(content(text)) - said:
            fitting.append(one)
    if len(fitting) == 1:
        return begin(state, fitting[0], text, unasked=True)
    return talk.which(state, fitting, text) if fitting else None


def _following(state: State, text: str) -> Call | Reply | None:
    """Read "and 1043?" as the last request with another value."""
    if state.last is None or is_unknown(text):
        return None
    lead, rest = _without_lead(text)
    values = fill(state.last.trigger, rest, today=state.today, prose=False).values
    if not values and lead:
        values = _another_value(state, state.last.trigger, rest)
    left = set(content(rest)) - {word for value in values.values() for word in content(str(value))}
    if not values or (not lead and left) or len(left) >= _FEW_WORDS:
        return None
    doubtful = not state.last.trigger.reads
    draft = replace(state.last, reused=frozenset(), refused={}, asked="", doubtful=doubtful)
    return advance(state, draft.given(values))


def _without_lead(text: str) -> tuple[str, str]:
    leads = sorted((*phrases("following"), *phrases("correcting")), key=len, reverse=True)
    lead = next((one for one in leads if plain(text).startswith(one + " ")), "")
    return lead, text.split(maxsplit=len(lead.split()))[-1] if lead else text


def _another_value(state: State, trigger: Trigger, rest: str) -> dict[str, object]:
    """Read "what about London?" as another value of the one thing that the last request needed."""
    needed = [one for one in trigger.parameters if one.required]
    if len(needed) != 1 or needed[0].role in _LINES or not 0 < len(content(rest)) < _FEW_WORDS:
        return {}
    answer = read_answer(needed[0], trigger, rest.rstrip("?! "), state.today)
    wordy = needed[0].role == "id" and str(answer.value).isalpha()
    return {needed[0].field: answer.value} if answer.found and not wordy else {}


def _matched(state: State, found: list[Match], text: str) -> Call | Reply:
    """Begin the request that a message makes, or ask which it makes."""
    if len(found) > 1:
        return talk.which(state, [one.trigger for one in found], text)
    best = found[0]
    wish = wished(text, best.trigger)
    if wish != text:
        again = matches(wish, state.triggers)
        if not again:
            return Reply("All right, I will not do that.")
        best, text = again[0], wish
    return begin(state, best.trigger, text, doubtful=not best.sure)
