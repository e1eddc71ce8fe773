"""A turn's hold on its conversation: short, renewed while the turn lives, and lost to whoever took over."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from agent import transcript
from agent.lease import LEASE, RENEWAL, Lease
from rules.errors import Conflict
from store import conversations as store
from tests.agent.conftest import House, collect

QUICK = timedelta(milliseconds=20)


async def row(house: House, conversation_id: str) -> Any:
    async with house.database.read() as connection:
        return await store.get(connection, house.workspace, conversation_id)


async def begun(house: House, run_id: str, *, until: datetime) -> str:
    """Let a conversation be held by a turn."""
    house.script(AIMessage("one"))
    conversation = (await house.say("hello"))["conversation_id"]
    await hold(house, conversation, run_id=run_id, run_until=until)
    return conversation


async def hold(house: House, conversation: str, **values: Any) -> None:
    statement = store.CONVERSATIONS.update().where(store.CONVERSATIONS.c.id == conversation).values(**values)
    async with house.database.write() as connection:
        await connection.execute(statement)


def test_a_killed_server_holds_a_conversation_for_a_minute_at_most():
    assert 2 * RENEWAL < LEASE <= timedelta(minutes=1)


async def test_a_turn_holds_its_conversation_no_longer_than_its_lease(house: House) -> None:
    house.script(AIMessage("one"))
    house.model.gate = asyncio.Event()
    events = await house.assistant.say(house.workspace, "hello")
    started = await anext(events)
    assert (await row(house, started.conversation_id)).run_until <= datetime.now(UTC) + LEASE
    house.model.gate.set()
    await collect(events)


async def test_a_turn_renews_its_lease_as_long_as_it_lives(house: House) -> None:
    past = datetime.now(UTC)
    conversation = await begun(house, "run_1", until=past)

    async def work() -> None:
        while (await row(house, conversation)).run_until <= past:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.01)

    async with asyncio.timeout(10):
        await Lease(house.database, conversation, "run_1").hold(work(), every=QUICK)
    with pytest.raises(Conflict):
        await house.say("again", conversation)


async def test_a_turn_that_was_overtaken_is_stopped(house: House) -> None:
    conversation = await begun(house, "run_2", until=datetime.now(UTC) + LEASE)
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()

    async with asyncio.timeout(10):
        await Lease(house.database, conversation, "run_1").hold(work(), every=QUICK)
    assert stopped.is_set()
    assert (await row(house, conversation)).run_id == "run_2"


async def test_a_turn_that_was_overtaken_does_not_write_over_its_successor(house: House) -> None:
    house.script(AIMessage("too late"))
    house.model.gate = asyncio.Event()
    events = await house.assistant.say(house.workspace, "hello")
    conversation = (await anext(events)).conversation_id
    await hold(house, conversation, run_id="run_next", run_until=datetime.now(UTC) + LEASE)
    house.model.gate.set()
    with pytest.raises(Conflict, match="another message was answered instead"):
        await collect(events)
    assert (await row(house, conversation)).run_id == "run_next"
    shown = await transcript.show(house.database, house.workspace, conversation)
    assert [message["text"] for message in shown["messages"]] == ["hello"]
