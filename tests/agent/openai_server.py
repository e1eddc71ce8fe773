"""A local server that speaks OpenAI's chat completions, plain and streaming, and answers from a script."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.listening import serving_app

KEY = "test-key-not-secret"
MODEL = "scripted-1"


@dataclass
class Turn:
    """One answer: text, tool calls, or an HTTP status to fail with; `cut` ends the stream in its middle."""

    text: str = ""
    calls: Sequence[tuple[str, dict[str, Any]]] = ()
    status: int = 200
    finish: str | None = None
    cut: bool = False


@dataclass
class OpenAIServer:
    """Answers requests with `script`, in order, and keeps them in `requests`."""

    script: list[Turn] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _failure(401, "Incorrect API key provided")
        body = await request.json()
        self.requests.append(body)
        if body["model"] != MODEL:
            return _failure(404, f"The model {body['model']} does not exist")
        turn = self.script.pop(0) if self.script else Turn(status=500)
        if turn.status != 200:
            return _failure(turn.status, "planted failure")
        number = len(self.requests)
        head = {"id": f"chatcmpl-{number}", "created": 1_700_000_000, "model": MODEL}
        calls = [
            {"id": f"call_{number}_{i}", "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
            for i, (n, a) in enumerate(turn.calls)
        ]
        finish = turn.finish or ("tool_calls" if calls else "stop")
        if body.get("stream"):
            return await _stream(request, head, turn, calls, finish)
        message = {"role": "assistant", "content": turn.text or None, **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return web.json_response({**head, "object": "chat.completion", "choices": [choice], "usage": _USAGE})

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator["OpenAIServer"]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.answer)
        async with serving_app(app, port) as url:
            self.url = f"{url}/v1"
            yield self


_USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def _failure(status: int, message: str) -> web.Response:
    return web.json_response(
        {"error": {"message": message, "type": "invalid_request_error", "code": None}}, status=status
    )


async def _stream(
    request: web.Request, head: dict[str, Any], turn: Turn, calls: list[dict[str, Any]], finish: str
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)

    async def send(delta: dict[str, Any], reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {**head, "object": "chat.completion.chunk", "choices": [choice]}
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())

    await send({"role": "assistant", "content": ""})
    for start in range(0, len(turn.text), 9):
        await send({"content": turn.text[start : start + 9]})
    if turn.cut:
        if request.transport:
            request.transport.abort()
        return response
    for index, call in enumerate(calls):
        arguments = call["function"]["arguments"]
        named = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        await send({"tool_calls": [named]})
        for start in range(0, len(arguments), 7):
            part = {"index": index, "function": {"arguments": arguments[start : start + 7]}}
            await send({"tool_calls": [part]})
    await send({}, finish)
    tail = {**head, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE}
    await response.write(f"data: {json.dumps(tail)}\n\ndata: [DONE]\n\n".encode())
    return response
