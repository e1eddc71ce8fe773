"""State: what the turns of a conversation leave behind; rebuilt from the messages every time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.guided_calls.candidates import find
from agent.guided_calls.draft import Draft
from agent.guided_calls.page import Page
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.triggers import Trigger

_PERSONAL = frozenset({"email", "phone", "name"})
_REUSED = _PERSONAL | {"id", "pattern", "address"}


@dataclass(slots=True)
class State:
    """Everything that the next turn may know. All of its values were typed by the person."""

    triggers: Sequence[Trigger]
    today: date | None = None
    draft: Draft | None = None
    shelved: Draft | None = None
    choice: tuple[str, ...] = ()
    choice_text: str = ""
    last: Draft | None = None
    failed: bool = False
    listed: bool = False
    listing: bool = False
    said: list[str] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)

    def trigger(self, name: str) -> Trigger | None:
        """Find a trigger by its name."""
        return next((one for one in self.triggers if one.name == name), None)

    def keep(self, draft: Draft) -> None:
        """Remember what the person gave, to be used again when the same thing is needed."""
        for one in draft.trigger.parameters:
            if one.role in _REUSED and one.field in draft.values:
                self.known[one.path[-1]] = draft.values[one.field]

    def reusable(self, trigger: Trigger, draft: Draft) -> Mapping[str, Any]:
        """Give what the person typed earlier that a request needs and its message does not say."""
        found: dict[str, Any] = {}
        for one in draft.missing():
            value = self._earlier(one, trigger)
            if value is not None and value not in draft.refused.get(one.field, ()):
                found[one.field] = value
        return found

    def _earlier(self, one: Parameter, trigger: Trigger) -> Any:
        if one.role not in _REUSED:
            return None
        for text in reversed(self.said):
            page = Page(text, self.today)
            typed = [each for each in find(page, one, trigger.schema) if each.value is not None]
            if one.role not in _PERSONAL:
                typed = [each for each in typed if page.distance(each, one.keys[:2]) is not None]
            distinct = list(dict.fromkeys(each.value for each in typed))
            if distinct:
                return distinct[0] if len(distinct) == 1 else None
        return self.known.get(one.path[-1])
