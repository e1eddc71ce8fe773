"""Gathers what is asked for at the same time, so that one transaction answers all of it (a group commit)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from store.session import STORE_FAILURES

Job = TypeVar("Job")
Result = TypeVar("Result")

_RELIEF_SECONDS: Final = 0.02
_MOST_WEIGHT: Final = 256


class Gathering(Generic[Job, Result]):
    """Answers jobs in batches: those that come while a batch is under way are the next one.

    A job never joins a batch that has begun, so what it reads is never older than itself. When a batch takes long,
    another one may begin beside it, as long as there are no more than `lanes`.

    Args:
        answer: Answers a batch, one result or exception for each job; when it raises itself and there was more than
            one, each is tried alone, so that nobody fails because of another, unless the store itself has failed.
        lanes: Batches at the same time, at most.
        weigh: How heavy a job is; a batch takes at least one, and others up to a weight of 256 in all.

    """

    def __init__(
        self,
        answer: Callable[[list[Job]], Awaitable[list[Result | Exception]]],
        *,
        lanes: int = 1,
        weigh: Callable[[Job], int] = lambda _job: 1,
    ) -> None:
        self._answer = answer
        self._lanes = lanes
        self._weigh = weigh
        self._waiting: deque[tuple[Job, asyncio.Future[Result]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._relief: asyncio.TimerHandle | None = None

    async def submit(self, job: Job) -> Result:
        """Have a job answered with others; raises what it failed by."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, done))
        self._call_for_lane()
        return await done

    def _call_for_lane(self) -> None:
        if not self._running:
            self._open_lane()
        elif len(self._running) < self._lanes and self._relief is None:
            self._relief = asyncio.get_running_loop().call_later(_RELIEF_SECONDS, self._relieve)

    def _relieve(self) -> None:
        self._relief = None
        if self._waiting:
            self._open_lane()

    def _open_lane(self) -> None:
        self._running.add(asyncio.create_task(self._lane()))

    async def _lane(self) -> None:
        try:
            while batch := self._next_batch():
                if self._waiting:
                    self._call_for_lane()
                await self._answer_all(batch)
        finally:  # at once: a job that comes before a callback of the task would find a lane that takes no more
            self._running.discard(asyncio.current_task())

    def _next_batch(self) -> list[tuple[Job, asyncio.Future[Result]]]:
        batch: list[tuple[Job, asyncio.Future[Result]]] = []
        weight = 0
        while self._waiting:
            job, done = self._waiting[0]
            weight += self._weigh(job)
            if batch and weight > _MOST_WEIGHT:
                break
            self._waiting.popleft()
            if not done.done():  # whoever asked has gone
                batch.append((job, done))
        return batch

    async def _answer_all(self, batch: list[tuple[Job, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._answer([job for job, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever asked hears of it
            if len(batch) > 1 and not isinstance(error, STORE_FAILURES):
                for one in batch:
                    await self._answer_all([one])
                return
            results = [error] * len(batch)
        except BaseException:
            for _, done in batch:
                done.cancel()
            raise
        for (_, done), result in zip(batch, results, strict=True):
            if done.done():
                continue
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)
