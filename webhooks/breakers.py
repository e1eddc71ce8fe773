"""The circuit breakers of a worker's webhooks: their states are in the rows, the share of failures is its own count."""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from rules.breaker import Breaker, BreakerPolicy, after_attempts
from rules.failure_share import NOTHING, Tally, counted
from store.claims import Standing


class Breakers:
    """Decides about breakers after attempts.

    Each worker counts the attempts that it has made itself. Those of one endpoint are spread over the workers without
    a pattern, so each has a fair sample, and whoever sees too many failures opens the breaker for all.

    Args:
        rng: Where the jitter of cool-downs comes from.

    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._tallies: dict[str, Tally] = {}

    def judge(
        self,
        webhook_id: str,
        policy: BreakerPolicy,
        standing: Standing,
        delivered: Sequence[bool],
        *,
        probed: bool,
        now: datetime,
    ) -> Breaker:
        """Decide what becomes of a webhook's breaker; see `rules.breaker.after_attempts`."""
        return after_attempts(
            policy,
            standing.breaker,
            delivered,
            failures_before=standing.consecutive_failures,
            tally=self._count(webhook_id, policy, standing, delivered, now),
            probed=probed,
            now=now,
            rng=self._rng,
        )

    def _count(
        self, webhook_id: str, policy: BreakerPolicy, standing: Standing, delivered: Sequence[bool], now: datetime
    ) -> Tally:
        """Count attempts; what ends while the breaker is open says nothing about the time after."""
        if standing.breaker.until is not None or not policy.enabled:
            self._tallies.pop(webhook_id, None)
            return NOTHING
        tally = counted(self._tallies.get(webhook_id, NOTHING), delivered, now=now, window=policy.window)
        self._tallies[webhook_id] = tally
        return tally
