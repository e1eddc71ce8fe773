"""What things cost, as measured, and the file that the figures are kept in."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("costs.json")


@dataclass(frozen=True, slots=True)
class Work:
    """CPU seconds of one process: so much for each delivery, each cycle, and each webhook that a cycle touches."""

    per_delivery: float
    per_cycle: float
    per_webhook: float

    def of(self, deliveries: float, cycles: float = 1, webhooks: float = 0) -> float:
        """Return the CPU seconds of some work."""
        return self.per_delivery * deliveries + self.per_cycle * cycles + self.per_webhook * webhooks


@dataclass(frozen=True, slots=True)
class Ingest:
    """CPU seconds of one process: so much for each request and for each event in it."""

    per_request: float
    per_event: float

    def of(self, events: float) -> float:
        """Return the CPU seconds of one request."""
        return self.per_request + self.per_event * events


@dataclass(frozen=True, slots=True)
class Costs:
    """Everything that the model knows of the real thing.

    Attributes:
        machine: Where it was measured.
        date: When, ISO 8601.
        postgres_version: Which PostgreSQL.
        cores: Cores of that machine.
        worker: CPU of a worker.
        core_share: What a worker that always had work used of its core; waking up and waiting took the rest. The least
            of the settings with one worker; every process is held to it.
        postgres: CPU of the backend that serves a worker's cycles.
        upkeep_per_delivery: CPU seconds of PostgreSQL's other processes (WAL writer, checkpointer, autovacuum).
        receiver_per_delivery: CPU seconds of the benchmark's receiver; not ours when receivers live elsewhere.
        producer: CPU seconds of the process that brings events one by one in the paced runs, for each event.
        producer_postgres: CPU seconds of the backends that serve it, for each event.
        api: CPU of a server, HTTP included.
        postgres_ingest: CPU of the backends that serve a server.
        commit_seconds: How long a commit waits for the disk.
        notify_cpu: CPU seconds of a backend for one NOTIFY.
        wal_per_delivery: Bytes of WAL from claim to settled, attempt included.
        wal_per_event: Bytes of WAL to accept an event with one delivery.
        event_bytes: Bytes of a row of `events`, indexes included, with a payload of `payload_bytes`.
        delivery_bytes: The same of `deliveries`, after VACUUM FULL.
        delivery_bloat: How many times that size `deliveries` has before any vacuum: each row is written three times.
        attempt_bytes: The same of `attempts`.
        payload_bytes: Bytes of an event's payload.
        request_bytes: Bytes of a delivery's request on the wire, TCP and TLS not counted.
        worker_connections: Connections that a worker opens.
        api_connections: Connections that a server had opened with 64 clients.
        worker_memory: Bytes of resident memory of a busy worker.

    """

    machine: str
    date: str
    postgres_version: str
    cores: int
    worker: Work
    core_share: float
    postgres: Work
    upkeep_per_delivery: float
    receiver_per_delivery: float
    producer: float
    producer_postgres: float
    api: Ingest
    postgres_ingest: Ingest
    commit_seconds: float
    notify_cpu: float
    wal_per_delivery: float
    wal_per_event: float
    event_bytes: float
    delivery_bytes: float
    delivery_bloat: float
    attempt_bytes: float
    payload_bytes: float
    request_bytes: float
    worker_connections: int
    api_connections: int
    worker_memory: float

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Costs":
        """Read what `asdict` wrote."""
        kinds = {"worker": Work, "postgres": Work, "api": Ingest, "postgres_ingest": Ingest}
        return cls(**{name: kinds[name](**value) if name in kinds else value for name, value in stored.items()})


@dataclass(frozen=True, slots=True)
class Observation:
    """One run of the real thing.

    Attributes:
        workers: `hookwright worker` processes.
        webhooks: Among how many webhooks the deliveries were spread, each in a workspace of its own.
        offered: Events per second of a paced run, one by one; 0 for a backlog that is drained.
        deliveries: Deliveries in the seconds that were measured.
        seconds: Their length.
        worker_cpu: CPU seconds of all workers together.
        postgres_cpu: CPU seconds of the backends that serve them.
        intake_cpu: CPU seconds of the backends that serve the producer.
        upkeep_cpu: CPU seconds of PostgreSQL's own processes.
        receiver_cpu: CPU seconds of the receiver.
        producer_cpu: CPU seconds of the process that brought the events.
        elsewhere_cpu: CPU seconds of everything else on the machine, which competed with us.
        cycles_per_delivery: Committed cycles over the whole run, divided by its deliveries.
        wal_bytes: WAL written in those seconds, by everybody on that server.
        p50: Median seconds from enqueueing to the answer; None for a backlog.
        p99: The 99th percentile.

    """

    workers: int
    webhooks: int
    offered: float
    deliveries: int
    seconds: float
    worker_cpu: float
    postgres_cpu: float
    intake_cpu: float
    upkeep_cpu: float
    receiver_cpu: float
    producer_cpu: float
    elsewhere_cpu: float
    cycles_per_delivery: float
    wal_bytes: float
    p50: float | None = None
    p99: float | None = None

    @property
    def elsewhere(self) -> float:
        """Cores that everything else on the machine took."""
        return max(0.0, self.elsewhere_cpu / self.seconds)

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """The costs, and the runs that they were fitted to or are checked against."""

    costs: Costs
    observations: tuple[Observation, ...]

    def save(self, path: Path = FILE) -> None:
        """Write the file."""
        path.write_text(json.dumps(_rounded(asdict(self)), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path = FILE) -> "Measured":
        """Read the file."""
        stored = json.loads(path.read_text())
        return cls(Costs.from_dict(stored["costs"]), tuple(Observation(**one) for one in stored["observations"]))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
