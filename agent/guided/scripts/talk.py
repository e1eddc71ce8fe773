"""Talk: answers that need no look at anything."""

from agent.guided.lexicon import table
from agent.guided.memory import Memory
from agent.guided.reading import Intent, Reading
from agent.guided.script import Reply
from agent.guided.topics import answer
from agent.guided.wording import label

_START = ("Set up a webhook", "List the webhooks", "Is everything ok?")
_FORM = ("Edit the URL or auth header",)
_HEADER_FORM = ("Edit the auth header",)
_OFFERS: dict[str, tuple[str, ...]] = {"complaint": ("Undo the last change", "Help"), "thanks": (), "goodbye": ()}
_TOPIC_OFFERS: dict[str, tuple[str, ...]] = {
    "setup": ("Set up a webhook",),
    "authheader": _HEADER_FORM,
    "secret": _HEADER_FORM,
    "edit": _FORM,
    "test": ("Run a test",),
    "trust": ("Only when trust is at least 70",),
    "filters": ("Only completed interviews", "Which tags are available?"),
}
_WEIGHED = {
    "delete": {"delete", "remove", "drop", "deleting"},
    "disable": {"disable", "pause", "off", "stop", "disabling", "pausing"},
}


def reply(reading: Reading, memory: Memory) -> Reply:
    """Answer a reading that carries nothing out."""
    match reading.intent:
        case Intent.SOCIAL:
            return Reply(_said("social", reading.topic), _OFFERS.get(reading.topic, _START))
        case Intent.TOPIC:
            return Reply(answer(reading.topic), _TOPIC_OFFERS.get(reading.topic, ()))
        case Intent.ROTATE:
            return Reply(answer("rotate"))
        case Intent.ADVICE:
            return _advice(reading, memory)
        case Intent.CANCEL | Intent.NO:
            return left_alone(memory)
        case _:
            return _left(reading)


def _left(reading: Reading) -> Reply:
    """Answer what asks for nothing: a negation, a yes out of the blue, a remark."""
    if reading.values.secret:
        return Reply(_said("other", "secret"), _HEADER_FORM)
    if reading.intent is Intent.NEGATED:
        retries = reading.guess in {Intent.RETRY, Intent.REPLAY}
        return Reply(_said("negated", "retry" if retries else "plain"), ("Set the retries to 0",) if retries else ())
    if reading.intent in {Intent.YES, Intent.REMARK}:
        return Reply(_said("other", reading.intent.value), _START)
    return not_understood(reading)


def _said(part: str, key: str) -> str:
    return str(table("talk")[part][key])


def left_alone(memory: Memory | None = None) -> Reply:
    """Say that nothing was done, and how to take back what was done before."""
    if memory is not None and memory.changes:
        return Reply(
            "All right, I have done nothing more. To take back the last change, say “undo that”.", ("Undo that",)
        )
    return Reply("All right, I left everything as it was.")


def not_understood(reading: Reading | None = None) -> Reply:
    """Say what was not understood, and what can be asked for; off-topic requests end here too."""
    known = reading is not None and (reading.mention.explicit or reading.nouns or reading.values.filtering)
    if known:
        return Reply(
            "I am not sure what you would like me to do, so I have done nothing. Could you say it in other words?",
            ("List the webhooks", "Is everything ok?", "Help"),
        )
    return Reply("That is outside of what I can do: I look after webhooks and API calls. I have done nothing.", _START)


def _advice(reading: Reading, memory: Memory) -> Reply:
    words = {token.norm for token in reading.clause.tokens}
    target = (
        label(memory.webhooks[memory.focus], list(memory.webhooks.values())) if memory.focus in memory.webhooks else ""
    )
    for verb, groups in _WEIGHED.items():
        if words & groups:
            offers: tuple[str, ...] = (f"Disable {target}", f"Delete {target}") if target else ("List the webhooks",)
            return Reply(f"{_said('advice', verb)} I have changed nothing.", offers)
    offers = (f"Show {target}", f"Diagnose {target}", f"Test {target}") if target else _START
    return Reply(
        "I have changed nothing. I can tell you how a webhook is doing, or do something when you say so plainly.",
        offers,
    )
