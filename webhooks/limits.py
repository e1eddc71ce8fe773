"""How many deliveries of a webhook may be claimed now: its fair share, its in-flight cap, its rate limit."""

import time
from collections import Counter
from collections.abc import Mapping

from webhooks.request import Target

_BURST_SECONDS = 1.0


LANES = 64
_LEAST_SHARE = 8


class Limits:
    """What one worker has claimed, and the token buckets of webhooks with a rate limit.

    Args:
        claims: Deliveries claimed at once, over all webhooks. It may be exceeded by a few of each webhook, so that
            webhooks that hang cannot keep the others from being claimed at all.
        claims_per_webhook: The same for one webhook.

    """

    def __init__(self, claims: int, claims_per_webhook: int) -> None:
        self.claimed: Counter[str] = Counter()
        self._claims = claims
        self._claims_per_webhook = claims_per_webhook
        self._tokens: dict[str, tuple[float, float]] = {}

    def shares(self, targets: Mapping[str, Target]) -> dict[str, int]:
        """Divide what is left evenly among webhooks, each within its own limits; what one leaves over is not spent."""
        if not targets:
            return {}
        left = self._claims - self.claimed.total()
        fair = max(_LEAST_SHARE, left // len(targets))
        shares = {id_: min(fair, self._allowed(target)) for id_, target in targets.items()}
        return {id_: share for id_, share in shares.items() if share > 0}

    def start(self, target: Target) -> None:
        """Count a delivery as claimed."""
        self.claimed[target.id] += 1
        if target.rate_limit_per_second is not None:
            tokens, at = self._tokens.get(target.id, (0.0, 0.0))
            self._tokens[target.id] = (tokens - 1, at)

    def end(self, webhook_id: str) -> None:
        """Count a claimed delivery as done with."""
        self.claimed[webhook_id] -= 1
        if self.claimed[webhook_id] <= 0:
            del self.claimed[webhook_id]

    def _allowed(self, target: Target) -> int:
        most = self._claims_per_webhook if target.max_in_flight is None else target.max_in_flight
        free = most - self.claimed[target.id]
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
