"""A running turn's hold on its conversation.

It is short, so that a server that is killed keeps nobody waiting for long; the turn renews it as long as it lives.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from store import conversations as store
from store.session import Database

LEASE: Final = timedelta(seconds=30)
RENEWAL: Final = timedelta(seconds=10)

log = logging.getLogger("hookwright.turn")


@dataclass(frozen=True, slots=True)
class Lease:
    """What a turn holds from `store.claim` until `store.release`."""

    database: Database
    conversation_id: str
    run_id: str

    async def hold(self, work: Coroutine[Any, Any, None], *, every: timedelta = RENEWAL) -> None:
        """Await a turn's work, and renew its lease meanwhile; cancel it when another turn has taken over."""
        task = asyncio.create_task(work)
        renewing = asyncio.create_task(self._renew(task, every.total_seconds()))
        try:
            await task
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _renew(self, task: asyncio.Task[None], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                async with self.database.write() as connection:
                    until = datetime.now(UTC) + LEASE
                    mine = await store.renew(connection, self.conversation_id, run_id=self.run_id, until=until)
            except (SQLAlchemyError, OSError) as error:
                log.warning("turn %s could not renew its lease: %s", self.run_id, type(error).__name__)
                continue
            if not mine:
                task.cancel()
                return
