"""10 000, 100 000 and a million deliveries per second: what they need, and what gives way first."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bench.fleet.capacity import DAY, Capacity
from bench.fleet.cell import POOL_SIZE, Layout
from bench.fleet.endpoint import PROMPT, SLOW
from bench.fleet.simulate import Outcome, cell_under_load
from bench.fleet.traffic import Mix, zipf

RATES = (10_000, 100_000, 1_000_000)
DELIVERIES_PER_WORKSPACE = 10  # per second, in the mean
SKEW = 1.0
BY_HAND = 0.02  # a workspace with more than this share of a cell is placed by hand, the others by their hash
ROUTER_REQUESTS_PER_CORE = 20_000  # of a plain HTTP proxy; assumed
PORTS = 28_232  # net.ipv4.ip_local_port_range of Linux
_MIX = Mix()
_TLS_OVERHEAD = 1.15  # records, TCP and IP headers, acknowledgements; assumed
_SIMULATED_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one rate needs.

    Attributes:
        rate: Deliveries per second, all cells together; one for each event.
        cells: How many, for the workspaces that fit into one.
        giants: How many workspaces do not.
        giant_cells: How many cells those would fill if they could be divided, which they cannot yet.
        largest_share: The largest workspace's share of all.
        layout: Of a mean cell.
        cell_rate: Deliveries per second of a mean cell.
        hashed: The hottest cell over the mean when every workspace is placed by its hash.
        balanced: The same when the largest are placed by hand.
        by_hand: How many those are.
        mean: The simulation of a mean cell.
        hottest: The simulation of the hottest cell, by hand.
        disk_per_day: Bytes, all cells together.
        egress_bits: Per second, all cells together.
        sockets: Requests under way at one time.

    """

    rate: int
    cells: int
    giants: int
    giant_cells: int
    largest_share: float
    layout: Layout
    cell_rate: float
    hashed: float
    balanced: float
    by_hand: int
    mean: Outcome
    hottest: Outcome
    disk_per_day: float
    egress_bits: float
    sockets: float

    @property
    def cores(self) -> float:
        """Cores of all cells."""
        layout = self.layout
        return (self.cells + self.giant_cells) * (layout.workers + layout.servers + layout.postgres_cores)

    @property
    def connections(self) -> int:
        """Connections to the database of a cell, as the simulation's cell opens them at most."""
        return self.layout.workers * 2 + self.layout.servers * (POOL_SIZE + 1)


def step(capacity: Capacity, rate: int, *, seed: int = 1) -> Step:
    """Compute and simulate what a rate needs."""
    limit = capacity.first_limit[1]
    shares = zipf(max(1, rate // DELIVERIES_PER_WORKSPACE), SKEW)
    giants = [share for share in shares if share * rate > limit]
    rest = shares[len(giants) :]
    cells = -int(-sum(rest) * rate // limit)
    cell_rate = sum(rest) * rate / cells
    hashed, _ = _hottest(rest, cells, 1.0, Random(seed))
    balanced, by_hand = _hottest(rest, cells, BY_HAND, Random(seed))
    layout = capacity.layout(cell_rate)
    mean, hottest = (
        cell_under_load(capacity.costs, layout, load, seconds=_SIMULATED_SECONDS, mix=_MIX, seed=seed)
        for load in (cell_rate, cell_rate * balanced)
    )
    return Step(
        rate=rate,
        cells=cells,
        giants=len(giants),
        giant_cells=sum(-int(-share * rate // limit) for share in giants),
        largest_share=shares[0],
        layout=layout,
        cell_rate=cell_rate,
        hashed=hashed,
        balanced=balanced,
        by_hand=by_hand,
        mean=mean,
        hottest=hottest,
        disk_per_day=rate * DAY * capacity.stored_bytes,
        egress_bits=rate * 8 * capacity.costs.request_bytes * _TLS_OVERHEAD,
        sockets=rate * mean_exchange_seconds(_MIX),
    )


def mean_exchange_seconds(mix: Mix) -> float:
    """Return how long an exchange takes in the mean; hanging webhooks are parked, and count nothing."""
    return (1 - mix.slow) * PROMPT.mean_seconds + mix.slow * SLOW.mean_seconds


def _hottest(shares: Sequence[float], cells: int, by_hand: float, rng: Random) -> tuple[float, int]:
    """Place workspaces and return the hottest cell's load over the mean, and how many were placed by hand.

    Args:
        shares: Of each workspace, the largest first.
        cells: How many cells there are.
        by_hand: Workspaces with more than this share of a cell's load go to the cell that has least; 1 for none.
        rng: Stands for the hash of the others.

    """
    mean = sum(shares) / cells
    loads = [0.0] * cells
    large = [share for share in shares if share > by_hand * mean] if by_hand < 1 else []
    for share in shares[len(large) :]:
        loads[rng.randrange(cells)] += share
    heapq.heapify(loads)
    for share in large:
        heapq.heapreplace(loads, loads[0] + share)
    return max(loads) / mean, len(large)


@dataclass(frozen=True, slots=True)
class Point:
    """One load of a cell, and what became of it."""

    per_second: float
    outcome: Outcome


def curve(capacity: Capacity, layout: Layout, rates: Sequence[float], *, seed: int = 1) -> list[Point]:
    """Simulate one cell under several loads."""
    return [
        Point(rate, cell_under_load(capacity.costs, layout, rate, seconds=2.0, mix=_MIX, seed=seed)) for rate in rates
    ]
