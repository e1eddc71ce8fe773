"""Moods: whether a message that names a deed asks for it, asks about it, or asks not to do it."""

import re

from agent.guided_calls.lexicon import phrases
from agent.guided_calls.stems import kin, plain, stem
from agent.guided_calls.triggers import Trigger

_GREETING = re.compile(r"^(?:(?:hi|hello|hey|ok|okay|so|well|please|good (?:morning|day|evening)|there|and|but)\s+)+")
_CLAUSES = re.compile(r"[.;!?\n]+|,\s*(?:but\s+)?|\s+but\s+", re.IGNORECASE)
_STORY = re.compile(r"^i (?:have |just |already |recently |ve )*(?!need\b)\w+ed\b")
_NEAR = 5


def unsure(text: str, trigger: Trigger) -> bool:
    """Tell whether a message about a deed may not be a request to do it ("what if I cancel", "he cancelled it")."""
    if trigger.reads:
        return False
    said = _GREETING.sub("", plain(text))
    if any(said == phrase or said.startswith(phrase + " ") for phrase in phrases("hypothetical")):
        return True
    return bool(_STORY.match(said)) or _only_past(said, trigger)


def _only_past(said: str, trigger: Trigger) -> bool:
    verbs = kin(stem(trigger.words.split()[0])) if trigger.words else frozenset()
    forms = [word for word in said.split() if stem(word) in verbs]
    return bool(forms) and all(word.endswith("ed") for word in forms)


def wished(text: str, trigger: Trigger) -> str:
    """Leave out the clauses that say not to do it; what is left is the request."""
    kept = [clause for clause in _CLAUSES.split(text) if clause.strip() and not _forbids(clause, trigger)]
    return text if len(kept) == len([one for one in _CLAUSES.split(text) if one.strip()]) else ", ".join(kept)


def _forbids(clause: str, trigger: Trigger) -> bool:
    said = _GREETING.sub("", plain(clause))
    own = frozenset(one for word in trigger.words.split() for one in kin(stem(word)))
    for phrase in phrases("negation"):
        bare = plain(phrase)
        if said.startswith(bare + " "):
            return any(stem(word) in own for word in said.removeprefix(bare).split()[:_NEAR])
    return False
