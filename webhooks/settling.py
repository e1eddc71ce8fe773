"""Writing back what came of deliveries: their state, the log, their webhooks' counters, and what follows from it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.breaker import BreakerState, breaker_state
from store import claims as claim_store
from store import deliveries as store
from store import health as health_store
from store.claims import Claimed, Lane, Standing
from store.pages import Row
from webhooks.attempt import Attempted
from webhooks.breakers import Breakers
from webhooks.claiming import Claimer
from webhooks.columns import Columns
from webhooks.disabling import consequences
from webhooks.limits import Limits
from webhooks.observer import Finished
from webhooks.targets import Targets

_WRITTEN_AT_ONCE = 2048
_RENDERED_AT_ONCE = 512  # more would keep other tasks waiting
_FIRST, _RETRY = int(Lane.FIRST), int(Lane.RETRY)


class Settler:
    """Settles what one worker has attempted, in the transactions that it is given.

    Args:
        worker_id: Whose claims they are.
        columns: Opens the secrets of webhooks.
        targets: The webhooks as the worker knows them.
        limits: They learn from every attempt.
        breakers: They judge by every attempt.
        claimer: Knows which delivery was a probe.
        give_back: Called with a webhook to which nothing more is to be sent now.

    """

    def __init__(
        self,
        worker_id: str,
        columns: Columns,
        targets: Targets,
        limits: Limits,
        *,
        breakers: Breakers,
        claimer: Claimer,
        give_back: Callable[[str], None],
    ) -> None:
        self._worker_id = worker_id
        self._columns = columns
        self._targets = targets
        self._limits = limits
        self._breakers = breakers
        self._claimer = claimer
        self._give_back = give_back

    async def settle(
        self, connection: AsyncConnection, finished: list[Finished], returned: list[Claimed], *, doubtful: bool
    ) -> None:
        """Write back what has finished, and give back what is not to be sent.

        Args:
            connection: In a writing transaction.
            finished: Deliveries with their attempts.
            returned: Deliveries that were claimed and not attempted.
            doubtful: Whether the last commit was not answered: some of it may be written already.

        """
        if not finished and not returned:
            return
        changed = {row.webhook_id for row in returned}.union(row.webhook_id for row, _ in finished)
        standings = await claim_store.lock(connection, changed)
        await claim_store.give_back(connection, self._worker_id, [row.id for row in returned])
        finished = await self._unwritten(connection, finished) if doubtful else finished
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

    async def _unwritten(self, connection: AsyncConnection, finished: list[Finished]) -> list[Finished]:
        """Leave out what a commit that was not answered has written after all.

        If that is still under way, whoever locks the webhooks waits for its end: so this is asked with the locks held.
        """
        written = await store.logged(connection, [row.id for row, _ in finished])
        return [one for one in finished if (one[0].id, one[1].number, one[1].started) not in written]

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

    def _result(self, row: Claimed, made: Attempted) -> Row:
        local = made.result.status != "delivered" and made.is_local
        return {
            "finished_id": row.id,
            "by": self._worker_id,
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
