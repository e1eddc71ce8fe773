"""The simulated queue: deliveries by webhook and lane, who has claimed what, and an account of all of them."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.fleet.endpoint import Manner
from store.claims import DueWebhook, Lane

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Delivery:
    """One event on its way to one webhook.

    Attributes:
        id: Counts up.
        webhook: Where to.
        created: When it was taken in.
        sent: How many requests have reached the endpoint.
        attempts: How many have been settled.

    """

    id: int
    webhook: "Hook"
    created: float
    sent: int = 0
    attempts: int = 0
    lane: Lane = Lane.FIRST


@dataclass(slots=True, eq=False)
class Hook:
    """A webhook as `webhooks.limits` sees it, how its endpoint answers, and until when its circuit breaker is open."""

    id: str
    workspace_id: str
    manner: Manner
    rate_limit_per_second: float | None = None
    max_in_flight: int | None = None
    parked_until: float = 0.0
    failures: int = 0
    scheduled: int = 0
    home: "Queue | None" = None
    due: dict[Lane, deque[Delivery]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def open(self) -> int:
        """How many deliveries are due or scheduled."""
        return self.scheduled + sum(map(len, self.due.values()))


@dataclass(slots=True)
class Queue:
    """What is stored in one cell.

    Attributes:
        hooks: Every webhook by id.
        claimed: What each worker has claimed, by delivery id.
        scheduled: How many wait for a later attempt.
        accepted: How many were ever stored.
        delivered: How many have been settled as delivered.
        failed: How many have been given up.
        duplicates: How many requests reached an endpoint that had answered the same delivery before.
        latencies: Seconds from `created` to the answer of each delivered one, in the order of settling.
        settled_at: When each of them was settled.

    """

    hooks: dict[str, Hook] = field(default_factory=dict)
    claimed: dict[str, dict[int, Delivery]] = field(default_factory=lambda: defaultdict(dict))
    waiting: dict[str, Hook] = field(default_factory=dict)
    scheduled: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    duplicates: int = 0
    latencies: list[float] = field(default_factory=list)
    settled_at: list[float] = field(default_factory=list)

    def add(self, delivery: Delivery) -> None:
        """Make a delivery due."""
        delivery.webhook.due[delivery.lane].append(delivery)
        self.waiting[delivery.webhook.id] = delivery.webhook

    def give_back(self, delivery: Delivery) -> None:
        """Make a delivery due again, before all others."""
        delivery.webhook.due[delivery.lane].appendleft(delivery)
        self.waiting[delivery.webhook.id] = delivery.webhook

    def adopt(self, hook: Hook) -> None:
        """Take a webhook in, with what it has due and scheduled."""
        if hook.home is not None:
            open_ = hook.open
            hook.home.accepted -= open_
            hook.home.scheduled -= hook.scheduled
            del hook.home.hooks[hook.id]
            hook.home.waiting.pop(hook.id, None)
            self.accepted += open_
            self.scheduled += hook.scheduled
        hook.home = self
        self.hooks[hook.id] = hook
        self.waiting[hook.id] = hook

    def schedule(self, delivery: Delivery) -> None:
        """Let a delivery wait for a later attempt."""
        delivery.webhook.scheduled += 1
        self.scheduled += 1

    def unschedule(self, delivery: Delivery) -> None:
        """Make it due."""
        delivery.webhook.scheduled -= 1
        self.scheduled -= 1
        self.add(delivery)

    def due(self, now: float) -> list[DueWebhook]:
        """List the webhooks that have something due, without those whose breaker is open."""
        found = []
        for hook in list(self.waiting.values()):
            lanes = tuple([lane for lane, those in hook.due.items() if those])
            if not lanes:
                del self.waiting[hook.id]
            elif hook.parked_until <= now:
                found.append(DueWebhook(hook.id, hook.workspace_id, EPOCH, None, lanes))
        return found

    def claim(self, worker: str, webhook: str, lane: Lane, limit: int) -> list[Delivery]:
        """Claim up to `limit` deliveries, the oldest first."""
        those = self.hooks[webhook].due[lane]
        taken = [those.popleft() for _ in range(min(limit, len(those)))]
        self.claimed[worker].update((one.id, one) for one in taken)
        return taken

    def release(self, worker: str) -> int:
        """Give back what a worker holds that is gone; returns how many."""
        held = self.claimed.pop(worker, {})
        for one in reversed(held.values()):
            self.give_back(one)
        return len(held)

    @property
    def backlog(self) -> int:
        """How many are due."""
        return sum(len(those) for hook in self.waiting.values() for those in hook.due.values())

    @property
    def open_now(self) -> int:
        """How many are due or claimed."""
        return self.backlog + self.under_way

    @property
    def under_way(self) -> int:
        """How many are claimed."""
        return sum(map(len, self.claimed.values()))

    @property
    def lost(self) -> int:
        """How many are nowhere: not due, claimed or scheduled, and not ended. It must always be 0."""
        ended = self.delivered + self.failed
        return self.accepted - ended - self.backlog - self.under_way - self.scheduled
