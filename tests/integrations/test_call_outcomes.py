"""What an endpoint may do to a call: fail, be away, take too long, redirect, answer too much."""

import asyncio
import json

import pytest
from aiohttp import web

from integrations.attempts import MAX_BODY_BYTES
from tests.integrations.conftest import Desk


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_get_is_tried_three_times(desk: Desk, status: int):
    desk.stub.answers("busy", status=status)
    report = await desk.run(await desk.trigger("/x"))
    assert len(desk.stub.requests) == 3
    assert (report.for_model["class"], report.for_model["retryable"]) == ("server_error", True)
    [row] = await desk.log()
    assert (row["attempts"], row["status"], row["error"]) == (3, status, f"HTTP {status}")


async def test_a_get_that_succeeds_at_last_succeeds(desk: Desk):
    async def third_time(_request: web.Request, _body: bytes) -> web.StreamResponse:
        return web.Response(status=200 if len(desk.stub.requests) == 3 else 503)

    desk.stub.handler = third_time
    report = await desk.run(await desk.trigger("/x"))
    assert (report.accepted, len(desk.stub.requests)) == (True, 3)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_but_a_get_is_tried_again(desk: Desk, method: str):
    desk.stub.answers("busy", status=503)
    report = await desk.run(await desk.trigger("/x", method))
    assert len(desk.stub.requests) == 1
    assert report.for_model["retryable"] is False
    assert "may or may not have taken effect" in report.for_model["hint"]


@pytest.mark.parametrize("status", [400, 404, 429, 500, 501])
async def test_a_get_is_not_tried_again_when_that_would_not_help(desk: Desk, status: int):
    desk.stub.answers("no", status=status)
    await desk.run(await desk.trigger("/x"))
    assert len(desk.stub.requests) == 1


async def test_an_endpoint_that_is_not_there_is_a_network_error(desk: Desk, unused_tcp_port: int):
    report = await desk.run(await desk.trigger(f"http://127.0.0.1:{unused_tcp_port}/x"))
    assert report.response is None
    assert report.error is not None
    assert report.error["cause"] == "connection_refused"
    assert report.for_model["class"] == "network_error"
    assert report.for_model["body"] is None
    [row] = await desk.log()
    assert (row["attempts"], row["status"], row["response_headers"]) == (3, None, None)


async def test_an_answer_that_takes_too_long_is_a_network_error(desk: Desk):
    waiting = asyncio.Event()

    async def late(_request: web.Request, _body: bytes) -> web.StreamResponse:
        await waiting.wait()
        return web.Response()

    desk.stub.handler = late
    report = await desk.run(await desk.trigger("/x", "POST", timeout_ms=1000))
    waiting.set()
    assert report.error is not None
    assert report.error["cause"] == "response_timeout"
    assert 900 < (await desk.log())[0]["duration_ms"] < 5_000


async def test_a_large_answer_is_cut_while_it_is_read(desk: Desk):
    desk.stub.answers(b"x" * (3 * MAX_BODY_BYTES))
    report = await desk.run(await desk.trigger("/x"))
    assert report.response is not None
    assert 18_000 < len(report.response["body"]) < 20_000
    assert report.response["truncated"] is True
    assert (report.for_model["class"], report.for_model["body"]["truncated"]) == ("too_large", True)
    assert len(json.dumps(report.for_model, ensure_ascii=False)) <= 20_000
    assert len((await desk.log())[0]["response_body"]) == 16_384


async def test_what_is_no_json_is_text(desk: Desk):
    desk.stub.answers("<h1>caf\u00e9</h1>", headers={"Content-Type": "text/html; charset=utf-8"})
    report = await desk.run(await desk.trigger("/x"))
    assert report.for_model["body"] == {"untrusted": "<h1>café</h1>"}


async def test_a_redirect_is_not_followed(desk: Desk):
    desk.stub.answers("", status=302, headers={"Location": "https://elsewhere.example/login?then=x"})
    report = await desk.run(await desk.trigger("/x"))
    assert len(desk.stub.requests) == 1
    assert report.for_model["class"] == "redirect"
    assert "elsewhere.example" in report.for_model["hint"]
    assert report.for_model["body"]["untrusted"]["location"].startswith("https://elsewhere.example")
