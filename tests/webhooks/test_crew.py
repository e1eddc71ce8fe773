"""Workers of several processes keep the limits of a webhook together (X06)."""

import asyncio
from pathlib import Path

from aiohttp import web

from tests import databases
from tests.listening import serving_app
from tests.serving import Api, serving, until


class Busy:
    """An endpoint that counts how many requests it has at a time."""

    def __init__(self) -> None:
        self.now = self.most = self.answered = 0

    async def answer(self, _request: web.Request) -> web.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05)
        self.now -= 1
        self.answered += 1
        return web.Response()


async def knows_of(api: Api, workers: int) -> None:
    async def check() -> bool | None:
        assert api.platform.worker is not None
        return True if api.platform.worker._limits.place.workers == workers else None  # noqa: SLF001 - else seen late

    await until(check)


async def test_x06_two_workers_never_exceed_max_in_flight(tmp_path: Path):
    busy = Busy()
    app = web.Application()
    app.router.add_post("/", busy.answer)
    with databases.using(databases.POSTGRESQL):
        async with serving_app(app) as url, serving(tmp_path / "home") as one, serving(tmp_path / "home") as other:
            await knows_of(one, 2)
            await knows_of(other, 2)
            await one.webhook(f"{url}/", max_in_flight=3)
            await one.post("/v1/events", [{"type": "purchase", "payload": {"n": n}} for n in range(60)])

            async def done() -> bool | None:
                return True if busy.answered == 60 else None

            await until(done, 60)
    assert busy.most == 3
