"""Plain names: where a common word ("Webhook", "Test") stands in a message as the name of a webhook."""

import re
from functools import cache

from agent.guided.lexicon import table
from agent.guided.spelling import vocabulary

_BEFORE = re.compile(r"(\w+|[,&])\s*$")
_END = re.compile(r"\W")
_LINKS = frozenset({"of", "for", "to", "on", "from", "about", "in", "at", "with", "is", "does", "and", "&", ","})
_PARTICLES = frozenset({"off", "up", "down", "out", "into"})
_VERBS = ("enable", "disable", "delete", "kill", "test", "show", "rename", "diagnose", "fix", "edit", "replay")


def is_plain_name(name: str, text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]`, a word that the grammar knows, is the webhook `name`, not the word itself.

    It has to stand where a name can stand: "disable Webhook", "the deliveries of Webhook", never "the webhook". Written
    as the name is, with its capital, any word may be one; in small letters only a word for "webhook".
    """
    word, after = name.casefold(), _END.split(text[end:].lstrip(" #"), maxsplit=1)[0].casefold()
    if word not in vocabulary() or after.isdigit() or not _may_stand_after(text[:start]):
        return False
    as_written = text[start:end] == name != word
    return as_written or (is_generic(word) and after not in _nouns())


def is_generic(word: str) -> bool:
    """Tell whether a word in small letters means one webhook, whatever its name is."""
    return word in table("nouns")["webhook"] and not word.endswith("s")


def _may_stand_after(text: str) -> bool:
    before = _BEFORE.search(text)
    return before is not None and before[1].casefold() in _LINKS | _PARTICLES | _verbs()


@cache
def _verbs() -> frozenset[str]:
    return frozenset(phrase for verb in _VERBS for phrase in table("verbs")[verb] if " " not in phrase)


@cache
def _nouns() -> frozenset[str]:
    return frozenset(phrase for entry in table("nouns").values() for phrase in entry)
