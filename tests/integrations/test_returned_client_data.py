"""What an answer returns for its session: merged into the client data, or left out."""

import asyncio

import pytest
from aiohttp import web

from tests.integrations.conftest import Desk


async def test_returned_client_data_serves_the_next_call(desk: Desk):
    desk.stub.answers({"session": {"client_data": {"patient_id": "pat_1", "plan": "basic"}}})
    report = await desk.run(await desk.trigger("/first", "POST"))
    assert report.client_data == {"plan": "basic", "patient_id": "pat_1"}
    # The view is the one from before the first call: the session is read anew.
    await desk.run(await desk.trigger("/patients/$patient_id"))
    assert desk.stub.requests[1][1] == "/patients/pat_1"


async def test_client_data_overwrites_neither_system_nor_secret_and_keeps_no_secret(desk: Desk):
    await desk.secret("erp_token", "tok-1234")
    returned = {"erp_token": "evil", "session.id": "evil", "copy": "Bearer tok-1234", "fine": 1}
    desk.stub.answers({"session": {"client_data": returned}})
    report = await desk.run(await desk.trigger("/x", headers=[{"key": "X-Key", "value": "$erp_token"}]))
    assert await desk.client_data() == {"plan": "enterprise", "fine": 1}
    assert report.warnings == (
        "session.client_data cannot overwrite the secret erp_token; it was left out.",
        "session.client_data cannot overwrite the system variable session.id; it was left out.",
        "1 entry of session.client_data repeats a secret of this call; left out.",
    )
    assert (await desk.log())[0]["warnings"] == list(report.warnings)


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_only_a_2xx_answer_is_merged(desk: Desk, status: int):
    desk.stub.answers({"session": {"client_data": {"x": 1}}}, status=status)
    await desk.run(await desk.trigger("/x", "POST"))
    assert await desk.client_data() == {"plan": "enterprise"}


async def test_concurrent_merges_lose_nothing(desk: Desk):
    async def numbered(request: web.Request, _body: bytes) -> web.StreamResponse:
        await asyncio.sleep(0)
        return web.json_response({"session": {"client_data": {f"n{request.query['n']}": 1}}})

    desk.stub.handler = numbered
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    trigger = await desk.trigger("/x?n=$n", parameters=schema)
    await asyncio.gather(*(desk.run(trigger, arguments={"n": number}) for number in range(20)))
    assert set(await desk.client_data()) == {"plan", *(f"n{number}" for number in range(20))}
    assert len(await desk.log()) == 20


async def test_client_data_that_no_session_can_hold_is_not_looked_through(desk: Desk):
    desk.stub.answers({"session": {"client_data": {f"n{at}": "x" * 90 for at in range(1_000)}}})
    report = await desk.run(await desk.trigger("/x"))
    assert await desk.client_data() == {"plan": "enterprise"}
    assert "not merged: it takes more than 65536 bytes" in report.warnings[0]
