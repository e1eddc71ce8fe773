"""Talk: what is said when nothing is asked for, or nothing that can be done."""

from collections.abc import Sequence

from agent.guided.script import Reply
from agent.guided.tokens import tokenise
from agent.guided.topics import small_talk
from agent.guided_calls.answers import is_no, is_yes
from agent.guided_calls.asking import MOST_SUGGESTIONS, deed_of, either, request_of
from agent.guided_calls.candidates import find
from agent.guided_calls.page import Page
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.state import State
from agent.guided_calls.stems import plain
from agent.guided_calls.triggers import Trigger

_SHORT = 200
_FEW = 2
_ASKED = 3
_LEADS = {
    "greeting": "Hello!",
    "thanks": "You are welcome!",
    "goodbye": "Goodbye, and thank you!",
    "identity": "I am an automatic assistant.",
    "apology": "No problem.",
    "complaint": "I am sorry that this is not going well.",
}
_CLOSED = frozenset({"thanks", "goodbye", "apology"})
_PERSONAL = (Parameter(("email",), {"format": "email"}, required=False), Parameter(("name",), {}, required=False))


def kind_of(text: str) -> str:
    """Tell which kind of small talk a message is, if it is nothing else."""
    return small_talk(tokenise(text)) if 0 < len(text) < _SHORT else ""


def lead(kind: str) -> str:
    """Give the words that answer a kind of small talk."""
    return _LEADS.get(kind, "")


def chat(state: State, kind: str) -> Reply:
    """Answer small talk."""
    return Reply(lead(kind)) if kind in _CLOSED else capabilities(state, lead(kind))


def unmatched(state: State, text: str) -> Reply:
    """Answer a message that asks for nothing that can be done."""
    if any(find(Page(text), one, {}) for one in _PERSONAL):
        return Reply("Thank you, I will use that when I need it. What can I do for you?")
    if is_yes(text) or is_no(text) or not plain(text):
        return capabilities(state, "What would you like me to do?" if state.listed else "")
    return capabilities(state, "I am afraid that I cannot help with that.")


def capabilities(state: State, words: str) -> Reply:
    """Say what can be done, with messages that ask for it; the list is not told twice in a row."""
    some = state.triggers[:MOST_SUGGESTIONS]
    suggestions = tuple(request_of(one) for one in some)
    if not some:
        return Reply(f"{words} There is nothing that I can look up or do here yet.".strip())
    if state.listed and words:
        again = "" if words.endswith("?") else " Please choose one of the things above, or put it in other words."
        state.listing = True
        return Reply(words + again, suggestions)
    state.listing = True
    deeds = [deed_of(one) for one in some]
    if len(deeds) <= _FEW:
        listed = either([deed[:1].lower() + deed[1:] for deed in deeds])
        return Reply(f"{words} I can {listed}.".strip(), suggestions)
    more = "\n- and more" if len(state.triggers) > len(some) else ""
    return Reply(
        f"{words} This is what I can do:\n".lstrip() + "\n".join(f"- {deed}" for deed in deeds) + more, suggestions
    )


def which(state: State, found: Sequence[Trigger], text: str) -> Reply:
    """Ask which of a few deeds is meant."""
    some = found[:_ASKED]
    state.choice, state.choice_text = tuple(one.name for one in some), text
    listed = either([deed_of(one)[:1].lower() + deed_of(one)[1:] for one in some])
    return Reply(f"What shall I do: {listed}?", tuple(request_of(one) for one in some))
