"""What happens during a turn, as plain values: the reply of API.md and the AG-UI stream are both made of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Started:
    """The message was accepted and stored; the assistant is at work."""

    conversation_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of text for the person; pieces with the same `message_id` belong together."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """The assistant called a tool."""

    call_id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Returned:
    """A tool call has its result."""

    call_id: str
    name: str
    arguments: dict[str, Any]
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changed:
    """A change was recorded (API.md, GET /v1/changes)."""

    change: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the person might say next."""

    suggestions: list[str]


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The turn waits for a person: `request` is API.md's interrupt object."""

    request: dict[str, Any]
    call_id: str | None


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over, or waits (`Interrupted` came before); everything is stored."""

    conversation_id: str
    run_id: str


TurnEvent = Started | Said | Called | Returned | Changed | Suggested | Interrupted | Finished


class Reply:
    """Collects a turn's events into the JSON reply of POST /v1/chat."""

    def __init__(self) -> None:
        self.conversation_id = ""
        self.suggestions: list[str] = []
        self.changes: list[str] = []
        self.interrupt: dict[str, Any] | None = None
        self._texts: dict[str, str] = {}
        self._calls: dict[str, dict[str, Any]] = {}

    def add(self, event: TurnEvent) -> None:
        """Take in one event."""
        match event:
            case Started(conversation_id=conversation_id):
                self.conversation_id = conversation_id
            case Said(message_id=message_id, text=text):
                self._texts[message_id] = self._texts.get(message_id, "") + text
            case Called(call_id=call_id, name=name, arguments=arguments):
                self._calls[call_id] = {"name": name, "arguments": arguments, "result": None}
            case Returned(call_id=call_id, name=name, arguments=arguments, result=result):
                self._calls[call_id] = {"name": name, "arguments": arguments, "result": result}
            case Changed(change=change):
                self.changes.append(change["id"])
            case Suggested(suggestions=suggestions):
                self.suggestions = suggestions
            case Interrupted(request=request):
                self.interrupt = request
            case Finished():
                pass

    def as_dict(self) -> dict[str, Any]:
        """Return the reply as API.md shows it."""
        return {
            "conversation_id": self.conversation_id,
            "reply": "\n\n".join(text.strip() for text in self._texts.values() if text.strip()),
            "tool_calls": list(self._calls.values()),
            "changes": self.changes,
            "interrupt": self.interrupt,
            "suggestions": self.suggestions,
        }


def public_request(interrupt_id: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored question as API.md's interrupt object."""
    return {"id": interrupt_id, **{key: value for key, value in request.items() if not key.startswith("_")}}
