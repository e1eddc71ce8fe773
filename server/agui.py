"""A turn as AG-UI 1.0 events over SSE, so that existing front ends can show it."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    Interrupt,
    RunErrorEvent,
    RunFinishedEvent,
    RunFinishedInterruptOutcome,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)
from ag_ui.encoder import EventEncoder

from agent.events import Called, Changed, Finished, Interrupted, Returned, Said, Started, Suggested, TurnEvent
from rules.errors import Conflict, HookwrightError, Unavailable
from rules.ids import new_id

MEDIA_TYPE = "text/event-stream"
PROTOCOL_VERSION = "1.0"
_ENCODER = EventEncoder()


async def encode(events: AsyncIterator[TurnEvent]) -> AsyncIterator[str]:
    """Encode a turn's events; an error after the stream has begun becomes RUN_ERROR."""
    translator = Translator()
    try:
        async for event in events:
            for translated in translator.translate(event):
                yield _ENCODER.encode(translated)
    except HookwrightError as error:
        for translated in translator.fail(error):
            yield _ENCODER.encode(translated)


class Translator:
    """Turns turn events into AG-UI events, keeping text messages properly opened and closed."""

    def __init__(self) -> None:
        self._open: str | None = None
        self._interrupts: list[Interrupt] = []

    def translate(self, event: TurnEvent) -> Iterator[BaseEvent]:
        """Yield the AG-UI events of one turn event."""
        if not isinstance(event, Said):
            yield from self._close()
        match event:
            case Started(conversation_id=thread, run_id=run):
                yield RunStartedEvent(thread_id=thread, run_id=run, protocol_version=PROTOCOL_VERSION)
            case Said(message_id=message_id, text=text):
                yield from self._say(message_id, text)
            case Called(call_id=call_id, name=name, arguments=arguments):
                yield ToolCallStartEvent(tool_call_id=call_id, tool_call_name=name)
                yield ToolCallArgsEvent(tool_call_id=call_id, delta=_json(arguments))
                yield ToolCallEndEvent(tool_call_id=call_id)
            case Returned(call_id=call_id, result=result):
                yield ToolCallResultEvent(message_id=new_id("msg"), tool_call_id=call_id, content=_json(result))
            case Changed(change=change):
                yield CustomEvent(name="hookwright.changes", value=[change])
            case Suggested(suggestions=suggestions):
                yield CustomEvent(name="hookwright.suggestions", value=suggestions)
            case Interrupted(request=request, call_id=call_id):
                self._interrupts.append(_interrupt(request, call_id))
                yield CustomEvent(name="hookwright.interrupt", value=request)
            case Finished(conversation_id=thread, run_id=run):
                yield RunFinishedEvent(thread_id=thread, run_id=run, outcome=self._outcome())

    def fail(self, error: HookwrightError) -> Iterator[BaseEvent]:
        """Yield the end of a run that failed."""
        yield from self._close()
        code = {Unavailable: "unavailable", Conflict: "conflict"}.get(type(error), "error")
        yield RunErrorEvent(message=error.detail, code=code)

    def _say(self, message_id: str, text: str) -> Iterator[BaseEvent]:
        if self._open != message_id:
            yield from self._close()
            self._open = message_id
            yield TextMessageStartEvent(message_id=message_id, role="assistant")
        yield TextMessageContentEvent(message_id=message_id, delta=text)

    def _close(self) -> Iterator[BaseEvent]:
        if self._open is not None:
            yield TextMessageEndEvent(message_id=self._open)
            self._open = None

    def _outcome(self) -> RunFinishedInterruptOutcome | RunFinishedSuccessOutcome:
        if self._interrupts:
            return RunFinishedInterruptOutcome(interrupts=self._interrupts)
        return RunFinishedSuccessOutcome()


def _interrupt(request: dict[str, Any], call_id: str | None) -> Interrupt:
    extra = {key: request[key] for key in ("form", "prefill", "diff") if key in request}
    return Interrupt(
        id=request["id"],
        reason=request["kind"],
        message=request["title"],
        tool_call_id=call_id,
        response_schema=request["schema"],
        metadata=extra or None,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
