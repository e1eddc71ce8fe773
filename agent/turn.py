"""One message in, one reply out.

A turn belongs to the conversation, not to the HTTP request that began it: it goes on, and is stored, when the request
is cut off. What was said and done is stored even when the turn fails; nothing is ever left half-done or unanswered.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from agent.answering import answer_entry, answer_in, check_answer
from agent.briefing import HISTORY_ENTRIES
from agent.events import Finished, Started, TurnEvent
from agent.lease import LEASE, Lease
from agent.persona import Persona
from rules.actor import Actor
from rules.errors import Conflict, InvalidInput
from rules.ids import new_id
from store import conversations as store
from store import sessions as session_store
from store.conversations import Entry
from store.session import Database

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from agent.run import Engine, Outcome

Turned = Callable[[str, str, float], None]  # who answered, how it ended, seconds

MAX_MESSAGE_CHARACTERS = 8_000
TURN_TIME = timedelta(minutes=5)
GRACE = timedelta(seconds=10)
_TITLE_CHARACTERS = 80
_OVERTAKEN = (
    "This answer took so long to be stored that another message was answered instead; it is not kept. What it did "
    "stays done: look at the logs."
)
_DISMISSED: dict[str, Any] = {
    "ok": False,
    "cancelled": True,
    "note": "The person wrote something else instead of answering. Nothing was changed or sent by this call.",
}


class Turns:
    """The turns of all conversations, whoever answers in them.

    Args:
        database: Where conversations are stored.
        model: Makes the language model, at the first message: its import is slow.
        turned: Told of each turn that has ended: `configuring` or `session`; `finished`, `asked` or `failed`; seconds.

    """

    def __init__(self, database: Database, model: "Callable[[], BaseChatModel]", turned: Turned | None = None) -> None:
        self._database = database
        self._choose = model
        self._turned = turned
        self._engine: Engine | None = None
        self._loading = asyncio.Lock()
        self._turns: set[asyncio.Task[None]] = set()

    def warm(self, persona: Persona) -> None:
        """Begin to import LangChain and build the agent, off the event loop; the first message does it otherwise."""
        self._turns.add(task := asyncio.create_task(self._load_quietly(persona)))
        task.add_done_callback(self._turns.discard)

    async def aclose(self) -> None:
        """Let the turns that are under way end, for a few seconds, and close the model's connections."""
        if self._turns:
            _, late = await asyncio.wait(self._turns, timeout=GRACE.total_seconds())
            for turn in late:
                turn.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._engine is not None:
            await self._engine.aclose()

    async def open(
        self, persona: Persona, workspace_id: str, text: str, *, title: str, alone: bool = False, **known: Any
    ) -> AsyncIterator[TurnEvent]:
        """Begin a new conversation with its first message, and return the turn's events.

        Args:
            persona: Who answers.
            workspace_id: Whose conversation it is.
            text: The message.
            title: What lists show.
            alone: Whether no person wrote the message, so that every change needs approval.
            known: More columns of the conversation.

        """
        engine = await self._ready()
        run_id, now = new_id("run"), datetime.now(UTC)
        said = Entry("user", {"text": text})
        row = {
            "id": new_id("cht"),
            "workspace_id": workspace_id,
            "title": " ".join(title.split())[:_TITLE_CHARACTERS],
            "created_at": now,
            "updated_at": now,
            "next_position": 0,
            "run_id": run_id,
            "run_until": now + LEASE,
            **known,
        }
        async with self._database.write() as connection:
            conversation = await store.create(connection, **row)
            await store.append(connection, conversation.id, [said], now=now)
        return await self._answer(engine, persona, conversation, run_id, [said], alone=alone)

    async def say(
        self,
        persona: Persona,
        workspace_id: str,
        conversation_id: str,
        text: str,
        *,
        images: Sequence[str] = (),
        perspective_id: str | None = None,
    ) -> AsyncIterator[TurnEvent]:
        """Begin a turn in a conversation with a person's message, and return its events.

        A plain "yes" or "no" answers the question that waits, if there is one. Any other message dismisses it: the
        person has moved on. That is recorded, and the tool call that asked is told.

        Args:
            persona: Who answers.
            workspace_id: Whose conversation it is.
            conversation_id: The conversation.
            text: The message.
            images: URLs of pictures sent with it; they take the place of the session's former ones (C03).
            perspective_id: What the conversation is about from now on; None leaves it as it is.

        Raises:
            NotFound: There is no such conversation of this persona in this workspace.
            Conflict: The last message of this conversation is still being answered.

        """
        if not images and (answered := await self._typed(persona, workspace_id, conversation_id, text)):
            return await self.resume(persona, workspace_id, conversation_id, *answered)
        engine = await self._ready()
        run_id, now = new_id("run"), datetime.now(UTC)
        async with self._database.write() as connection:
            conversation = await self._claim(connection, persona, workspace_id, conversation_id, run_id=run_id, now=now)
            if perspective_id not in {None, conversation.perspective_id}:
                conversation = await store.move(connection, conversation_id, perspective_id)
            if images and persona.session_id is not None:
                seen = {"images": list(images), "updated_at": now}
                await session_store.set_values(connection, persona.session_id, seen)
            await self._dismiss(connection, conversation_id, now)
            await store.append(connection, conversation_id, [_said(text, images)], now=now)
            entries = await store.recent_entries(connection, conversation_id, limit=HISTORY_ENTRIES)
        return await self._answer(engine, persona, conversation, run_id, entries, alone=False)

    async def resume(
        self, persona: Persona, workspace_id: str, conversation_id: str, interrupt_id: str, value: Any
    ) -> AsyncIterator[TurnEvent]:
        """Answer the question that a turn waits for, and return the events of the rest of the turn.

        Raises:
            InvalidInput: The answer is not of the form that the question's schema asks for; it stays open.
            NotFound: There is no such conversation or question, or what the answer names does not exist.
            Conflict: The question has been answered or dismissed.

        """
        engine = await self._ready()
        async with self._database.read() as connection:
            await store.get(connection, workspace_id, conversation_id, session_id=persona.session_id)
            question = await store.interruption(connection, conversation_id, interrupt_id)
        if question.state != "pending":
            raise Conflict(f"This question has already been {question.state}; ask again to change the outcome.")
        check_answer(question.request["schema"], value)
        await persona.check(workspace_id, value)
        run_id, now = new_id("run"), datetime.now(UTC)
        async with self._database.write() as connection:
            conversation = await self._claim(connection, persona, workspace_id, conversation_id, run_id=run_id, now=now)
            await store.settle(connection, interrupt_id, "answered", now=now)
            await store.append(connection, conversation_id, [answer_entry(question, value)], now=now)
            entries = await store.recent_entries(connection, conversation_id, limit=HISTORY_ENTRIES)
        answer = engine.answer(question.checkpoint, question.request, value, entries)
        return self._start(engine, persona, conversation, run_id, answer, alone=False)

    async def _claim(
        self, connection: Any, persona: Persona, workspace_id: str, conversation_id: str, *, run_id: str, now: datetime
    ) -> Any:
        return await store.claim(
            connection,
            workspace_id,
            conversation_id,
            session_id=persona.session_id,
            run_id=run_id,
            now=now,
            until=now + LEASE,
        )

    async def _typed(
        self, persona: Persona, workspace_id: str, conversation_id: str, text: str
    ) -> tuple[str, dict[str, Any]] | None:
        if answer_in(text, "approval") is None:
            return None
        async with self._database.read() as connection:
            await store.get(connection, workspace_id, conversation_id, session_id=persona.session_id)
            question = await store.pending(connection, conversation_id)
        value = question and answer_in(text, question.request["kind"])
        return (question.id, value) if question and value else None

    async def _answer(
        self,
        engine: "Engine",
        persona: Persona,
        conversation: Any,
        run_id: str,
        entries: Sequence[Entry],
        *,
        alone: bool,
    ) -> AsyncIterator[TurnEvent]:
        try:
            task = engine.message(await persona.prompt(conversation), entries)
        except BaseException:
            await self._let_go(conversation.id, run_id)
            raise
        return self._start(engine, persona, conversation, run_id, task, alone=alone)

    async def _dismiss(self, connection: Any, conversation_id: str, now: datetime) -> None:
        question = await store.pending(connection, conversation_id)
        if question is None:
            return
        from agent.memory import this_turn, unanswered  # noqa: PLC0415 - imports LangChain

        await store.settle(connection, question.id, "dismissed", now=now)
        entries = await store.recent_entries(connection, conversation_id, limit=HISTORY_ENTRIES)
        results = [
            Entry("tool", {"call_id": call["id"], "name": call["name"], "result": _DISMISSED})
            for call in unanswered(this_turn(entries))
        ]
        await store.append(
            connection, conversation_id, [*results, answer_entry(question, {"dismissed": True})], now=now
        )

    def _start(
        self, engine: "Engine", persona: Persona, conversation: Any, run_id: str, task: Any, *, alone: bool
    ) -> AsyncIterator[TurnEvent]:
        events: asyncio.Queue[TurnEvent | BaseException | None] = asyncio.Queue()
        events.put_nowait(Started(conversation.id, run_id))
        work = self._run(engine, persona, conversation, run_id, task, events=events, alone=alone)
        turn = asyncio.create_task(Lease(self._database, conversation.id, run_id).hold(work))
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)
        return _drain(events)

    async def _run(
        self,
        engine: "Engine",
        persona: Persona,
        conversation: Any,
        run_id: str,
        task: Any,
        *,
        events: "asyncio.Queue[TurnEvent | BaseException | None]",
        alone: bool,
    ) -> None:
        started = time.perf_counter()
        outcome: Outcome = await engine.run(
            task,
            run_id=run_id,
            persona=persona,
            conversation=conversation,
            actor=Actor("assistant", conversation.id),
            emit=events.put_nowait,
            alone=alone,
        )
        if self._turned is not None:
            how = "failed" if outcome.error else "asked" if outcome.interruption else "finished"
            self._turned("session" if persona.session_id else "configuring", how, time.perf_counter() - started)
        try:
            await self._store(conversation.id, run_id, outcome)
        except Conflict as overtaken:
            events.put_nowait(overtaken)
            return
        except BaseException as error:
            try:
                await self._let_go(conversation.id, run_id)
            finally:
                events.put_nowait(error if isinstance(error, Exception) else Conflict("The server is shutting down."))
            raise
        for event in outcome.last_events:
            events.put_nowait(event)
        if outcome.error is not None:
            events.put_nowait(outcome.error)
        else:
            events.put_nowait(Finished(conversation.id, run_id))
        events.put_nowait(None)

    async def _store(self, conversation_id: str, run_id: str, outcome: "Outcome") -> None:
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            if not await store.release(connection, conversation_id, run_id=run_id, now=now):
                raise Conflict(_OVERTAKEN)
            await store.append(connection, conversation_id, outcome.entries, now=now)
            if outcome.interruption is not None:
                await store.add_interruption(
                    connection, conversation_id=conversation_id, created_at=now, **outcome.interruption
                )

    async def _let_go(self, conversation_id: str, run_id: str) -> None:
        """End a turn that could not begin or not be stored: the person need not wait until its time is up."""
        with contextlib.suppress(Exception):
            async with self._database.write() as connection:
                await store.release(connection, conversation_id, run_id=run_id, now=datetime.now(UTC))

    async def _ready(self) -> "Engine":
        async with self._loading:
            if self._engine is None:
                self._engine = await asyncio.to_thread(self._load)
            return self._engine

    async def _load_quietly(self, persona: Persona) -> None:
        # Whatever is wrong, the first message will say so to a person.
        with contextlib.suppress(Exception):
            await asyncio.to_thread((await self._ready()).prepare, persona)

    def _load(self) -> "Engine":
        from agent.run import Engine  # noqa: PLC0415 - imports LangChain: slow, and not needed to deliver webhooks

        return Engine(self._choose(), time_limit=TURN_TIME)


async def _drain(events: "asyncio.Queue[TurnEvent | BaseException | None]") -> AsyncIterator[TurnEvent]:
    while (event := await events.get()) is not None:
        if isinstance(event, BaseException):
            raise event
        yield event


def _said(text: str, images: Sequence[str]) -> Entry:
    return Entry("user", {"text": text, "images": list(images)} if images else {"text": text})


def checked(message: Any) -> str:
    """Return what a person wrote, without the space around it; raises InvalidInput when it is blank or too long."""
    if not isinstance(message, str) or not message.strip():
        raise InvalidInput.of("message", "must be a text that is not blank")
    if len(message) > MAX_MESSAGE_CHARACTERS:
        raise InvalidInput.of("message", f"must be at most {MAX_MESSAGE_CHARACTERS} characters; got {len(message)}")
    return message.strip()
