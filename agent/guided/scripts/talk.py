"""Talk: answers that need no look at anything."""

from agent.guided.memory import Memory
from agent.guided.reading import Intent, Reading
from agent.guided.script import Reply
from agent.guided.topics import answer
from agent.guided.wording import label

_SOCIAL = {
    "greeting": "Hello. I set up, filter, test and repair your webhooks. What would you like to do?",
    "thanks": "You're welcome. Anything else?",
    "goodbye": "Goodbye. Your webhooks keep working.",
    "identity": "I am Hookwright's guided assistant: no language model, just rules that understand requests about webhooks. I act only on what I am sure of, and ask otherwise.",
    "help": 'I can set up webhooks ("set up a webhook on this perspective"), filter them ("only completed interviews with trust at least 70"), test them, say why one is failing and fix it, show deliveries and retry them, change URL, name, timeout or retries, and undo any change.',
    "apology": "No harm done. What would you like to do?",
    "complaint": "I am sorry about that. I can undo the last change, or you tell me again in other words.",
}
_OFFERS = {"complaint": ("Undo the last change", "Help"), "thanks": (), "goodbye": ()}
_START = ("Set up a webhook", "List the webhooks", "Is everything ok?")
_TOPIC_OFFERS: dict[str, tuple[str, ...]] = {
    "setup": ("Set up a webhook",),
    "authheader": ("Edit the URL or auth header",),
    "secret": ("Edit the URL or auth header",),
    "edit": ("Edit the URL or auth header",),
    "test": ("Run a test",),
    "trust": ("Only when trust is at least 70",),
    "filters": ("Only completed interviews", "Which tags are available?"),
}
_ADVICE = {
    "disable": "That is your decision: a disabled webhook keeps its settings and can be enabled again at any time, but events in the meantime are not sent.",
    "delete": "That is your decision: deleting stops the deliveries at once and can be undone from the change list; disabling keeps everything in place.",
}


def reply(reading: Reading, memory: Memory) -> Reply:
    """Answer a reading that carries nothing out."""
    intent = reading.intent
    if intent is Intent.SOCIAL:
        return Reply(_SOCIAL[reading.topic], _OFFERS.get(reading.topic, _START))
    if intent is Intent.TOPIC:
        return Reply(answer(reading.topic), _TOPIC_OFFERS.get(reading.topic, ()))
    if intent is Intent.ADVICE:
        return _advice(reading, memory)
    if intent is Intent.ROTATE:
        return Reply(answer("rotate"))
    if intent in {Intent.CANCEL, Intent.NO}:
        return left_alone(memory)
    if intent is Intent.NEGATED and reading.guess in {Intent.RETRY, Intent.REPLAY}:
        return Reply(
            "All right, I have not changed anything. Or should failed deliveries never be retried?",
            ("Set the retries to 0",),
        )
    if intent is Intent.NEGATED:
        return Reply("All right, I have not changed anything.")
    if intent is Intent.YES:
        return Reply("Nothing is waiting for an answer. What would you like to do?", _START)
    if reading.values.secret:
        return Reply(
            "Please keep secrets out of this chat: I have not used that value, and it is best replaced. A form takes it safely.",
            ("Edit the URL or auth header",),
        )
    if intent is Intent.REMARK:
        return Reply("Noted; I have not changed anything. Tell me if you want me to do something about it.", _START)
    return not_understood(reading)


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
    return Reply("That is outside of what I can do: I look after webhooks. I have done nothing.", _START)


def _advice(reading: Reading, memory: Memory) -> Reply:
    words = {token.norm for token in reading.clause.tokens}
    target = (
        label(memory.webhooks[memory.focus], list(memory.webhooks.values())) if memory.focus in memory.webhooks else ""
    )
    for verb, groups in (
        ("delete", {"delete", "remove", "drop", "deleting"}),
        ("disable", {"disable", "pause", "off", "stop", "disabling", "pausing"}),
    ):
        if words & groups:
            offers: tuple[str, ...] = (f"Disable {target}", f"Delete {target}") if target else ("List the webhooks",)
            return Reply(f"{_ADVICE[verb]} I have changed nothing.", offers)
    offers = (f"Show {target}", f"Diagnose {target}", f"Test {target}") if target else _START
    return Reply(
        "I have changed nothing. I can tell you how a webhook is doing, or do something when you say so plainly.",
        offers,
    )
