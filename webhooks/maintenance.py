"""Maintenance: what is older than it is to be kept is pruned in the background, while deliveries go on."""

import asyncio
import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from store import access, partitions, retention
from store.idempotency import LIFETIME
from store.retention import Stage
from store.session import Database

FIRST_AFTER, INTERVAL = timedelta(minutes=1), timedelta(minutes=10)
MAX_BATCH = 500
_FIRST_BATCH = 50
_LEAST_BATCH = 8  # below that, a transaction takes as long whatever it deletes
_MAX_LOCK_SECONDS = 0.02  # for choosing the next batch's size: what is deleted differs in weight a thousandfold
_REST = 2.0  # pauses are so many times as long as what they follow
_MIN_REST_SECONDS = 0.01
_FOLD_SECONDS = 0.5

log = logging.getLogger("hookwright.maintenance")


class Maintenance:
    """Prune attempts, deliveries, events, calls, alerts and answered questions, and idempotency keys after 24 hours.

    Any number of processes may do so at once: one prunes, the others try again later.

    Args:
        database: What is pruned.
        retention_days: How long things are kept; 0 is for ever.

    """

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days
        self._kept = timedelta(days=retention_days) if retention_days else None
        self._batch = _FIRST_BATCH
        self._folded = 0.0
        self.longest_lock = 0.0

    async def run(self) -> None:
        """Prune at intervals, until cancelled."""
        await asyncio.sleep(FIRST_AFTER.total_seconds())
        while True:
            try:
                await self.prune()
            except Exception:
                log.exception("pruning failed; it is tried again later")
            await asyncio.sleep(INTERVAL.total_seconds())

    async def prune(self, now: datetime | None = None) -> Counter[str]:
        """Prune all that is old now; returns how many rows of each table.

        On PostgreSQL, days of attempts are dropped whole, and created ahead. The earlier one of our time and the
        database's holds: a clock that is ahead would prune what is young.
        """
        now = now or await self._now()
        pruned: Counter[str] = Counter()
        await partitions.extend(self._database, self._retention_days)
        if self._kept is not None:
            for part in await partitions.drop(self._database, now - self._kept):
                log.info("dropped the attempts until %s, some %d rows", part.span.end, max(0, part.rows))
        self.longest_lock = 0.0
        for stage in await self._stages(now):
            if not await self._prune(stage, pruned):
                break  # another process is at it
        if pruned:
            counts = ", ".join(f"{count} {name}" for name, count in pruned.items())
            log.info("pruned %s", counts)
            log.debug("the longest transaction of pruning took %.1f ms", self.longest_lock * 1000)
        return pruned

    async def _now(self) -> datetime:
        async with self._database.read() as connection:
            return min(datetime.now(UTC), await partitions.clock(connection))

    async def _stages(self, now: datetime) -> list[Stage]:
        stages = [retention.keys_stage(now - LIFETIME)]
        if self._kept is not None:
            async with self._database.read() as connection:
                workspace_ids = await access.workspace_ids(connection)
            async with self._database.write() as connection:
                attempt_tables = await partitions.walked_tables(connection)
            stages += retention.stages(now - self._kept, workspace_ids, attempt_tables)
        return stages

    async def _prune(self, stage: Stage, pruned: Counter[str]) -> bool:
        """Prune one table, batch by batch; False when another process is pruning."""
        place = None
        while True:
            async with self._database.read() as connection:
                batch = await retention.next_batch(connection, stage, place, self._batch)
            if batch is None:
                return True
            place = batch.end
            async with self._database.write() as connection:
                started = time.perf_counter()
                count = await retention.prune(connection, stage, batch)
            took = time.perf_counter() - started  # with the commit
            if count is None:
                return False
            if count:
                pruned[stage.counted_as] += count
            self._learn(took)
            if time.perf_counter() - self._folded > _FOLD_SECONDS:
                await self._database.fold_log()
                self._folded = time.perf_counter()
            await asyncio.sleep(max(_MIN_REST_SECONDS, took * _REST))

    def _learn(self, took: float) -> None:
        """Choose the size of the next batch by how long this one kept others from writing."""
        self.longest_lock = max(self.longest_lock, took)
        if took > _MAX_LOCK_SECONDS:
            self._batch = max(_LEAST_BATCH, self._batch // 2)
        elif took < _MAX_LOCK_SECONDS / 2:
            self._batch = min(MAX_BATCH, self._batch + self._batch // 2 + 1)
