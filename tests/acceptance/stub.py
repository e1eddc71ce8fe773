"""Somebody's HTTP API, as far as an integration can tell: answers what it is told, and keeps what it was sent."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.listening import serving_app


@dataclass(frozen=True)
class Seen:
    """One request. `target` is the path and query to the letter."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to answer; a body that is not bytes is sent as JSON."""

    body: Any = field(default_factory=lambda: {"ok": True})
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0


@dataclass
class StubApi:
    """Answers every request with `answer(seen)`."""

    answer: Callable[[Seen], Answer] = lambda _seen: Answer()
    seen: list[Seen] = field(default_factory=list)
    url: str = ""

    def says(self, body: Any, status: int = 200, **headers: str) -> None:
        self.answer = lambda _seen: Answer(body, status, headers)

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator["StubApi"]:
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        async with serving_app(app) as self.url:
            yield self

    async def _answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.raw_path, headers, await request.read())
        self.seen.append(seen)
        answer = self.answer(seen)
        await asyncio.sleep(answer.delay_seconds)
        if isinstance(answer.body, bytes):
            return web.Response(body=answer.body, status=answer.status, headers=answer.headers)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)
