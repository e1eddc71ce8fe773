"""The delivery worker: claims what is due, attempts it, and writes results back, in one transaction per cycle.

A claim lasts as long as the worker's heartbeat. When a worker dies, another one (or its own successor) gives its
claims back (`webhooks.heart`); so every delivery is attempted at least once, whatever is killed when (X05).
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict, deque
from random import Random

from rules.ids import new_id
from rules.outcomes import Send
from store import workers as worker_store
from store.claims import Claimed
from store.session import Database, is_store_failure
from webhooks.attempt import attempt, local_fault
from webhooks.breakers import Breakers
from webhooks.claiming import Claimer
from webhooks.columns import Columns
from webhooks.handover import Desk, Handover
from webhooks.heart import Heart
from webhooks.limits import Limits
from webhooks.observer import NOBODY, Finished, Observer
from webhooks.profiles import Message
from webhooks.request import Target
from webhooks.settling import Settler
from webhooks.targets import Targets
from webhooks.wakeup import Wakeup

_POLL_SECONDS = 0.5
_GATHER_SECONDS = 0.004
_FAULT_PAUSE_SECONDS = 1.0
_LAST_TRIES = 3

log = logging.getLogger("hookwright.worker")


class Worker:
    """Deliver what is due until told to stop.

    Args:
        database: The queue.
        columns: Opens the secrets of webhooks.
        send: The one door out.
        wakeup: Rung when this process makes work due.
        claims: Deliveries claimed at once, over all webhooks.
        claims_per_webhook: The same for one webhook; at most 64 of them are in flight at a time.
        rng: Where jitter comes from, and what lanes take turns by.
        observer: Who is told of each batch.
        handover: Where it takes deliveries from the intake of this process.

    """

    def __init__(
        self,
        database: Database,
        columns: Columns,
        send: Send,
        wakeup: Wakeup,
        *,
        claims: int = 4096,
        claims_per_webhook: int = 2048,
        rng: Random | None = None,
        observer: Observer = NOBODY,
        handover: Handover | None = None,
    ) -> None:
        self.id = new_id("wrk")
        self._database = database
        self._send = send
        self._wakeup = wakeup
        self._rng = rng or Random()
        self._observer = observer
        self._targets = Targets(columns)
        self._limits = Limits(claims, claims_per_webhook, self._rng)
        self._heart = Heart(self.id, database, self._limits, wakeup)
        self._claimer = Claimer(self.id, self._targets, self._limits)
        self._settler = Settler(
            self.id,
            columns,
            self._targets,
            self._limits,
            breakers=Breakers(self._rng),
            claimer=self._claimer,
            give_back=self._give_back,
        )
        self._handover = handover or Handover()
        self._desk = Desk(
            self.id,
            database,
            self._targets,
            self._limits,
            may_take=lambda webhook_id: self._may_send and not self._claimer.knows_of(webhook_id),
            start=self._start,
            give_back=self._return,
        )
        self._batch = claims_per_webhook // 8
        self._queues: dict[str, deque[Claimed]] = defaultdict(deque)
        self._lanes: Counter[str] = Counter()
        self._finished: list[Finished] = []
        self._ended: list[tuple[str, int]] = []
        self._returned: list[Claimed] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._doubtful = False
        self._suspicions = 0

    async def run(self) -> None:
        """Deliver until `stop`; then finish what is in flight, write it back, and leave."""
        async with self._heart.beating():
            with self._handover.at(self._desk):
                while not self._stopping:
                    await self._guarded_cycle()
            await self._drain()

    def stop(self) -> None:
        """Ask `run` to end gracefully."""
        self._stopping = True
        self._wakeup.set()

    async def _guarded_cycle(self) -> None:
        try:
            if self._heart.has_lapsed:
                await self._come_back()
            more = await self._cycle()
        except Exception as error:
            log.exception("the delivery cycle failed; results are kept and tried again")
            self._suspect_words(error)
            await asyncio.sleep(_FAULT_PAUSE_SECONDS)
            return
        self._suspicions = 0
        if not more:
            unseen = self._claimer.seconds_to_scan
            await self._wakeup.wait(min(_POLL_SECONDS, unseen) if unseen > 0 else _POLL_SECONDS)
        if self._tasks and len(self._finished) < self._batch:
            await asyncio.sleep(_GATHER_SECONDS)

    async def _come_back(self) -> None:
        """Be alive again after a silence: others may have taken what is queued here, so nothing of it is sent."""
        self._desk.doubt()
        await self._heart.resume()
        self._give_back_all()

    def _suspect_words(self, error: Exception) -> None:
        """Give up what endpoints said, rather than all deliveries, when results cannot be written twice in a row."""
        self._suspicions += not is_store_failure(error)
        if self._suspicions > 1 and self._finished:
            log.error("%d results are kept without what was said in their attempts", len(self._finished))
            self._finished = [(row, made.without_words()) for row, made in self._finished]

    async def _cycle(self) -> bool:
        """Write back what has finished and claim what is due; says whether there may be more of either."""
        if not self._claimer.is_cut:  # else what rings is heard when the walk along the keys has ended
            self._wakeup.clear()
        finished, self._finished = self._finished, []
        freed, self._ended = self._ended, []
        returned, self._returned = self._returned, []
        claimed: list[Claimed] = []
        started = ended = 0.0
        try:
            async with self._database.write(lazily=not finished and not returned) as connection:
                await self._settler.settle(connection, finished, returned, doubtful=self._doubtful)
                self._count_ended(freed)
                freed = []
                if not self._stopping:
                    started = time.perf_counter()
                    claimed = await self._claimer.claim(connection)
                    ended = time.perf_counter()
        except BaseException:
            self._finished = finished + self._finished
            self._doubtful = True
            self._ended = freed + self._ended
            doubtful = [*returned, *self._returned, *self._claimer.undo()]  # the commit may have come through
            self._returned = list({row.id: row for row in doubtful}.values())
            raise
        self._doubtful = False
        self._claimer.keep()
        self._limits.divide_lanes(self._lanes.keys() | {row.webhook_id for row in claimed})
        for row in claimed:
            self._start(row)
        if finished:
            self._observer.settled(finished)
        if claimed:
            self._observer.claimed(len(claimed), ended - started)
        return bool(claimed or self._finished or self._returned or self._claimer.is_cut)

    def _count_ended(self, ended: list[tuple[str, int]]) -> None:
        """Free the places of what has been written back; doing so for many at once costs a tenth of one by one."""
        for (webhook_id, lane), count in Counter(ended).items():
            self._limits.end(self._targets[webhook_id], lane, count)

    def _give_back_all(self) -> None:
        for webhook_id in list(self._queues):
            self._give_back(webhook_id)

    def _give_back(self, webhook_id: str) -> None:
        """Give what is queued for a webhook back, unattempted, in the next cycle."""
        queue = self._queues[webhook_id]
        while queue:
            self._return(queue.popleft())

    def _return(self, row: Claimed) -> None:
        self._limits.end(self._targets[row.webhook_id], row.lane, 1)
        self._returned.append(row)
        self._wakeup.set()

    def _start(self, row: Claimed) -> None:
        """Queue a claimed delivery, and open another lane to its webhook if it may have one."""
        webhook_id = row.webhook_id
        self._queues[webhook_id].append(row)
        if self._lanes[webhook_id] < self._limits.lanes(webhook_id):
            self._lanes[webhook_id] += 1
            task = asyncio.create_task(self._lane(webhook_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def _may_send(self) -> bool:
        return not self._stopping and not self._heart.has_lapsed

    async def _lane(self, webhook_id: str) -> None:
        """Attempt one delivery of a webhook after the other, until none is queued; on stop, the rest is given back."""
        queue = self._queues[webhook_id]
        try:
            while queue and self._may_send and self._lanes[webhook_id] <= self._limits.lanes(webhook_id):
                row = queue.popleft()
                await self._attempt(row, self._targets[webhook_id])
                await asyncio.sleep(0)  # answers come in and requests leave in batches: a few per cent less time
        finally:
            self._lanes[webhook_id] -= 1
            if not self._lanes[webhook_id]:
                del self._lanes[webhook_id]

    async def _attempt(self, row: Claimed, target: Target) -> None:
        message = Message(row.event_id, row.event_type, row.occurred_at, row.payload, row.id)
        number, used = row.attempts + 1, row.retries_used
        try:
            made = await attempt(target, message, number=number, retries_used=used, send=self._send, rng=self._rng)
        except Exception as error:
            log.exception("an attempt on webhook %s failed on our side", target.id)
            made = local_fault(target, message, error, number=number, retries_used=used, rng=self._rng)
        self._finished.append((row, made))
        self._ended.append((row.webhook_id, row.lane))
        self._wakeup.set()

    async def _drain(self) -> None:
        await self._desk.close()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=self._targets.longest_timeout.total_seconds() + 1)
        self._give_back_all()
        await self._write_last()
        async with self._database.write() as connection:
            if self._limits.claimed:  # an attempt that takes too long, or has died
                await worker_store.release(connection, self.id)
            await worker_store.leave(connection, self.id)

    async def _write_last(self) -> None:
        """Write the last results; the database may be away for a moment."""
        tries = 0
        while self._finished or self._returned:
            try:
                await self._cycle()
            except Exception:
                tries += 1
                if tries == _LAST_TRIES:
                    raise
                log.exception("the last results could not be written; trying again")
                await asyncio.sleep(_FAULT_PAUSE_SECONDS)
