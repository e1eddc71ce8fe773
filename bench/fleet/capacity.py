"""What one cell can carry, in closed form: each limit by itself, from the measured costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.fleet.cell import POOL_SIZE, Layout
from bench.fleet.costs import Costs
from bench.fleet.traffic import zipf
from bench.fleet.worker import GATHER_SECONDS, WRITING

DAY = 86_400
_NOTIFIES_PER_SECOND = 100  # of each server at most
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a cell is given, and how much of it may be used. None of this is measured; change it to yours.

    Attributes:
        postgres_cores: Cores of the database's host, as fast as the measured ones.
        use: The share of cores that is used in the mean, so that bursts and a lost host leave room.
        disk_bytes: Of the database's host.
        disk_use: The share of it that tables may fill; the rest is WAL, bloat and room to rebuild an index.
        wal_bytes_per_second: What the disk takes for long.
        max_connections: Of PostgreSQL.
        retention_days: HOOKWRIGHT_RETENTION_DAYS.
        events_per_request: How many events callers send at a time.
        prune_rows_per_second: How fast old rows go (docs/operations.md: 50 000 in three seconds).
        webhooks: Busy webhooks in a cell, their sizes by Zipf's law.

    """

    postgres_cores: int = 8
    use: float = 0.6
    disk_bytes: float = 20e12
    disk_use: float = 0.7
    wal_bytes_per_second: float = 300e6
    max_connections: int = 500
    retention_days: int = 30
    events_per_request: int = 10
    prune_rows_per_second: float = 50_000 / 3
    webhooks: int = 400


@dataclass(frozen=True)
class Capacity:
    """The limits of one cell."""

    costs: Costs
    hardware: Hardware = Hardware()

    @cached_property
    def _shares(self) -> Sequence[float]:
        return zipf(self.hardware.webhooks, 1.0)

    def touched(self, batch: float) -> float:
        """Return how many webhooks differ among a batch of so many deliveries."""
        missed: float = sum((1 - share) ** batch for share in self._shares)
        return len(self._shares) - missed

    def cycle_seconds(self, per_second: float) -> float:
        """Return the time from one cycle of a worker to its next, at so many deliveries per second."""
        worker, postgres = self.costs.worker, self.costs.postgres
        fixed = GATHER_SECONDS + worker.per_cycle + postgres.per_cycle + self.costs.commit_seconds
        per_row = WRITING * worker.per_delivery + postgres.per_delivery
        seconds = fixed
        for _ in range(_STEPS):
            batch = per_second * seconds
            seconds = fixed + batch * per_row + self.touched(batch) * (worker.per_webhook + postgres.per_webhook)
        return seconds

    def worker_use(self, per_second: float) -> float:
        """Return how much of what it can get of its core a worker uses at so many deliveries per second."""
        period = self.cycle_seconds(per_second)
        batch = per_second * period
        return self.costs.worker.of(batch, 1, self.touched(batch)) / period / self.costs.core_share

    @cached_property
    def worker_rate(self) -> float:
        """Deliveries per second of a worker that uses as much of its core as it may."""
        low, high = 0.0, 1 / self.costs.worker.per_delivery
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.worker_use(middle) < self.hardware.use else (low, middle)
        return low

    @property
    def server_rate(self) -> float:
        """Events per second of a server process that uses as much of its core as it may."""
        events = self.hardware.events_per_request
        return self.hardware.use * events / self.costs.api.of(events)

    @property
    def postgres_cpu(self) -> float:
        """CPU seconds of the database for one event with one delivery, workers at their rate."""
        rate, events = self.worker_rate, self.hardware.events_per_request
        batch = rate * self.cycle_seconds(rate)
        cycle = self.costs.postgres.of(batch, 1, self.touched(batch)) / batch
        ringing = _NOTIFIES_PER_SECOND * self.costs.notify_cpu / self.server_rate
        return cycle + self.costs.postgres_ingest.of(events) / events + self.costs.upkeep_per_delivery + ringing

    @property
    def stored_bytes(self) -> float:
        """Bytes of an event with one delivery and one attempt, indexes and dead versions included."""
        costs = self.costs
        return costs.event_bytes + costs.delivery_bytes * costs.delivery_bloat + costs.attempt_bytes

    @property
    def wal_bytes(self) -> float:
        """Bytes of WAL of an event with one delivery, from intake to settled."""
        return self.costs.wal_per_event + self.costs.wal_per_delivery

    @property
    def connections_per_delivery(self) -> float:
        """Connections for each delivery per second."""
        return self.costs.worker_connections / self.worker_rate + (POOL_SIZE + 1) / self.server_rate

    @cached_property
    def limits(self) -> dict[str, float]:
        """Deliveries per second of one cell by each limit alone."""
        hardware = self.hardware
        return {
            "disk at the retention": hardware.disk_use
            * hardware.disk_bytes
            / (hardware.retention_days * DAY * self.stored_bytes),
            "pruning old rows": hardware.prune_rows_per_second / 2,  # events and deliveries; attempts go by the day
            "CPU of PostgreSQL": hardware.use * hardware.postgres_cores / self.postgres_cpu,
            "WAL to the disk": hardware.use * hardware.wal_bytes_per_second / self.wal_bytes,
            "connections": hardware.use * hardware.max_connections / self.connections_per_delivery,
        }

    @property
    def first_limit(self) -> tuple[str, float]:
        """The limit that is hit first, and where."""
        return min(self.limits.items(), key=lambda item: item[1])

    def layout(self, per_second: float) -> Layout:
        """Return what a cell needs for a load."""
        workers = max(2, -int(-per_second // self.worker_rate))  # two, so that one may die
        servers = max(2, -int(-per_second // self.server_rate))
        return Layout(
            workers=workers,
            servers=servers,
            postgres_cores=self.hardware.postgres_cores,
            worker_cores=workers,
            server_cores=servers,
            events_per_request=self.hardware.events_per_request,
            max_connections=self.hardware.max_connections,
        )
