"""Claiming what is due: fair shares of the closed breakers' webhooks, one delivery of each half-open one."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.breaker import CLOSED, Breaker
from store import claims as store
from store.claims import Ask, Claimed, DueWebhook, Lane, Standing
from store.ordered_claims import ORDERED_LANES, Walk, claim_ordered
from webhooks.limits import Limits
from webhooks.targets import Targets

_CHEAP_SCAN_SECONDS = 0.005
_SCAN_PAUSES = 4
_PROBES_PER_CYCLE = 32
_PROBE_MARGIN = timedelta(seconds=10)
_CLAIMED_AT_ONCE = 512
_HEAVY = 32 * 1024 * 1024  # characters of payload


def _in_parts(asks: list[Ask]) -> Iterator[list[Ask]]:
    """Divide asks, so that no part is for more than is claimed at once."""
    part: list[Ask] = []
    room = _CLAIMED_AT_ONCE
    for ask in asks:
        left = ask.limit
        while left > 0:
            count = min(left, room)
            part.append(ask._replace(limit=count))
            left, room = left - count, room - count
            if not room:
                yield part
                part, room = [], _CLAIMED_AT_ONCE
    if part:
        yield part


class Claimer:
    """Claims deliveries for one worker, in the transactions that it is given.

    Args:
        worker_id: Who claims.
        targets: The webhooks as the worker knows them.
        limits: What may be claimed, and the count of what is.

    """

    def __init__(self, worker_id: str, targets: Targets, limits: Limits) -> None:
        self._worker_id = worker_id
        self._targets = targets
        self._limits = limits
        self._known: list[DueWebhook] = []
        self._scan_at = 0.0
        self._walks: dict[tuple[str, Lane], Walk] = {}
        self._over: set[tuple[str, Lane]] = set()
        self._is_cut = self._is_heavy = False
        self._probes: dict[str, str] = {}
        self._probed_to = ""
        self._taken: list[Claimed] = []

    @property
    def seconds_to_scan(self) -> float:
        """How long what has become due since the last scan stays unseen; 0 or less when the next claim sees it."""
        return self._scan_at - time.monotonic()

    @property
    def is_cut(self) -> bool:
        """Whether the last claim passed over as many ordering keys as it may, and left others for the next."""
        return self._is_cut

    def knows_of(self, webhook_id: str) -> bool:
        """Say whether the last scan found something due of a webhook: some of it may still wait."""
        return any(one.id == webhook_id for one in self._known)

    async def claim(self, connection: AsyncConnection) -> list[Claimed]:
        """Claim what is due and may be claimed now; `keep` it after the commit, `undo` it without one."""
        if not self._is_cut:
            self._over.clear()
        self._is_cut = self._is_heavy = False
        now = datetime.now(UTC)
        known = await self._due(connection, now)
        if not known:
            return []
        await self._targets.refresh(connection, {one.id: one.updated_at for one in known})
        due = [one for one in known if self._targets[one.id].active]
        await self._claim_probes(connection, [one for one in due if one.breaker_until is not None], now)
        await self._claim_shares(connection, [one for one in due if one.breaker_until is None], now)
        self._limits.weigh([len(one.payload) for one in self._taken])
        return self._taken

    def keep(self) -> None:
        """Let the last claims stand."""
        self._taken = []

    def undo(self) -> list[Claimed]:
        """Forget the last claims, and return them: if the commit did come through, they are to be given back."""
        undone, self._taken = self._taken, []
        self._scan_at = 0.0
        for row in undone:
            self._limits.undo(self._targets[row.webhook_id], row.lane)
        return undone

    def was_probe(self, webhook_id: str, rows: Iterable[Claimed]) -> bool:
        """Say whether the one delivery of a half-open breaker is among some, and forget it."""
        probe = self._probes.get(webhook_id)
        if probe is None or all(row.id != probe for row in rows):
            return False
        del self._probes[webhook_id]
        return True

    async def _due(self, connection: AsyncConnection, now: datetime) -> list[DueWebhook]:
        """List the webhooks with something due; where that takes long, it is done for a fifth of the time at most."""
        started = time.monotonic()
        if started >= self._scan_at:
            self._known = await store.due_webhooks(connection, now)
            ended = time.monotonic()
            took = ended - started
            self._scan_at = ended + _SCAN_PAUSES * took if took > _CHEAP_SCAN_SECONDS else 0.0
        return self._known

    async def _claim_shares(self, connection: AsyncConnection, due: list[DueWebhook], now: datetime) -> None:
        """Claim each webhook's share, then divide what others have left over among those that may have more."""
        drained: set[tuple[str, Lane]] = set()
        for _ in range(2):
            asks = await self._possible(connection, self._limits.asks(due, self._targets))
            claimed = await self._claim(connection, asks, now)
            filled = {ask.webhook_id for ask in asks if claimed[ask.webhook_id, ask.lane] == ask.limit}
            if not self._is_heavy:  # else not all was asked for
                drained |= {
                    (ask.webhook_id, ask.lane)
                    for ask in asks
                    if claimed[ask.webhook_id, ask.lane] < ask.limit and not self._walk(ask).after
                }
            due = [one for one in due if one.id in filled]
            if not due or not self._limits.left or self._is_heavy:
                break
        if drained and self._scan_at:
            self._forget(drained)

    async def _possible(self, connection: AsyncConnection, asks: list[Ask]) -> list[Ask]:
        """Lock the webhooks of which ordered lanes are asked for; leave out those that another worker has locked."""
        ordered = {ask.webhook_id for ask in asks if ask.lane in ORDERED_LANES}
        if not ordered:
            return asks
        mine = await store.take(connection, ordered)
        return [ask for ask in asks if ask.lane not in ORDERED_LANES or ask.webhook_id in mine]

    def _forget(self, drained: set[tuple[str, Lane]]) -> None:
        """Strike what was found to be empty from what the last scan found."""
        self._known = [
            one._replace(lanes=lanes)
            for one in self._known
            if (lanes := tuple([lane for lane in one.lanes if (one.id, lane) not in drained]))
        ]

    async def _claim(self, connection: AsyncConnection, asks: list[Ask], now: datetime) -> Counter[tuple[str, int]]:
        """Claim what is asked for; returns how much of it there was, by webhook and lane."""
        rows: list[Claimed] = []
        for some in _in_parts([ask for ask in asks if ask.lane not in ORDERED_LANES]):
            if not self._is_heavy:
                self._add(rows, await store.claim(connection, self._worker_id, some, now))
        for ask in asks:
            if ask.lane in ORDERED_LANES and not self._is_heavy:
                self._add(rows, await self._claim_ordered(connection, ask, now))
        claimed = Counter((row.webhook_id, row.lane) for row in rows)
        for (webhook_id, lane), count in claimed.items():
            self._limits.start(self._targets[webhook_id], lane, count)
        self._taken += rows
        return claimed

    def _add(self, rows: list[Claimed], more: list[Claimed]) -> None:
        """Add claimed rows, and see whether they are heavy: how much there is to carry shows only when they are here.

        Some hundreds are claimed at once: SQLite's text of a thousand million bytes has room for 4 000 of the largest
        payloads, and memory for fewer.
        """
        rows += more
        self._is_heavy = sum(len(row.payload) for row in rows) > _HEAVY

    async def _claim_ordered(self, connection: AsyncConnection, ask: Ask, now: datetime) -> list[Claimed]:
        """Go on with the walk along a lane's keys.

        One that has come to its end without a find is not waited for again until others are there, too: else two of
        them could keep each other going for ever.
        """
        lane = (ask.webhook_id, ask.lane)
        some = ask._replace(limit=min(ask.limit, _CLAIMED_AT_ONCE))
        rows, walk = await claim_ordered(connection, self._worker_id, some, now, self._walk(ask))
        self._walks[lane] = walk
        if not rows and not walk.is_cut:
            self._over.add(lane)
        self._is_cut |= walk.is_cut and lane not in self._over
        return rows

    def _walk(self, ask: Ask) -> Walk:
        return self._walks.get((ask.webhook_id, ask.lane), Walk())

    async def _claim_probes(self, connection: AsyncConnection, half_open: list[DueWebhook], now: datetime) -> None:
        chosen = self._next_half_open(half_open)
        standings = await store.take(connection, [one.id for one in chosen]) if chosen else {}
        for one in chosen:
            if one.id in standings:
                await self._claim_probe(connection, one, standings[one.id], now)

    def _next_half_open(self, half_open: list[DueWebhook]) -> list[DueWebhook]:
        """Choose those that come after the last ones, in a circle: some may have nothing that can be sent now."""
        ahead = [one for one in half_open if one.id > self._probed_to]
        chosen = [*ahead, *(one for one in half_open if one.id <= self._probed_to)][:_PROBES_PER_CYCLE]
        self._probed_to = chosen[-1].id if chosen else ""
        return chosen

    async def _claim_probe(
        self, connection: AsyncConnection, one: DueWebhook, standing: Standing, now: datetime
    ) -> None:
        """Claim one delivery of a webhook whose breaker is half-open, and open it for as long as that may take."""
        if standing.breaker.until is None or standing.breaker.until > now:
            return  # another worker was there first
        if not self._targets.breakers[one.id].enabled:
            await store.set_breaker(connection, one.id, CLOSED)
            return
        for lane in one.lanes if self._limits.asks([one], self._targets) else ():
            if await self._claim(connection, [Ask(one.id, lane, 1)], now):
                self._probes[one.id] = self._taken[-1].id
                until = now + self._targets[one.id].timeout + _PROBE_MARGIN
                await store.set_breaker(connection, one.id, Breaker(until, standing.breaker.trips))
                return
