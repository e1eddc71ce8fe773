"""The delivery worker: claims what is due, attempts it, and writes results back, in one transaction per cycle.

A claim lasts as long as the worker's heartbeat. When a worker dies, another one (or its own successor) gives its
claims back (`webhooks.heart`); so every delivery is attempted at least once, whatever is killed when (X05).
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict, deque
from datetime import UTC, datetime
from random import Random

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.breaker import BreakerState, breaker_state
from rules.ids import new_id
from rules.outcomes import Send
from store import claims as claim_store
from store import deliveries as store
from store import health as health_store
from store import workers as worker_store
from store.claims import Claimed, Lane, Standing
from store.pages import Row
from store.session import STORE_FAILURES, Database
from webhooks.attempt import Attempted, attempt, local_fault
from webhooks.breakers import Breakers
from webhooks.claiming import Claimer
from webhooks.columns import Columns
from webhooks.disabling import consequences
from webhooks.handover import Desk, Handover
from webhooks.heart import Heart
from webhooks.limits import Limits
from webhooks.observer import NOBODY, Finished, Observer
from webhooks.profiles import Message
from webhooks.request import Target
from webhooks.targets import Targets
from webhooks.wakeup import Wakeup

_POLL_SECONDS = 0.5
_GATHER_SECONDS = 0.004
_WRITTEN_AT_ONCE = 2048
_RENDERED_AT_ONCE = 512  # more would keep other tasks waiting
_FAULT_PAUSE_SECONDS = 1.0
_LAST_TRIES = 3
_FIRST, _RETRY = int(Lane.FIRST), int(Lane.RETRY)

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
        self._columns = columns
        self._targets = Targets(columns)
        self._breakers = Breakers(self._rng)
        self._limits = Limits(claims, claims_per_webhook, self._rng)
        self._heart = Heart(self.id, database, self._limits, wakeup)
        self._claimer = Claimer(self.id, self._targets, self._limits)
        self._handover = handover or Handover()
        self._desk = Desk(
            self.id,
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
        self._suspicions += not isinstance(error, STORE_FAILURES)
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
                await self._settle(connection, finished, returned)
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

    async def _unwritten(self, connection: AsyncConnection, finished: list[Finished]) -> list[Finished]:
        """Leave out what a commit that was not answered has written after all.

        If that is still under way, whoever locks the webhooks waits for its end: so this is asked with the locks held.
        """
        if not self._doubtful or not finished:
            return finished
        written = await store.logged(connection, [row.id for row, _ in finished])
        return [one for one in finished if (one[0].id, one[1].number, one[1].started) not in written]

    async def _settle(self, connection: AsyncConnection, finished: list[Finished], returned: list[Claimed]) -> None:
        if not finished and not returned:
            return
        changed = {row.webhook_id for row in returned}.union(row.webhook_id for row, _ in finished)
        standings = await claim_store.lock(connection, changed)
        await claim_store.give_back(connection, self.id, [row.id for row in returned])
        finished = await self._unwritten(connection, finished)
        await self._targets.refresh(connection, {id_: one.updated_at for id_, one in standings.items()})
        await self._write_back(connection, finished)
        by_webhook: dict[str, list[Finished]] = defaultdict(list)
        for one in finished:
            by_webhook[one[0].webhook_id].append(one)
        judged = {id_: [made.result for _, made in those if not made.is_local] for id_, those in by_webhook.items()}
        await health_store.fold(connection, judged)
        for webhook_id, those in by_webhook.items():
            await self._judge(connection, webhook_id, those, standings[webhook_id])
        outcomes = {id_: [made for _, made in those] for id_, those in by_webhook.items()}
        failed_before = {id_ for id_, one in standings.items() if one.consecutive_failures}
        for webhook_id in await consequences(connection, self._columns, outcomes, failed_before, datetime.now(UTC)):
            self._give_back(webhook_id)

    async def _write_back(self, connection: AsyncConnection, finished: list[Finished]) -> None:
        """Write results and attempts, as few statements as can be: each waits for the loop several times."""
        for start in range(0, len(finished), _WRITTEN_AT_ONCE):
            results: list[Row] = []
            attempts: list[Row] = []
            end = min(start + _WRITTEN_AT_ONCE, len(finished))
            for first in range(start, end, _RENDERED_AT_ONCE):
                some = finished[first : min(first + _RENDERED_AT_ONCE, end)]
                results += [self._result(row, made) for row, made in some]
                attempts += [made.log_row() for _, made in some]
                await asyncio.sleep(0)
            await store.finish(connection, results, attempts)

    async def _judge(
        self, connection: AsyncConnection, webhook_id: str, finished: list[Finished], standing: Standing
    ) -> None:
        """Let attempts decide about a webhook's circuit breaker; faults of ours do not count."""
        self._limits.learn(webhook_id, (made.result for _, made in finished))
        policy, now = self._targets.breakers[webhook_id], datetime.now(UTC)
        breaker = self._breakers.judge(
            webhook_id,
            policy,
            standing,
            [made.result.status == "delivered" for _, made in finished if not made.is_local],
            probed=self._claimer.was_probe(webhook_id, (row for row, _ in finished)),
            now=now,
        )
        if breaker != standing.breaker:
            await claim_store.set_breaker(connection, webhook_id, breaker)
        if not self._targets[webhook_id].active or breaker_state(policy, breaker, now) is not BreakerState.CLOSED:
            self._give_back(webhook_id)

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

    def _result(self, row: Claimed, made: Attempted) -> Row:
        local = made.result.status != "delivered" and made.is_local
        return {
            "finished_id": row.id,
            "by": self.id,
            "new_status": made.result.status,
            "made": made.number,
            "used": row.retries_used + (not local),
            "next_lane": _RETRY if made.run_at is not None and row.lane == _FIRST and not local else row.lane,
            "again_at": made.run_at if self._targets[row.webhook_id].active else None,
            "ended_at": made.result.at if made.run_at is None else None,
            "code": made.status_code,
            "message": made.result.error,
            "named": made.result.cause,
        }

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
        await self._desk.settled()
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
