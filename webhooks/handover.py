"""Deliveries that a worker with little to do takes from the intake of its process, instead of from the queue.

They are stored as claimed by it, by the transaction that stores their events, which spares them a second one. Only what
may be sent at once is taken so: of webhooks that the worker knows as they are, within all limits, and none that waits
in line behind others. Everything else is stored as ever.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from store.claims import Claimed, Lane
from store.pages import Row
from webhooks.limits import LANES, Limits
from webhooks.targets import Targets

_FEW: Final = 16
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A delivery about to be stored, with its event, and its webhook as the transaction sees it."""

    delivery: dict[str, Any]
    event: Row
    version: datetime
    breaker_is_closed: bool

    def claimed(self) -> Claimed:
        """Return what a claim would have found, once it is stored."""
        known = {name: self.delivery[name] for name in Claimed._fields if name in self.delivery}
        return Claimed(**known, payload=self.event["payload"], occurred_at=self.event["occurred_at"].astimezone(UTC))


class Desk:
    """Where one worker takes deliveries from the intake.

    Args:
        worker_id: Who takes them.
        targets: The webhooks as the worker knows them.
        limits: What it may claim, and the count of what it has.
        may_take: Whether this delivery is to go out now, and by this worker.
        start: Called with what is taken and stored.
        give_back: Called with what is not to be sent, or of which nobody knows whether it was stored.

    """

    def __init__(
        self,
        worker_id: str,
        targets: Targets,
        limits: Limits,
        *,
        may_take: Callable[[str], bool],
        start: Callable[[Claimed], None],
        give_back: Callable[[Claimed], None],
    ) -> None:
        self._worker_id = worker_id
        self._targets = targets
        self._limits = limits
        self._may_take = may_take
        self._start = start
        self._give_back = give_back
        self._under_way: set[str] = set()
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()

    def take(self, offers: Sequence[Offer]) -> list[Claimed]:
        """Mark what is to be stored as claimed; `keep` it after the commit, `drop` it without one."""
        if len(offers) > _FEW or self._limits.held + len(offers) > LANES:
            return []
        taken = [self._take(offer) for offer in offers if self._fits(offer)]
        self._limits.weigh([len(row.payload) for row in taken])
        return taken

    def _take(self, offer: Offer) -> Claimed:
        offer.delivery["worker_id"] = self._worker_id
        row = offer.claimed()
        self._limits.start(self._targets[row.webhook_id], row.lane, 1)
        self._under_way.add(row.id)
        self._is_quiet.clear()
        return row

    def keep(self, taken: Sequence[Claimed]) -> None:
        """Send what is stored; give back what others may have taken while the worker was silent."""
        for row in taken:
            (self._start if row.id in self._under_way else self._give_back)(row)
        self._end(taken)

    def drop(self, taken: Sequence[Claimed]) -> None:
        """Give back what may have been stored, though its commit failed."""
        for row in taken:
            self._give_back(row)
        self._end(taken)

    def doubt(self) -> None:
        """Send nothing of what is being stored: others may take it."""
        self._under_way.clear()

    async def settled(self) -> None:
        """Wait until nothing is being stored; what takes too long is found by others when the worker has left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._is_quiet.wait()

    def _end(self, taken: Sequence[Claimed]) -> None:
        self._under_way.difference_update(row.id for row in taken)
        if not self._under_way:
            self._is_quiet.set()

    def _fits(self, offer: Offer) -> bool:
        target = self._targets.get(offer.delivery["webhook_id"])
        return (
            target is not None
            and target.active
            and target.version == offer.version
            and offer.breaker_is_closed
            and offer.delivery["lane"] == Lane.FIRST
            and self._limits.room(target) > 0
            and self._may_take(target.id)
        )


class Handover:
    """Lets the intake find the desk of its process's worker, if there is one."""

    def __init__(self) -> None:
        self._desk: Desk | None = None

    @contextlib.contextmanager
    def at(self, desk: Desk) -> Iterator[None]:
        """Hand over to this desk as long as the block goes on."""
        self._desk = desk
        try:
            yield
        finally:
            self._desk = None

    @contextlib.contextmanager
    def taking(self) -> Iterator["Taking"]:
        """Take deliveries in a block that stores them: they are sent when it ends, and not when it raises."""
        taking = Taking(self._desk)
        try:
            yield taking
        except BaseException:
            taking.drop()
            raise
        taking.keep()


class Taking:
    """What one transaction hands over."""

    def __init__(self, desk: Desk | None = None) -> None:
        self._desk = desk
        self._taken: list[Claimed] = []
        self.has_all = False

    def offer(self, offers: Sequence[Offer]) -> None:
        """Offer what is about to be stored; `has_all` says whether nothing of it is left to others."""
        if self._desk is not None:
            self._taken = self._desk.take(offers)
            self.has_all = len(self._taken) == len(offers)

    def keep(self) -> None:
        """Send what was taken."""
        if self._desk is not None:
            self._desk.keep(self._taken)

    def drop(self) -> None:
        """Send nothing of it."""
        if self._desk is not None:
            self._desk.drop(self._taken)
