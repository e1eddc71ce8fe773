"""A simulated worker: the cycle of `webhooks.worker`, with the product's own `Limits` deciding what it claims.

How CPU is divided within a cycle is not measured one by one; only the sums are. It moves latencies, not throughput.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple, Protocol

from bench.fleet.clock import Clock, Flag, Steps, Task, Wait
from bench.fleet.cores import Process
from bench.fleet.costs import Costs
from bench.fleet.database import Server
from bench.fleet.endpoint import Answer, Manner
from bench.fleet.queue import EPOCH, Delivery, Hook, Queue
from rules.health import AttemptResult
from rules.outcomes import Cause
from store.claims import Ask, Lane
from webhooks.limits import Limits

CLAIMS = 4096
CLAIMS_PER_WEBHOOK = 2048
SILENCE_SECONDS = 6.0
_BATCH = CLAIMS_PER_WEBHOOK // 8
_POLL_SECONDS = 0.5
GATHER_SECONDS = 0.004
_FAILURES_THAT_PARK = 10
_PARKED_SECONDS = 30.0
_RETRY_SECONDS = (2.0, 4.0, 8.0)
_ROUND_TRIPS = 4  # each of settling and of claiming

_SENDING, _RECEIVING = 0.45, 0.33  # of a worker's CPU for a delivery; the rest is settling and claiming, half and half
WRITING = 1 - _SENDING - _RECEIVING
SETTLING = 0.72  # of PostgreSQL's CPU for a delivery; the rest is claiming


class Exchanging(Protocol):
    """Where requests go."""

    def exchange(self, manner: Manner) -> Wait:
        """Return the wait for an answer."""


class Done(NamedTuple):
    """A delivery after an attempt that is not settled yet."""

    delivery: Delivery
    answer: Answer
    at: float


@dataclass(slots=True)
class Counts:
    """What a worker has done."""

    cycles: int = 0
    settled: int = 0
    touched: int = 0


class SimWorker:
    """Deliver what is due.

    Args:
        name: Tells it from others.
        clock: The time.
        process: Its one thread.
        server: The database's machine; the worker opens one connection for its cycles.
        queue: What is stored there.
        endpoints: Where requests go.
        costs: What things cost.
        rng: For lanes' turns.

    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        process: Process,
        *,
        server: Server,
        queue: Queue,
        endpoints: Exchanging,
        costs: Costs,
        rng: Random,
    ) -> None:
        self.name = name
        self.counts = Counts()
        self.wakeup = Flag(clock)
        self._clock, self._process, self._server = clock, process, server
        self._backend = server.connect()
        self._queue, self._endpoints, self._costs = queue, endpoints, costs
        self._limits = Limits(CLAIMS, CLAIMS_PER_WEBHOOK, rng)
        self._lanes: Counter[str] = Counter()
        self._queued: dict[str, deque[Delivery]] = defaultdict(deque)
        self._finished: list[Done] = []
        self._ended: list[Delivery] = []
        self._tasks: list[Task] = [clock.spawn(self._run())]

    def kill(self) -> None:
        """End as by SIGKILL: what is under way is never settled, and its claims stay until somebody gives them back."""
        for task in self._tasks:
            task.kill()

    def _run(self) -> Steps:
        while True:
            worked = yield from self._cycle()
            if not (worked or self._finished):
                yield self.wakeup.wait(_POLL_SECONDS)
            if any(self._lanes.values()) and len(self._finished) < _BATCH:
                yield self._clock.sleep(GATHER_SECONDS)

    def _cycle(self) -> Any:
        """Write back what has finished and claim what is due; says whether anything was claimed."""
        finished, self._finished = self._finished, []
        self.counts.cycles += 1
        worker, postgres = self._costs.worker, self._costs.postgres
        rest = WRITING / 2
        locked = sorted({one.delivery.webhook.id for one in finished})
        if finished:
            self.counts.touched += len(locked)
            for row in locked:  # two workers that settle one webhook's deliveries take turns
                yield self._server.locks.take(row)
            yield from self._work(
                rest * worker.per_delivery * len(finished) + worker.per_webhook * len(locked) / 2,
                SETTLING * postgres.per_delivery * len(finished) + postgres.per_webhook * len(locked) / 2,
            )
        claimed = self._claim()
        touched = len({one.webhook.id for one in claimed})
        settling = 1 - SETTLING
        yield from self._work(
            worker.per_cycle + rest * worker.per_delivery * len(claimed) + worker.per_webhook * touched / 2,
            postgres.per_cycle + settling * postgres.per_delivery * len(claimed) + postgres.per_webhook * touched / 2,
        )
        if finished or claimed:
            yield self._server.disk.commit(self._costs.wal_per_delivery * (len(finished) + len(claimed)) / 2)
        self._server.locks.release(locked)
        self._settle(finished)
        self._limits.divide_lanes(self._lanes.keys() | {one.webhook.id for one in claimed})
        for one in claimed:
            self._start(one)
        return bool(claimed)

    def _work(self, worker_seconds: float, postgres_seconds: float) -> Steps:
        """Spend CPU at both ends, in turns: each statement is a round trip, during which attempts go on."""
        for _ in range(_ROUND_TRIPS):
            yield self._process.run(worker_seconds / _ROUND_TRIPS)
            yield self._backend.run(postgres_seconds / _ROUND_TRIPS)

    def _claim(self) -> list[Delivery]:
        ended, self._ended = self._ended, []
        for one in ended:
            self._limits.end(_target(one.webhook), one.lane, 1)
        due = self._queue.due(self._clock.now)
        hooks = self._queue.hooks
        claimed: list[Delivery] = []
        for _ in range(2):
            filled = set()
            for ask in self._limits.asks(due, _targets(hooks)):
                taken = self._take(ask)
                claimed += taken
                if len(taken) == ask.limit:
                    filled.add(ask.webhook_id)
            due = [one for one in due if one.id in filled]
            if not due or not self._limits.left:
                break
        return claimed

    def _take(self, ask: Ask) -> list[Delivery]:
        taken = self._queue.claim(self.name, ask.webhook_id, ask.lane, ask.limit)
        self._limits.start(_target(self._queue.hooks[ask.webhook_id]), ask.lane, len(taken))
        return taken

    def _start(self, delivery: Delivery) -> None:
        name = delivery.webhook.id
        self._queued[name].append(delivery)
        if self._lanes[name] < self._limits.lanes(name):
            self._lanes[name] += 1
            self._tasks = [task for task in self._tasks if task.alive] if len(self._tasks) > 4096 else self._tasks
            self._tasks.append(self._clock.spawn(self._lane(delivery.webhook)))

    def _lane(self, hook: Hook) -> Steps:
        cpu = self._costs.worker.per_delivery
        queued = self._queued[hook.id]
        while queued and self._lanes[hook.id] <= self._limits.lanes(hook.id):
            delivery = queued.popleft()
            yield self._process.run(_SENDING * cpu)
            delivery.sent += 1
            answer = yield self._endpoints.exchange(hook.manner)
            yield self._process.run(_RECEIVING * cpu)
            self._finished.append(Done(delivery, answer, self._clock.now))
            self._ended.append(delivery)
            self.wakeup.set()
        self._lanes[hook.id] -= 1
        if not self._lanes[hook.id]:
            del self._lanes[hook.id]

    def _settle(self, finished: Sequence[Done]) -> None:
        claimed = self._queue.claimed[self.name]
        results: dict[str, list[AttemptResult]] = defaultdict(list)
        for one in finished:
            delivery, hook = one.delivery, one.delivery.webhook
            results[hook.id].append(_result(one))
            claimed.pop(delivery.id)
            delivery.attempts += 1
            self.counts.settled += 1
            if one.answer.delivered:
                hook.failures = 0
                self._queue.delivered += 1
                self._queue.duplicates += delivery.sent - delivery.attempts
                self._queue.latencies.append(one.at - delivery.created)
                self._queue.settled_at.append(self._clock.now)
            else:
                self._fail(delivery, hook)
        for name, those in results.items():
            self._limits.learn(name, those)

    def _fail(self, delivery: Delivery, hook: Hook) -> None:
        hook.failures += 1
        if hook.failures >= _FAILURES_THAT_PARK:
            hook.parked_until = self._clock.now + _PARKED_SECONDS
        if delivery.attempts > len(_RETRY_SECONDS):
            self._queue.failed += 1
            return
        delivery.lane = Lane.RETRY
        self._queue.schedule(delivery)
        self._clock.after(_RETRY_SECONDS[delivery.attempts - 1], _again, delivery)


def _again(delivery: Delivery) -> None:
    home = delivery.webhook.home
    if home is not None:  # where the webhook lives by now
        home.unschedule(delivery)


def _target(hook: Hook) -> Any:
    return hook  # `Limits` reads of a target what a hook has, too


def _targets(hooks: Mapping[str, Hook]) -> Any:
    return hooks


def _result(done: Done) -> AttemptResult:
    took, at = int(done.answer.seconds * 1000), EPOCH + timedelta(seconds=done.at)
    if done.answer.delivered:
        return AttemptResult("delivered", took, at)
    return AttemptResult("retrying", took, at, "timed out", Cause.RESPONSE_TIMEOUT)
