"""How many deliveries a webhook may start now: its share of the free slots, its in-flight cap, its rate limit."""

import time
from collections import Counter
from collections.abc import Mapping

from webhooks.request import Target

_BURST_SECONDS = 1.0


class Limits:
    """Slots and token buckets of one worker.

    Args:
        slots: Attempts in flight at once, over all webhooks.
        slots_per_webhook: The same for a webhook that sets no `max_in_flight`.

    """

    def __init__(self, slots: int, slots_per_webhook: int) -> None:
        self.in_flight: Counter[str] = Counter()
        self._slots = slots
        self._slots_per_webhook = slots_per_webhook
        self._tokens: dict[str, tuple[float, float]] = {}

    @property
    def free(self) -> int:
        """Return how many more attempts may be started."""
        return self._slots - self.in_flight.total()

    def shares(self, targets: Mapping[str, Target]) -> dict[str, int]:
        """Divide the free slots evenly among webhooks, each within its own limits; what is left over is not spent."""
        if not targets or self.free <= 0:
            return {}
        fair = max(1, self.free // len(targets))
        shares = {id_: min(fair, self._allowed(target)) for id_, target in targets.items()}
        return {id_: share for id_, share in shares.items() if share > 0}

    def start(self, target: Target) -> None:
        """Count an attempt as started."""
        self.in_flight[target.id] += 1
        if target.rate_limit_per_second is not None:
            tokens, at = self._tokens.get(target.id, (0.0, 0.0))
            self._tokens[target.id] = (tokens - 1, at)

    def end(self, webhook_id: str) -> None:
        """Count an attempt as ended."""
        self.in_flight[webhook_id] -= 1
        if self.in_flight[webhook_id] <= 0:
            del self.in_flight[webhook_id]

    def _allowed(self, target: Target) -> int:
        free = (target.max_in_flight or self._slots_per_webhook) - self.in_flight[target.id]
        if target.rate_limit_per_second is None:
            return free
        return min(free, int(self._refill(target.id, target.rate_limit_per_second)))

    def _refill(self, webhook_id: str, rate: float) -> float:
        now = time.monotonic()
        most = max(1.0, rate * _BURST_SECONDS)
        tokens, at = self._tokens.get(webhook_id, (most, now))
        tokens = min(most, tokens + (now - at) * rate)
        self._tokens[webhook_id] = (tokens, now)
        return tokens
