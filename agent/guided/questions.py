"""Questions and remarks: what is asked or said about webhooks; nothing here ever acts."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.guided.clauses import Clause
from agent.guided.lexicon import words
from agent.guided.moods import Mood
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


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, taken apart for the rules below."""

    first: str
    said: frozenset[str]
    found: Contents
    topic: str
    supposed: bool
    how: bool

    @property
    def nouns(self) -> frozenset[str]:
        """Give what the question is about."""
        return self.found.nouns

    @property
    def explicit(self) -> bool:
        """Tell whether it points at a webhook."""
        return self.found.mention.explicit

    @property
    def about_one(self) -> bool:
        """Tell whether it is about some webhook, not about webhooks as such."""
        return self.explicit or bool(self.found.residue) or "webhook" in self.nouns

    def says(self, *words: str) -> bool:
        """Tell whether one of the words is there."""
        return not self.said.isdisjoint(words)


_HOW = {"do", "to", "can", "does", "would", "should"}
_GENERAL = {"trust", "filters", "conditions", "retrying", "slow"}
_THERE = ("available", "there", "exist", "can", "use", "have", "possible", "are", "what", "which", "types", "type")
_WH = {"what", "which", "is", "does", "has", "where", "do", "how", "are", "have"}


def _would_it_pass(asked: Asked) -> bool:
    told = asked.found.values.filtering
    would = asked.says("would") and (told or asked.says("filter", "filters"))
    does = asked.first in {"will", "does", "do", "can", "could", "is"} and told and not asked.found.values.since
    return bool(asked.said & _PASS) and bool(would or does)


def _present_setting(asked: Asked) -> bool:
    now = asked.says("set", "current", "currently", "its", "my", "this")
    return (now or asked.explicit) and bool(asked.nouns & _ASPECTS) and asked.topic in _GENERAL


def _has_topic(asked: Asked) -> bool:
    one = asked.topic in {"slow", "retrying"} and asked.about_one and asked.first in {"is", "why"}
    return bool(asked.topic) and not one


def _changes(asked: Asked) -> bool:
    listed = "change" in asked.nouns and asked.first in {"what", "which", "who", "any", "were", "are"}
    return asked.says("changed", "edited", "modified", "undone") or listed or {"did", "you"} <= asked.said


def _tags(asked: Asked) -> bool:
    free = "tag" in asked.nouns and not asked.explicit
    return free and asked.says(*_THERE) and not asked.says("filter", "webhook", "hook", "it")


def _event_types(asked: Asked) -> bool:
    free = bool({"event", "sample"} & asked.nouns) and not asked.explicit and "webhook" not in asked.nouns
    return free and asked.says(*_THERE) and not asked.says("failed", "today", "delivered")


def _deliveries(asked: Asked) -> bool:
    happened = asked.says("failed", "delivered", "sent", "fired", "fire", "arrived", "received", "recent", "deliver")
    when = asked.says("what", "did", "when", "which", "how", "anything", "last", "has", "have", "was")
    return bool(asked.found.values.since) or "delivery" in asked.nouns or (happened and when)


def _trouble(asked: Asked) -> bool:
    wrong = asked.first == "what" and asked.says("wrong", "matter", "problem", "broken", "error") and asked.about_one
    failing = asked.found.mention.state == "failing" and asked.says("what")
    return wrong or failing or ({"is", "wrong"} <= asked.said and asked.explicit)


def _perspectives(asked: Asked) -> bool:
    return "perspective" in asked.nouns and "webhook" not in asked.nouns and asked.first in _WH | {"any"}


# In order: the first rule that holds decides.
_RULES: tuple[tuple[Intent, Callable[[Asked], bool]], ...] = (
    (Intent.CHANGES, lambda asked: asked.says("why") and asked.says("you", "changed") and asked.says("did")),
    (Intent.DIAGNOSE, lambda asked: asked.says("why") and not asked.says("https") and not asked.found.values.url),
    (Intent.TOPIC, lambda asked: bool(asked.topic) and (asked.says("happens", "happen") or asked.how)),
    (Intent.ADVICE, lambda asked: asked.first in {"should", "shall"} and not asked.topic),
    (Intent.DRY_RUN, _would_it_pass),
    (Intent.SHOW, _present_setting),
    (Intent.TOPIC, _has_topic),
    (Intent.ADVICE, lambda asked: asked.supposed),
    (Intent.CHANGES, _changes),
    (Intent.TAGS, _tags),
    (Intent.EVENT_TYPES, _event_types),
    (Intent.DELIVERIES, _deliveries),
    (Intent.DIAGNOSE, _trouble),
    (Intent.SHOW, lambda asked: bool(asked.nouns & _ASPECTS) and asked.first in _WH and asked.about_one),
    (Intent.PERSPECTIVES, _perspectives),
    (Intent.STATUS, lambda asked: bool(asked.said & _WELL)),
    (Intent.SHOW, lambda asked: bool(asked.nouns & _ASPECTS) or ("webhook" in asked.nouns and asked.explicit)),
    (Intent.LIST, lambda asked: "webhook" in asked.nouns),
    (Intent.STATUS, lambda asked: bool(asked.said & _SILENT)),
    (Intent.SHOW, lambda asked: asked.explicit and not asked.found.residue),
)


def read_question(clause: Clause) -> Reading:
    """Read a question."""
    found = read_values(Page(clause.tokens))
    said = [token.norm for token in clause.tokens]
    how = said[0] == "how" and len(said) > 1 and said[1] in _HOW
    supposed = clause.mood is Mood.HYPOTHETICAL
    asked = Asked(said[0], frozenset(said), found, topic_of(clause.tokens), supposed, how)
    intent = next((intent for intent, holds in _RULES if holds(asked)), Intent.UNKNOWN)
    return _reading(intent, clause, found, asked.topic)


def read_remark(clause: Clause) -> Reading:
    """Read something that is neither a command nor a question: a symptom, a topic, or a few words alone."""
    found = read_values(Page(clause.tokens))
    said = [token.norm for token in clause.tokens]
    topic = topic_of(clause.tokens)
    asks = clause.asked and found.values.everything and not _WELL.isdisjoint(said)
    return _reading(Intent.STATUS if asks else _remark(said, found, topic), clause, found, topic)


def _reading(intent: Intent, clause: Clause, found: Contents, topic: str) -> Reading:
    return Reading(intent, clause, found.values, found.mention, found.nouns, found.residue, topic=topic)


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
        owned = noun == "delivery" and len(found.residue) == 1 and "to" not in said  # "CRM deliveries"
        if noun in found.nouns and (owned or not found.residue) and not found.values.filtering:
            return intent
    if said & {"status", "health", "stats", "statistics"}:
        return Intent.STATUS
    if "webhook" in found.nouns and not found.mention.explicit and not found.residue:
        return Intent.LIST
    return Intent.UNKNOWN
