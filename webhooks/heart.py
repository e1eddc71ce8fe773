"""A worker's signs of life, and what it does about workers that give none any more.

The two go on side by side: looking through a long queue for what a dead worker has claimed must not keep a living one
from its next beat, or it would be taken for dead, too.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from rules.shares import place_among
from store import clock_step
from store import workers as store
from store.session import Database
from webhooks.limits import Limits
from webhooks.wakeup import Wakeup

HEARTBEAT: Final = timedelta(seconds=2)
SILENCE: Final = timedelta(seconds=6)
_ORPHANS_EVERY: Final = timedelta(minutes=5)

log = logging.getLogger("hookwright.worker")


class Heart:
    """Beats for one worker, and gives back what dead ones have claimed.

    Args:
        worker_id: Who is alive.
        database: Where everybody sees it.
        limits: They learn how many workers there are.
        wakeup: Rung when there is something to claim again.

    """

    def __init__(self, worker_id: str, database: Database, limits: Limits, wakeup: Wakeup) -> None:
        self._worker_id = worker_id
        self._database = database
        self._limits = limits
        self._wakeup = wakeup
        self._beat_at = self._judges_from = time.monotonic()
        self._was_silent = False

    @property
    def has_lapsed(self) -> bool:
        """Whether there was no beat for so long that others may have taken what was claimed; until `resume`."""
        return self._was_silent or self._is_silent

    @property
    def _is_silent(self) -> bool:
        return time.monotonic() - self._beat_at > SILENCE.total_seconds()

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Be alive as long as the block goes on; what it claims is safe from the beginning."""
        await self.resume()
        tasks = [
            asyncio.create_task(self._go_on(self._beat, HEARTBEAT)),
            asyncio.create_task(self._go_on(self._recover, HEARTBEAT)),
            asyncio.create_task(self._go_on(self._recover_orphans, _ORPHANS_EVERY)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def resume(self) -> None:
        """Be alive again."""
        await self._beat()
        self._was_silent = False

    async def _go_on(self, job: Callable[[], Awaitable[None]], every: timedelta) -> None:
        while True:
            pause = every
            try:
                await job()
            except Exception:
                log.exception("the heartbeat failed; trying again")
                pause = HEARTBEAT
            await asyncio.sleep(pause.total_seconds())

    async def _beat(self) -> None:
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            step = await clock_step.follow(connection, now)
            await store.beat(connection, self._worker_id, now)
        if self._is_silent:
            self._was_silent = True
            self._judges_from = time.monotonic() + SILENCE.total_seconds()
        self._beat_at = time.monotonic()
        if step:
            log.warning("the clock was set back by %s; what waits was moved with it", step)
            self._wakeup.set()

    async def _recover(self) -> None:
        """Look for the silent; after a silence of one's own, all are given the time to be heard again first."""
        if time.monotonic() < self._judges_from:
            return
        now = datetime.now(UTC)
        async with self._database.read() as connection:
            census = await store.census(connection, now, SILENCE)
        self._limits.place = place_among(self._worker_id, census.alive)
        if set(census.silent) - {self._worker_id}:
            async with self._database.write() as connection:
                recovered = await store.recover(connection, now, SILENCE, but=self._worker_id)
            self._tell(recovered, "a worker that went silent")

    async def _recover_orphans(self) -> None:
        async with self._database.read() as connection:
            found = await store.has_orphans(connection)
        if found:
            async with self._database.write() as connection:
                recovered = await store.release_orphans(connection)
            self._tell(recovered, "workers that nobody knows")

    def _tell(self, recovered: int, whose: str) -> None:
        if recovered:
            log.warning("gave back %d deliveries of %s", recovered, whose)
            self._wakeup.set()
