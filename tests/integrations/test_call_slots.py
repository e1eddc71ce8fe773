"""How many calls may be under way at once, and what becomes of those that wait for a slot."""

import asyncio

import pytest
from aiohttp import web

from integrations.executor import Executor
from integrations.slots import Slots
from tests.integrations.conftest import Desk


class Crowd:
    """Calls that are under way until they are let go."""

    def __init__(self, desk: Desk) -> None:
        self.most = self.now = 0
        self.arrived, self.go_on = asyncio.Event(), asyncio.Event()
        desk.stub.handler = self.handle

    async def handle(self, _request: web.Request, _body: bytes) -> web.StreamResponse:
        self.now += 1
        self.most = max(self.most, self.now)
        self.arrived.set()
        await self.go_on.wait()
        self.now -= 1
        return web.Response()


async def test_only_so_many_calls_are_under_way_at_once(desk: Desk):
    desk.executor = Executor(desk.database, desk.vault, desk.egress, slots=Slots(of_one=3))
    crowd, trigger = Crowd(desk), await desk.trigger("/x")
    running = [asyncio.create_task(desk.run(trigger)) for _ in range(10)]
    await crowd.arrived.wait()
    await asyncio.wait(running, timeout=0.3)
    crowd.go_on.set()
    reports = await asyncio.gather(*running)
    assert crowd.most == 3
    assert all(report.accepted for report in reports)


@pytest.mark.parametrize("slots", [Slots(of_one=1), Slots(in_all=1)])
async def test_a_call_that_finds_no_slot_in_time_is_not_sent_and_may_be_tried_again(desk: Desk, slots: Slots):
    desk.executor = Executor(desk.database, desk.vault, desk.egress, slots=slots)
    crowd = Crowd(desk)
    first = asyncio.create_task(desk.run(await desk.trigger("/x", "POST")))
    await crowd.arrived.wait()
    report = await desk.run(await desk.trigger("/x", "POST", timeout_ms=1000))
    assert (report.for_model["class"], report.for_model["retryable"]) == ("rate_limited", True)
    assert "Nothing was sent" in report.for_model["hint"]
    assert (report.error or {})["cause"] == "rate_limited"
    assert (report.attempts, report.response, len(desk.stub.requests)) == (0, None, 1)
    row = (await desk.log())[-1]
    assert (row["id"], row["attempts"], row["status"]) == (report.log_id, 0, None)
    assert row["error"].startswith("Nothing was sent")
    crowd.go_on.set()
    assert (await first).accepted
    assert (await desk.run(await desk.trigger("/x", "POST", timeout_ms=1000))).accepted


async def test_a_call_that_is_stopped_while_it_waits_for_a_slot_leaves_the_slots_whole(desk: Desk):
    desk.executor = Executor(desk.database, desk.vault, desk.egress, slots=Slots(of_one=1))
    crowd, trigger = Crowd(desk), await desk.trigger("/x")
    first = asyncio.create_task(desk.run(trigger))
    await crowd.arrived.wait()
    waiting = asyncio.create_task(desk.run(trigger))
    await asyncio.wait([waiting], timeout=0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    crowd.go_on.set()
    assert (await first).accepted
    assert (await desk.run(trigger)).accepted
