"""Passes the model's text on while it is being written, and holds claims back until they are checked."""

import re
from collections.abc import Callable

from agent.events import Said
from rules.ids import new_id
from rules.surrogates import mended

_LAST_BOUNDARY = re.compile(r".*(?:[.!?][\"')*]*\s|\n)", re.DOTALL)


class Narrator:
    """Turns drafts of the model into text for the person.

    A draft is streamed sentence by sentence as long as `doubtful` finds nothing in it. From the first doubtful sentence
    on it is held until `settle` says what the answer finally is (`agent.honesty` may have replaced it).
    """

    def __init__(self, doubtful: Callable[[str], bool]) -> None:
        self._doubtful = doubtful
        self._draft: str | None = None
        self._begin()

    def _begin(self) -> None:
        self._message_id = new_id("msg")
        self._sent = ""
        self._waiting = ""
        self._held = False

    def hear(self, draft_id: str, text: str) -> list[Said]:
        """Take a piece of a draft; returns what may be said now."""
        if draft_id != self._draft:
            self._draft = draft_id
            self._begin()
        self._waiting += text
        complete = _LAST_BOUNDARY.match(self._waiting)
        if self._held or complete is None:
            return []
        if self._doubtful(complete[0]):
            self._held = True
            return []
        self._waiting = self._waiting[complete.end() :]
        said = mended(complete[0])
        self._sent += said
        return [Said(self._message_id, said)]

    def settle(self, text: str) -> list[Said]:
        """End the draft with the text that it came to; returns what is still to be said."""
        if not text.startswith(self._sent):
            self._begin()
        rest = text[len(self._sent) :]
        said = [Said(self._message_id, rest)] if rest.strip() else []
        self._draft = None
        self._begin()
        return said
