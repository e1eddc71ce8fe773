"""Simulations: the measured settings, one cell under load, and a small fleet with everything that befalls it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bench.fleet.cell import Cell, Hosts, Layout
from bench.fleet.clock import Clock, Steps
from bench.fleet.cores import Cores, Others, Process
from bench.fleet.costs import Costs, Observation
from bench.fleet.endpoint import PROMPT, Elsewhere, Receiver
from bench.fleet.queue import Delivery, Hook, Queue
from bench.fleet.router import Router
from bench.fleet.traffic import Draw, Mix, hooks_of, zipf

_BACKLOG = 12_000
_FIRST, _LAST = 0.1, 0.9
_WARM_SECONDS = 2.0
_LONGEST_SECONDS = 600.0
_STAGE = Layout(1, 1, 1.0, 1.0, 1.0, max_connections=1000)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that so large a share is not above; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation gave.

    Attributes:
        rate: Deliveries settled per second.
        p50: Median seconds from enqueueing to the answer.
        p99: The 99th percentile.
        worker_use: The share of the workers' cores that was used.
        postgres_use: The same of the database's.
        backlog: What was due at the end.
        lost: Deliveries that are nowhere; always 0.
        wal_bytes: WAL written, per second.
        flushes: Flushes of the disk, per second.
        connections: Open at the end.

    """

    rate: float
    p50: float
    p99: float
    worker_use: float
    postgres_use: float
    backlog: int
    lost: int
    wal_bytes: float
    flushes: float
    connections: int


def predicted(costs: Costs, run: Observation, *, seed: int = 1) -> Outcome:
    """Simulate what was measured: all processes on the same cores, with what else ran there."""
    clock, rng = Clock(), Random(seed)
    cores = Cores(clock, costs.cores)
    Others(clock, cores, min(run.elsewhere, 0.95 * costs.cores), rng)
    receiver = Receiver(clock, Process(clock, cores), costs.receiver_per_delivery)
    layout = Layout(run.workers, 1, cores.number, cores.number, cores.number, max_connections=1000)
    hosts = Hosts.shared(cores)
    cell = Cell(clock, costs, layout, hosts, receiver, rng, ingest_cpu=(costs.producer, costs.producer_postgres))
    hooks = [Hook(f"wh{number:06}", f"ws{number:06}", PROMPT) for number in range(run.webhooks)]
    for hook in hooks:
        cell.queue.adopt(hook)
    return _paced(clock, cell, hooks, run, rng) if run.offered else _drained(clock, cell, hooks)


def _drained(clock: Clock, cell: Cell, hooks: Sequence[Hook]) -> Outcome:
    for number in range(_BACKLOG):
        cell.queue.add(Delivery(number, hooks[number % len(hooks)], 0.0))
    cell.queue.accepted = _BACKLOG
    cell.start()
    clock.run_while(lambda: cell.queue.delivered < _FIRST * _BACKLOG, _LONGEST_SECONDS)
    start = Reading.of(cell)
    clock.run_while(lambda: cell.queue.delivered < _LAST * _BACKLOG, _LONGEST_SECONDS)
    return start.outcome(cell, with_latency=False)


def _paced(clock: Clock, cell: Cell, hooks: Sequence[Hook], run: Observation, rng: Random) -> Outcome:
    cell.start()

    def bring() -> Steps:
        while True:
            yield clock.sleep(rng.expovariate(run.offered))
            cell.accept(rng.choice(hooks), _unwanted)

    clock.spawn(bring())
    clock.run(_WARM_SECONDS)
    start = Reading.of(cell)
    clock.run(_WARM_SECONDS + max(10.0, 1000 / run.offered))
    return start.outcome(cell)


def _unwanted(hook: Hook) -> None:
    raise RuntimeError(f"the cell refused an event for {hook.id}")


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters of a cell at one moment."""

    at: float
    delivered: int
    worker_used: float
    postgres_used: float
    written: float
    flushes: int

    @classmethod
    def of(cls, cell: Cell) -> "Reading":
        """Read them."""
        disk = cell.server.disk
        used = (cell.hosts.workers.used, cell.hosts.postgres.used)
        return cls(cell.clock.now, cell.queue.delivered, *used, disk.written, disk.flushes)

    def outcome(self, cell: Cell, *, with_latency: bool = True) -> Outcome:
        """Return what has happened since."""
        end = Reading.of(cell)
        seconds = end.at - self.at
        latencies = cell.queue.latencies[self.delivered :] if with_latency else []
        return Outcome(
            rate=(end.delivered - self.delivered) / seconds,
            p50=quantile(latencies, 0.5),
            p99=quantile(latencies, 0.99),
            worker_use=(end.worker_used - self.worker_used) / seconds / cell.hosts.workers.number,
            postgres_use=(end.postgres_used - self.postgres_used) / seconds / cell.hosts.postgres.number,
            backlog=cell.queue.backlog,
            lost=cell.queue.lost,
            wal_bytes=(end.written - self.written) / seconds,
            flushes=(end.flushes - self.flushes) / seconds,
            connections=cell.server.connections,
        )


def cell_under_load(
    costs: Costs,
    layout: Layout,
    per_second: float,
    *,
    seconds: float = 6.0,
    workspaces: int = 200,
    skew: float = 1.0,
    mix: Mix | None = None,
    seed: int = 1,
) -> Outcome:
    """Simulate one cell under a steady load.

    Args:
        costs: What things cost.
        layout: What the cell is made of.
        per_second: Events, each with one delivery; they come at random times (Poisson).
        seconds: How long, after two seconds of warming up.
        workspaces: How many there are, each with two webhooks that take turns.
        skew: The exponent of Zipf's law for their sizes.
        mix: How endpoints answer.
        seed: Determines everything random: arrivals, sizes, answers.

    """
    clock, rng = Clock(), Random(seed)
    cell = Cell(clock, costs, layout, Hosts.of(clock, layout), Elsewhere(clock, Random(seed + 1)), rng)
    groups = hooks_of(range(workspaces), mix or Mix(), rng, each=2)
    for hook in (hook for group in groups for hook in group):
        cell.queue.adopt(hook)
    cell.start()
    draw = Draw(zipf(workspaces, skew), rng)

    def bring() -> Steps:
        while True:
            yield clock.sleep(rng.expovariate(per_second))
            cell.accept(rng.choice(groups[draw.number()]), _unwanted)

    clock.spawn(bring())
    clock.run(_WARM_SECONDS)
    start = Reading.of(cell)
    clock.run(_WARM_SECONDS + seconds)
    return start.outcome(cell)


@dataclass(frozen=True, slots=True)
class FleetOutcome:
    """What a fleet went through.

    Attributes:
        offered: Events that callers brought.
        accepted: Those that a cell has stored.
        delivered: Those delivered.
        outside: Those that callers still hold, or the router.
        lost: Those that are nowhere; always 0.
        duplicates: Requests that repeated one which had been answered.
        refused: How often a caller was answered 503.
        drained_after: Seconds from the cell's return until its backlog was gone; NaN when it never was.
        others_p99: The 99th percentile of the latency in cells that neither failed nor took a workspace in.
        moved_seconds: How long the move took, copying included.

    """

    offered: int
    accepted: int
    delivered: int
    outside: int
    lost: int
    duplicates: int
    refused: int
    drained_after: float
    others_p99: float
    moved_seconds: float


def fleet_with_loss(
    costs: Costs,
    layout: Layout,
    per_second: float,
    *,
    cells: int = 3,
    workspaces: int = 60,
    skew: float = 0.6,
    outage_seconds: float = 8.0,
    copy_seconds: float = 3.0,
    seconds: float = 40.0,
    seed: int = 1,
) -> FleetOutcome:
    """Simulate a fleet that loses its first cell for a while, and then moves a workspace from it to another.

    Events come until ten seconds before the end, so that what is open can end. Arguments as in `cell_under_load`;
    `outage_seconds` is how long the cell is away, `copy_seconds` how long the workspace's history takes to copy.
    """
    fleet = _Fleet.of(costs, layout, cells, workspaces, seed)
    clock, first, failed_at = fleet.clock, fleet.cells[0], seconds / 8
    moves: list[float] = []
    clock.spawn(fleet.bring(per_second, Draw(zipf(workspaces, skew), fleet.rng), until=seconds - 10))
    clock.run(failed_at)
    first.fail(outage_seconds)
    clock.run(failed_at + outage_seconds + 1)
    usual = fleet.cells[1].queue.open_now
    drained_at = _drained_at(clock, first.queue, usual, seconds - 10)
    clock.spawn(fleet.move(copy_seconds, moves))
    clock.run(seconds)
    return fleet.outcome(
        drained_after=drained_at - failed_at - outage_seconds, moved_seconds=moves[0] if moves else math.nan
    )


@dataclass(frozen=True, slots=True)
class _Fleet:
    """Cells that have been started, the router before them, and the webhooks of each workspace."""

    clock: Clock
    rng: Random
    cells: Sequence[Cell]
    router: Router
    groups: Sequence[Sequence[Hook]]

    @classmethod
    def of(cls, costs: Costs, layout: Layout, cells: int, workspaces: int, seed: int) -> "_Fleet":
        clock, rng = Clock(), Random(seed)
        endpoints = Elsewhere(clock, Random(seed + 1))
        started = [
            Cell(clock, costs, layout, Hosts.of(clock, layout), endpoints, Random(seed + n)) for n in range(cells)
        ]
        for cell in started:
            cell.start()
        router = Router(clock, started, rng)
        groups = hooks_of(range(workspaces), Mix(0.05, 0.0), rng)
        for hook in (hook for group in groups for hook in group):
            router.settle(hook)
        return cls(clock, rng, started, router, groups)

    def bring(self, per_second: float, draw: Draw, *, until: float) -> Steps:
        """Bring events at random times."""
        while self.clock.now < until:
            yield self.clock.sleep(self.rng.expovariate(per_second))
            self.router.offer(self.rng.choice(self.groups[draw.number()]))

    def move(self, copy_seconds: float, moves: list[float]) -> Steps:
        """Move a workspace from the first cell to the second, and add to `moves` how long that took."""
        router, began = self.router, self.clock.now
        mine = next(group for group in self.groups if router.cell_of(group[0].workspace_id) is self.cells[0])
        yield from router.move(mine, 1, copy_seconds)
        moves.append(self.clock.now - began)

    def outcome(self, *, drained_after: float, moved_seconds: float) -> FleetOutcome:
        router, queues = self.router, [cell.queue for cell in self.cells]
        accepted, outside = sum(queue.accepted for queue in queues), router.outside + router.held
        return FleetOutcome(
            offered=router.offered,
            accepted=accepted,
            delivered=sum(queue.delivered for queue in queues),
            outside=outside,
            lost=sum(queue.lost for queue in queues) + router.offered - outside - accepted,
            duplicates=sum(queue.duplicates for queue in queues),
            refused=router.refused,
            drained_after=drained_after,
            others_p99=quantile([latency for queue in queues[2:] for latency in queue.latencies], 0.99),
            moved_seconds=moved_seconds,
        )


def _drained_at(clock: Clock, queue: Queue, usual: int, latest: float) -> float:
    """Let time pass until a queue is as short as usual; NaN when it was not by the latest moment."""
    clock.run_while(lambda: queue.open_now > 2 * usual + 20, latest)
    return clock.now if queue.open_now <= 2 * usual + 20 else math.nan
