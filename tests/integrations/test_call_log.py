"""Every call is in its session's log, whatever becomes of it."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from rules.errors import Unavailable
from store import sessions as store
from tests.integrations.conftest import WORKSPACE, Desk


async def test_a_call_that_was_stopped_while_waiting_is_logged(desk: Desk):
    arrived, forever = asyncio.Event(), asyncio.Event()

    async def silent(_request: web.Request, _body: bytes) -> web.StreamResponse:
        arrived.set()
        await forever.wait()
        return web.Response()

    desk.stub.handler = silent
    running = asyncio.create_task(desk.run(await desk.trigger("/x", "POST")))
    await arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    forever.set()
    [row] = await desk.log()
    assert (row["status"], row["attempts"]) == (None, 1)
    assert "may have arrived" in row["error"]


async def test_a_call_that_is_stopped_while_it_is_logged_is_logged_and_merged(desk: Desk):
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request, _body: bytes) -> web.StreamResponse:
        arrived.set()
        await go_on.wait()
        return web.json_response({"session": {"client_data": {"x": 1}}})

    desk.stub.handler = slow
    running = asyncio.create_task(desk.run(await desk.trigger("/x", "POST")))
    await arrived.wait()
    async with desk.database.write() as connection:  # the log has to wait
        await store.get(connection, WORKSPACE, desk.session.id, for_update=True)
        go_on.set()
        await asyncio.wait([running], timeout=0.3)
        for _ in range(2):  # people are impatient
            running.cancel()
            await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running
    [row] = await desk.log()
    assert row["status"] == 200
    assert (await desk.client_data())["x"] == 1


async def test_a_call_that_may_change_something_is_logged_before_it_is_sent(desk: Desk):
    rows: list[dict[str, Any]] = []

    async def look(_request: web.Request, _body: bytes) -> web.StreamResponse:
        rows.extend(await desk.log())
        return web.json_response({"ok": True}, status=201)

    desk.stub.handler = look
    report = await desk.run(await desk.trigger("/x", "POST", body={"plan": "$plan"}))
    [begun] = rows
    assert (begun["id"], begun["status"], begun["attempts"]) == (report.log_id, None, 1)
    assert begun["error"] == "Sent; the outcome is not known."
    assert begun["request"]["body"] == {"plan": "enterprise"}
    [row] = await desk.log()
    assert (row["id"], row["status"], row["error"], row["at"]) == (report.log_id, 201, None, begun["at"])


async def test_a_get_is_logged_once_it_has_been_answered(desk: Desk):
    rows: list[dict[str, Any]] = []

    async def look(_request: web.Request, _body: bytes) -> web.StreamResponse:
        rows.extend(await desk.log())
        return web.Response()

    desk.stub.handler = look
    await desk.run(await desk.trigger("/x"))
    assert (rows, len(await desk.log())) == ([], 1)


async def test_a_call_that_cannot_be_logged_is_not_sent(desk: Desk):
    trigger = await desk.trigger("/x", "POST")
    async with desk.database.engine.begin() as connection:
        await connection.run_sync(store.calls.drop)
    with pytest.raises(Unavailable, match="Nothing was sent"):
        await desk.run(trigger)
    assert desk.stub.requests == []


async def test_calls_of_one_moment_are_listed_newest_first(desk: Desk):
    trigger = await desk.trigger("/x?n=$n", parameters={"type": "object", "properties": {"n": {}}})
    made = [(await desk.run(trigger, arguments={"n": number})).log_id for number in range(20)]
    async with desk.database.read() as connection:
        page = await store.call_page(connection, WORKSPACE, session_id=desk.session.id, limit=50, offset=0)
    assert [row["id"] for row in page.items] == made[::-1]


async def test_an_error_of_ours_while_sending_is_logged(desk: Desk):
    async def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret in here")

    desk.executor._send = broken  # noqa: SLF001 - no endpoint can bring this about
    report = await desk.run(await desk.trigger("/x"))
    assert report.error is not None
    assert report.error["cause"] == "local_error"
    assert "secret in here" not in json.dumps([report.as_dict(), await desk.log()], default=str)
    assert len(await desk.log()) == 1


async def test_what_cannot_be_stored_does_not_cost_the_log(desk: Desk):
    body = b'{"session": {"client_data": {"a": "\\ud800\\u0000", "b": 1e999}}, "x": "\\u0000"}'
    desk.stub.answers(body, headers={"Content-Type": "application/json", "X-Odd": "caf\udce9"})
    report = await desk.run(await desk.trigger("/x"))
    json.dumps(report.as_dict(), ensure_ascii=False).encode()
    assert len(await desk.log()) == 1
