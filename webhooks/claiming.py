"""Claiming what is due: fair shares of the closed breakers' webhooks, one delivery of each half-open one."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.breaker import CLOSED, Breaker
from store import claims as store
from store.claims import Ask, Claimed, DueWebhook, Lane, Standing
from webhooks.limits import Limits
from webhooks.targets import Targets

_CHEAP_SCAN_SECONDS = 0.005
_SCAN_PAUSES = 4
_PROBES_PER_CYCLE = 32
_PROBE_MARGIN = timedelta(seconds=10)


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
        self._after: dict[str, str] = {}
        self._probes: dict[str, str] = {}
        self._taken: list[store.ClaimedRow] = []

    @property
    def seconds_to_scan(self) -> float:
        """How long what has become due since the last scan stays unseen; 0 or less when the next claim sees it."""
        return self._scan_at - time.monotonic()

    async def claim(self, connection: AsyncConnection) -> list[Claimed]:
        """Claim what is due and may be claimed now; `keep` it after the commit, `undo` it without one."""
        now = datetime.now(UTC)
        known = await self._due(connection, now)
        if not known:
            return []
        await self._targets.refresh(connection, {one.id: one.updated_at for one in known})
        due = [one for one in known if self._targets[one.id].active]
        await self._claim_probes(connection, [one for one in due if one.breaker_until is not None], now)
        await self._claim_shares(connection, [one for one in due if one.breaker_until is None], now)
        claimed = await store.with_events(connection, self._taken)
        self._limits.weigh([len(one.payload) for one in claimed])
        return claimed

    def keep(self) -> None:
        """Let the last claims stand."""
        self._taken = []

    def undo(self) -> None:
        """Forget the last claims."""
        for row in self._taken:
            self._limits.end(self._targets[row.webhook_id], row.lane, 1)
        self._taken = []

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
            drained |= {(ask.webhook_id, ask.lane) for ask in asks if claimed[ask.webhook_id, ask.lane] < ask.limit}
            due = [one for one in due if one.id in filled]
            if not due or not self._limits.left:
                break
        if drained and self._scan_at:
            self._forget(drained)

    async def _possible(self, connection: AsyncConnection, asks: list[Ask]) -> list[Ask]:
        """Lock the webhooks whose ordered lane is asked for; leave out those that another worker has locked."""
        ordered = {ask.webhook_id for ask in asks if ask.lane is Lane.ORDERED}
        if not ordered:
            return asks
        mine = await store.take(connection, ordered)
        return [ask for ask in asks if ask.lane is not Lane.ORDERED or ask.webhook_id in mine]

    def _forget(self, drained: set[tuple[str, Lane]]) -> None:
        """Strike what was found to be empty from what the last scan found."""
        self._known = [
            one._replace(lanes=lanes)
            for one in self._known
            if (lanes := tuple([lane for lane in one.lanes if (one.id, lane) not in drained]))
        ]

    async def _claim(self, connection: AsyncConnection, asks: list[Ask], now: datetime) -> Counter[tuple[str, int]]:
        """Claim what is asked for; returns how much of it there was, by webhook and lane."""
        rows = await store.claim(
            connection, self._worker_id, [ask for ask in asks if ask.lane is not Lane.ORDERED], now
        )
        for ask in asks:
            if ask.lane is Lane.ORDERED:
                rows += await self._claim_ordered(connection, ask, now)
        claimed = Counter((row.webhook_id, row.lane) for row in rows)
        for (webhook_id, lane), count in claimed.items():
            self._limits.start(self._targets[webhook_id], lane, count)
        self._taken += rows
        return claimed

    async def _claim_ordered(self, connection: AsyncConnection, ask: Ask, now: datetime) -> list[store.ClaimedRow]:
        after = self._after.get(ask.webhook_id, "")
        rows, self._after[ask.webhook_id] = await store.claim_ordered(
            connection, self._worker_id, ask.webhook_id, limit=ask.limit, now=now, after=after
        )
        return rows

    async def _claim_probes(self, connection: AsyncConnection, half_open: list[DueWebhook], now: datetime) -> None:
        chosen = half_open[:_PROBES_PER_CYCLE]
        standings = await store.take(connection, [one.id for one in chosen]) if chosen else {}
        for one in chosen:
            if one.id in standings:
                await self._claim_probe(connection, one, standings[one.id], now)

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
