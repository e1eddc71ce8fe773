"""Questions and remarks: what is asked or said about webhooks; nothing here ever acts."""

from agent.guided.clauses import Clause
from agent.guided.phrase import has, spans
from agent.guided.lexicon import words
from agent.guided.reading import Intent, Reading
from agent.guided.slots.page import Page
from agent.guided.slots.values import Contents, read_values
from agent.guided.topics import topic_of

_TROUBLE = words("trouble")
_SILENT = words("arriving")
_NEGATIVE = words("negative")
_PASS = words("passing")
_WELL = words("well")
_ASPECTS = words("aspects")


def read_question(clause: Clause) -> Reading:
    """Read a question."""
    page = Page(clause.tokens)
    found = read_values(page)
    words = [token.norm for token in clause.tokens]
    topic = topic_of(clause.tokens)
    intent = _intent(words, found, topic, clause)
    return Reading(intent, clause, found.values, found.mention, found.nouns, found.residue, topic=topic, doubts=())


def read_remark(clause: Clause) -> Reading:
    """Read something that is neither a command nor a question: a symptom, a topic, or a few words alone."""
    page = Page(clause.tokens)
    found = read_values(page)
    words = [token.norm for token in clause.tokens]
    topic = topic_of(clause.tokens)
    intent = _remark(words, found, topic)
    return Reading(intent, clause, found.values, found.mention, found.nouns, found.residue, topic=topic)


def _intent(words: list[str], found: Contents, topic: str, clause: Clause) -> Intent:
    said, first, nouns = set(words), words[0], found.nouns
    asks_how = words[:2] in (
        ["how", "do"],
        ["how", "to"],
        ["how", "can"],
        ["how", "does"],
        ["how", "would"],
        ["how", "should"],
    )
    about_one = found.mention.explicit or bool(found.residue) or "webhook" in nouns
    if "why" in said and "https" not in said and not found.values.url:
        return Intent.CHANGES if said & {"you", "changed"} and "did" in said else Intent.DIAGNOSE
    if (said & {"happens", "happen"} and topic) or (asks_how and topic) or (first in {"should", "shall"} and not topic):
        return Intent.TOPIC if topic else Intent.ADVICE
    if ("would" in said and said & _PASS and (found.values.filtering or said & {"filter", "filters"})) or (
        first in {"will", "does", "do", "would", "can", "could", "is"}
        and found.values.filtering
        and said & _PASS
        and not found.values.since
    ):
        return Intent.DRY_RUN
    if (
        said & {"set", "current", "currently", "its", "my", "this"}
        and nouns & _ASPECTS
        and topic in {"trust", "filters", "conditions", "retrying", "slow"}
    ):
        return Intent.SHOW
    if topic and not (topic in {"slow", "retrying"} and about_one and first in {"is", "why"}):
        return Intent.TOPIC
    if clause.mood == "hypothetical":
        return Intent.ADVICE
    return _about(words, found, about_one=about_one)


def _about(words: list[str], found: Contents, *, about_one: bool) -> Intent:
    said, first, nouns = set(words), words[0], found.nouns
    if (
        said & {"changed", "edited", "modified", "undone"}
        or ("change" in nouns and first in {"what", "which", "who", "any", "were", "are"})
        or ("did" in said and "you" in said)
    ):
        return Intent.CHANGES
    if (
        "tag" in nouns
        and not found.mention.explicit
        and (said & {"available", "there", "exist", "can", "use", "have", "possible", "are", "what", "which"})
        and not said & {"filter", "webhook", "hook", "it"}
    ):
        return Intent.TAGS
    if (
        ("event" in nouns or "sample" in nouns)
        and not found.mention.explicit
        and said & {"available", "there", "exist", "can", "are", "types", "type", "what", "which", "have"}
        and "webhook" not in nouns
        and not said & {"failed", "today", "delivered"}
    ):
        return Intent.EVENT_TYPES
    if (
        found.values.since
        or "delivery" in nouns
        or (
            said & {"failed", "delivered", "sent", "fired", "fire", "arrived", "received", "recent", "deliver"}
            and said & {"what", "did", "when", "which", "how", "anything", "last", "has", "have", "was"}
        )
    ):
        return Intent.DELIVERIES
    if (first in {"what", "whats"} and said & {"wrong", "matter", "problem", "broken", "error"} and about_one) or (
        "is" in said and "wrong" in said and found.mention.explicit
    ):
        return Intent.DIAGNOSE
    if (
        nouns & _ASPECTS
        and first in {"what", "which", "is", "does", "has", "where", "do", "how", "are", "have"}
        and (about_one or found.mention.explicit)
    ):
        return Intent.SHOW
    if "perspective" in nouns and "webhook" not in nouns and first in {"what", "which", "how", "are", "any", "is"}:
        return Intent.PERSPECTIVES
    if found.mention.state == "failing" and "what" in said:
        return Intent.DIAGNOSE
    if said & _WELL:
        return Intent.STATUS
    if nouns & _ASPECTS:
        return Intent.SHOW
    if "webhook" in nouns or said & {"hooks"}:
        return Intent.SHOW if found.mention.explicit else Intent.LIST
    if said & _SILENT:
        return Intent.STATUS
    return Intent.SHOW if found.mention.explicit and not found.residue else Intent.UNKNOWN


def _remark(words: list[str], found: Contents, topic: str) -> Intent:
    said, nouns = set(words), found.nouns
    if topic and topic not in {"delete", "disable", "enable"} and len(words) <= 12:
        return Intent.TOPIC
    if (said & _NEGATIVE and said & _SILENT) or (
        said & (_TROUBLE - {"down", "red"})
        and (found.mention.explicit or "webhook" in nouns or said & {"it", "something"})
    ):
        return Intent.DIAGNOSE
    if words[0] in {"it", "this", "that", "its", "they"} and not found.values.filtering:
        return Intent.REMARK
    return _lone(said, found)


def _lone(said: set[str], found: Contents) -> Intent:
    """Read a few words alone ("deliveries", "tags please", "the status") as a wish to see them."""
    if said & {"i", "we", "he", "she", "they", "you", "my"} - ({"my"} if len(said) <= 3 else set()):
        return Intent.REMARK
    table = (
        ("change", Intent.CHANGES),
        ("delivery", Intent.DELIVERIES),
        ("perspective", Intent.PERSPECTIVES),
        ("tag", Intent.TAGS),
        ("event", Intent.EVENT_TYPES),
    )
    for noun, intent in table:
        if noun in found.nouns and not found.residue and not found.values.filtering:
            return intent
    if said & {"status", "health", "stats", "statistics"}:
        return Intent.STATUS
    if "webhook" in found.nouns and not found.mention.explicit and not found.residue:
        return Intent.LIST
    return Intent.UNKNOWN


__all__ = ["has", "read_question", "read_remark", "spans"]
