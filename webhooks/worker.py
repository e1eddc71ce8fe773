"""The delivery worker: claims what is due, attempts it, and writes results back, in one transaction per cycle.

A claim lasts as long as the worker's heartbeat. When a worker dies, another one (or its own successor) gives its
claims back after `SILENCE`; so every delivery is attempted at least once, whatever is killed when (X05).
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import Unavailable
from rules.health import AttemptResult
from rules.ids import new_id
from rules.outcomes import Send
from store import deliveries as store
from store import health as health_store
from store import webhooks as webhook_store
from store.deliveries import Claimed
from store.pages import Row
from store.session import Database
from webhooks.attempt import Attempted, attempt
from webhooks.columns import Columns
from webhooks.limits import LANES, Limits
from webhooks.observer import NOBODY, Finished, Observer
from webhooks.profiles import Message
from webhooks.request import Target, open_target
from webhooks.wakeup import Wakeup

HEARTBEAT = timedelta(seconds=2)
SILENCE = timedelta(seconds=6)
_POLL_SECONDS = 0.5
_GATHER_SECONDS = 0.004
_FAULT_PAUSE_SECONDS = 1.0

log = logging.getLogger("hookwright.worker")

_SEALED = ("headers_sealed", "auth_header_sealed", "secrets_sealed", "signing_keys_sealed")
_NOTHING_SEALED = dict.fromkeys(_SEALED)


class Worker:
    """Deliver what is due until told to stop.

    Args:
        database: The queue.
        columns: Opens the secrets of webhooks.
        send: The one door out.
        wakeup: Rung when this process makes work due.
        claims: Deliveries claimed at once, over all webhooks.
        claims_per_webhook: The same for one webhook; at most 64 of them are in flight at a time.
        rng: Where jitter comes from.
        observer: Who is told of each batch.

    """

    def __init__(
        self,
        database: Database,
        columns: Columns,
        send: Send,
        wakeup: Wakeup,
        *,
        claims: int = 1024,
        claims_per_webhook: int = 512,
        rng: Random | None = None,
        observer: Observer = NOBODY,
    ) -> None:
        self.id = new_id("wrk")
        self._database = database
        self._columns = columns
        self._send = send
        self._wakeup = wakeup
        self._rng = rng or Random()
        self._observer = observer
        self._limits = Limits(claims, claims_per_webhook)
        self._batch = claims_per_webhook // 4
        self._queues: dict[str, deque[Claimed]] = defaultdict(deque)
        self._lanes: Counter[str] = Counter()
        self._targets: dict[str, Target] = {}
        self._finished: list[Finished] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self) -> None:
        """Deliver until `stop`; then finish what is in flight, write it back, and leave."""
        await self._beat()
        heart = asyncio.create_task(self._keep_beating())
        try:
            while not self._stopping:
                await self._guarded_cycle()
            await self._drain()
        finally:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart

    def stop(self) -> None:
        """Ask `run` to end gracefully."""
        self._stopping = True
        self._wakeup.set()

    async def _guarded_cycle(self) -> None:
        try:
            more = await self._cycle()
        except Exception:
            log.exception("the delivery cycle failed; results are kept and tried again")
            await asyncio.sleep(_FAULT_PAUSE_SECONDS)
            return
        if not more:
            await self._wakeup.wait(_POLL_SECONDS)
        if self._tasks and len(self._finished) < self._batch:
            await asyncio.sleep(_GATHER_SECONDS)

    async def _cycle(self) -> bool:
        """Write back what has finished and claim what is due; says whether there may be more of either."""
        finished, self._finished = self._finished, []
        try:
            async with self._database.write() as connection:
                await self._settle(connection, finished)
                claimed = [] if self._stopping else await self._claim(connection)
        except BaseException:
            self._finished = finished + self._finished
            raise
        for row in claimed:
            self._start(row)
        if finished:
            self._observer.settled(finished)
        return bool(claimed or self._finished)

    async def _settle(self, connection: AsyncConnection, finished: list[Finished]) -> None:
        if not finished:
            return
        await self._refresh(connection, {row.webhook_id for row, _ in finished}, lock=True)
        results = [self._result(row, made) for row, made in finished]
        await store.finish(connection, results, [made.log_row() for _, made in finished])
        outcomes: dict[str, list[AttemptResult]] = defaultdict(list)
        for row, made in finished:
            outcomes[row.webhook_id].append(made.result)
        for webhook_id, made_of in outcomes.items():
            await health_store.fold(connection, webhook_id, made_of)

    def _result(self, row: Claimed, made: Attempted) -> Row:
        return {
            "finished_id": row.id,
            "by": self.id,
            "new_status": made.result.status,
            "made": made.number,
            "used": row.retries_used + 1,
            "again_at": made.run_at if self._targets[row.webhook_id].active else None,
            "ended_at": made.result.at if made.run_at is None else None,
            "code": made.status_code,
            "message": made.result.error,
            "named": made.result.cause,
        }

    async def _claim(self, connection: AsyncConnection) -> list[Claimed]:
        now, started = datetime.now(UTC), time.perf_counter()
        due = await store.due_webhooks(connection, now)
        if not due:
            return []
        await self._refresh(connection, due)
        targets = {id_: self._targets[id_] for id_ in due if self._targets[id_].active}
        claimed = await store.claim(connection, self.id, self._limits.shares(targets), now)
        for row in claimed:
            self._limits.start(self._targets[row.webhook_id])
        if claimed:
            self._observer.claimed(len(claimed), time.perf_counter() - started)
        return claimed

    async def _refresh(self, connection: AsyncConnection, ids: Iterable[str], *, lock: bool = False) -> None:
        versions = await health_store.versions(connection, ids, lock=lock)
        stale = [id_ for id_, at in versions.items() if id_ not in self._targets or self._targets[id_].version != at]
        for row in await webhook_store.by_ids(connection, stale) if stale else []:
            self._targets[row["id"]] = self._open(row)

    def _open(self, row: Row) -> Target:
        """Unseal a webhook; one that cannot be unsealed waits, and the others go on."""
        try:
            return open_target(row, self._columns)
        except Unavailable as error:
            log.error("webhook %s is not delivered to: %s", row["id"], error.detail)  # noqa: TRY400 - the detail says it
            return open_target({**row, **_NOTHING_SEALED, "enabled": False}, self._columns)

    def _start(self, row: Claimed) -> None:
        """Queue a claimed delivery, and open another lane to its webhook if it may have one."""
        webhook_id = row.webhook_id
        self._queues[webhook_id].append(row)
        if self._lanes[webhook_id] < LANES:
            self._lanes[webhook_id] += 1
            task = asyncio.create_task(self._lane(webhook_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _lane(self, webhook_id: str) -> None:
        """Attempt one delivery of a webhook after the other, until none is queued; on stop, the rest is given back."""
        queue = self._queues[webhook_id]
        try:
            while queue and not self._stopping:
                row = queue.popleft()
                await self._attempt(row, self._targets[webhook_id])
                await asyncio.sleep(0)  # answers come in and requests leave in batches: a few per cent less time
        finally:
            self._lanes[webhook_id] -= 1

    async def _attempt(self, row: Claimed, target: Target) -> None:
        message = Message(row.event_id, row.event_type, row.occurred_at, row.payload, row.id)
        try:
            made = await attempt(
                target,
                message,
                number=row.attempts + 1,
                retries_used=row.retries_used,
                send=self._send,
                rng=self._rng,
            )
        finally:
            self._limits.end(target.id)
        self._finished.append((row, made))
        self._wakeup.set()

    async def _drain(self) -> None:
        longest = max((target.timeout for target in self._targets.values()), default=timedelta())
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=longest.total_seconds() + 1)
        await self._cycle()
        async with self._database.write() as connection:
            await store.leave(connection, self.id)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            try:
                await self._beat()
            except Exception:
                log.exception("the heartbeat failed; trying again")

    async def _beat(self) -> None:
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            await store.beat(connection, self.id, now)
            recovered = await store.recover(connection, now, SILENCE)
        if recovered:
            log.warning("gave back %d deliveries of a worker that went silent", recovered)
            self._wakeup.set()
