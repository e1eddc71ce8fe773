"""Deliveries that a worker with little to do takes from the intake of its process, instead of from the queue.

They are stored as claimed by it, by the transaction that stores their events, which spares them a second one. Only what
may be sent at once is taken so: of webhooks that the worker knows as they are, within all limits, and none that waits
in line behind others. Everything else is stored as ever.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from store.claims import Claimed, Lane
from store.deliveries import give_back_if_stored
from store.pages import Row
from store.session import Database
from webhooks.limits import LANES, Limits
from webhooks.targets import Targets

_FEW: Final = 16
_FRESH_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.005
_FAULT_PAUSE_SECONDS: Final = 1.0

log = logging.getLogger("hookwright.worker")


@dataclass(frozen=True, slots=True)
class Offer:
    """A delivery about to be stored, with its event, and its webhook as the transaction sees it."""

    delivery: dict[str, Any]
    event: Row
    version: datetime
    breaker_is_closed: bool

    @property
    def id(self) -> str:
        """The delivery's id."""
        return str(self.delivery["id"])

    @property
    def webhook_id(self) -> str:
        """The id of its webhook."""
        return str(self.delivery["webhook_id"])

    def claimed(self) -> Claimed:
        """Return what a claim would have found, once it is stored."""
        known = {name: self.delivery[name] for name in Claimed._fields if name in self.delivery}
        return Claimed(**known, payload=self.event["payload"], occurred_at=self.event["occurred_at"].astimezone(UTC))


class Desk:
    """Where one worker takes deliveries from the intake.

    Args:
        worker_id: Who takes them.
        database: Where they are stored.
        targets: The webhooks as the worker knows them.
        limits: What it may claim, and the count of what it has.
        may_take: Whether this delivery is to go out now, and by this worker.
        start: Called with what is taken and stored.
        give_back: Called with what is stored and not to be sent.

    """

    def __init__(
        self,
        worker_id: str,
        database: Database,
        targets: Targets,
        limits: Limits,
        *,
        may_take: Callable[[str], bool],
        start: Callable[[Claimed], None],
        give_back: Callable[[Claimed], None],
    ) -> None:
        self._worker_id = worker_id
        self._database = database
        self._targets = targets
        self._limits = limits
        self._may_take = may_take
        self._start = start
        self._give_back = give_back
        self._under_way: set[str] = set()
        self._doubts: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def take(self, offers: Sequence[Offer]) -> list[Offer]:
        """Mark what is to be stored as claimed; `keep` it after the commit, `drop` it without one."""
        if len(offers) > _FEW or self._limits.held + len(offers) > LANES:
            return []
        taken: list[Offer] = []
        for offer in offers:
            if self._fits(offer):
                self._mark(offer)
                taken.append(offer)
        self._limits.weigh([len(offer.event["payload"]) for offer in taken])
        return taken

    def keep(self, taken: Sequence[Offer], *, fresh: bool) -> None:
        """Send what is stored.

        Give it back where the worker was silent meanwhile, as others may have it then, or where storing it took so long
        that the webhook may have been changed.
        """
        for offer in taken:
            send = fresh and offer.id in self._under_way
            (self._start if send else self._give_back)(offer.claimed())
            self._under_way.discard(offer.id)

    def drop(self, taken: Sequence[Offer]) -> None:
        """Give back what may have been stored, or may yet be, though its commit failed."""
        self._under_way.difference_update(offer.id for offer in taken)
        if taken and not self._is_closed:
            task = asyncio.create_task(self._clear_up(taken))
            self._doubts.add(task)
            task.add_done_callback(self._doubts.discard)

    def doubt(self) -> None:
        """Send nothing of what is being stored: others may take it."""
        self._under_way.clear()

    async def close(self) -> None:
        """Wait for what is being stored; what takes too long is found by others when the worker has left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self._under_way or self._doubts:  # noqa: ASYNC110 - once in a worker's life
                    await asyncio.sleep(_PAUSE_SECONDS)
        self._is_closed = True
        for task in self._doubts:
            task.cancel()

    def _mark(self, offer: Offer) -> None:
        offer.delivery["worker_id"] = self._worker_id
        self._limits.start(self._targets[offer.webhook_id], offer.delivery["lane"], 1)
        self._under_way.add(offer.id)

    async def _clear_up(self, taken: Sequence[Offer]) -> None:
        while True:
            try:
                async with self._database.write() as connection:
                    await give_back_if_stored(connection, self._worker_id, [offer.delivery for offer in taken])
                break
            except Exception:
                log.exception("whether %d deliveries are stored could not be seen; trying again", len(taken))
                await asyncio.sleep(_FAULT_PAUSE_SECONDS)
        for offer in taken:
            self._limits.end(self._targets[offer.webhook_id], offer.delivery["lane"], 1)

    def _fits(self, offer: Offer) -> bool:
        target = self._targets.get(offer.webhook_id)
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
    """What one transaction hands over.

    Attributes:
        has_all: Whether nothing of what was offered is left to others.

    """

    def __init__(self, desk: Desk | None = None) -> None:
        self._desk = desk
        self._taken: list[Offer] = []
        self._begun = time.monotonic()
        self.has_all = False

    def begin(self) -> None:
        """Say that webhooks are about to be read: what is sent soon is sent as they are."""
        self._begun = time.monotonic()

    def offer(self, offers: Sequence[Offer]) -> None:
        """Offer what is about to be stored."""
        if self._desk is not None:
            self._taken = self._desk.take(offers)
            self.has_all = len(self._taken) == len(offers)

    def keep(self) -> None:
        """Send what was taken."""
        if self._desk is not None:
            self._desk.keep(self._taken, fresh=time.monotonic() - self._begun < _FRESH_SECONDS)

    def drop(self) -> None:
        """Send nothing of it."""
        if self._desk is not None:
            self._desk.drop(self._taken)
