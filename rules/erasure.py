"""Whom an erasure is about, and which JSON concerns them (X13)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CONVERSATION_NAMES = frozenset({"interview_id", "conversation_id", "interviewId", "conversationId"})
_SESSION_NAMES = frozenset({"session_id", "sessionId"})


@dataclass(frozen=True, slots=True)
class Erasure:
    """A person, a conversation or a session; whatever concerns any of them is meant.

    A contact or participant is recognised by a text that is exactly theirs (an id, an e-mail address, a phone number),
    wherever it stands as a whole value, and by a number only where its name says that it is an id. Conversations and
    sessions are recognised by the names that carry their ids. Case counts.
    """

    contact: str | None = None
    participant: str | None = None
    conversation_id: str | None = None
    session_id: str | None = None

    @property
    def given(self) -> frozenset[str]:
        """All that was given, whatever it names."""
        every = (self.contact, self.participant, self.conversation_id, self.session_id)
        return frozenset(value for value in every if value is not None)

    @property
    def person(self) -> frozenset[str]:
        """What a person is known by."""
        return frozenset(value for value in (self.contact, self.participant) if value is not None)

    def needles(self) -> list[str]:
        """Return texts of which JSON text that concerns them has at least one in it."""
        return sorted({json.dumps(value, ensure_ascii=flag)[1:-1] for value in self.given for flag in (True, False)})

    def concerns(self, value: Any) -> bool:
        """Say whether a JSON value concerns them."""
        return any(self._is_theirs(name, leaf) for name, leaf in _leaves(value))

    def _is_theirs(self, name: str, leaf: Any) -> bool:
        if isinstance(leaf, bool) or not isinstance(leaf, (str, int)):
            return False
        text = str(leaf)
        if text in self.person and (isinstance(leaf, str) or _names_an_id(name)):
            return True
        return (name in _CONVERSATION_NAMES and text == self.conversation_id) or (
            name in _SESSION_NAMES and text == self.session_id
        )


def _names_an_id(name: str) -> bool:
    return name in {"id", "ID"} or name.endswith(("_id", "Id"))


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Walk all values that hold no others, each with the name of the field that it is in."""
    waiting = [("", value)]
    while waiting:
        name, each = waiting.pop()
        if isinstance(each, Mapping):
            waiting += each.items()
        elif isinstance(each, list):
            waiting += [(name, child) for child in each]
        else:
            yield name, each
