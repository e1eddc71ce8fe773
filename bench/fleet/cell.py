"""A cell: a PostgreSQL server, servers that take events in, and workers; nothing is shared with other cells."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from bench.fleet.clock import Clock, Steps, Task
from bench.fleet.cores import Cores, Process
from bench.fleet.costs import Costs
from bench.fleet.database import MAX_CONNECTIONS, Pool, Server
from bench.fleet.intake import Bell, SimServer
from bench.fleet.queue import Hook, Queue
from bench.fleet.worker import SILENCE_SECONDS, Exchanging, SimWorker

POOL_SIZE = 10


@dataclass(frozen=True, slots=True)
class Layout:
    """What a cell is made of.

    Attributes:
        workers: `hookwright worker` processes.
        servers: `hookwright serve --no-worker` processes.
        postgres_cores: Cores of the database's host.
        worker_cores: Cores of the workers' hosts.
        server_cores: Cores of the servers' hosts.
        events_per_request: How many events callers put into one request.
        max_connections: What PostgreSQL allows.

    """

    workers: int
    servers: int
    postgres_cores: float
    worker_cores: float
    server_cores: float
    events_per_request: int = 1
    max_connections: int = MAX_CONNECTIONS


@dataclass(slots=True)
class Hosts:
    """Whose cores they are; in the measurements, all are the same."""

    postgres: Cores
    workers: Cores
    servers: Cores

    @classmethod
    def of(cls, clock: Clock, layout: Layout) -> "Hosts":
        """Give each part a host of its own."""
        return cls(*(Cores(clock, n) for n in (layout.postgres_cores, layout.worker_cores, layout.server_cores)))

    @classmethod
    def shared(cls, cores: Cores) -> "Hosts":
        """Put all on one host."""
        return cls(cores, cores, cores)


@dataclass(slots=True)
class Cell:
    """A cell in operation.

    Attributes:
        clock: The time.
        costs: What things cost.
        layout: What it is made of.
        hosts: Where it runs.
        endpoints: Where its requests go.
        rng: Its chance.
        ingest_cpu: CPU seconds of a server and of PostgreSQL for one event; by default those of the API.
        queue: What is stored.
        up: Whether it answers.

    """

    clock: Clock
    costs: Costs
    layout: Layout
    hosts: Hosts
    endpoints: Exchanging
    rng: Random
    ingest_cpu: tuple[float, float] | None = None
    queue: Queue = field(default_factory=Queue)
    up: bool = False
    server: Server = field(init=False)
    workers: list[SimWorker] = field(init=False, default_factory=list)
    servers: list[SimServer] = field(init=False, default_factory=list)
    _accepting: dict[int, tuple[Task, Hook, Callable[[Hook], None]]] = field(init=False, default_factory=dict)
    _numbers: "count[int]" = field(init=False, default_factory=count)
    _requests: "count[int]" = field(init=False, default_factory=count)
    _starts: int = field(init=False, default=0)

    def start(self) -> None:
        """Start every process; raises TooManyConnections."""
        self._starts += 1
        self.up = True
        self.server = Server(
            self.clock,
            self.hosts.postgres,
            commit_seconds=self.costs.commit_seconds,
            share=self.costs.core_share,
            max_connections=self.layout.max_connections,
        )
        self.workers = [self._worker(number) for number in range(self.layout.workers)]
        self.servers = [self._server() for _ in range(self.layout.servers)]

    def accept(self, hook: Hook, refused: Callable[[Hook], None]) -> None:
        """Take an event in; `refused` is called when the cell fails before it has answered."""
        if not self.up:
            refused(hook)
            return
        number = next(self._requests)
        server = self.servers[number % len(self.servers)]
        self._accepting[number] = (self.clock.spawn(self._accepted(number, server, hook)), hook, refused)

    def fail(self, seconds: float) -> None:
        """Lose every process at once; the database is back after `seconds` with all that was committed."""
        self.up = False
        under_way, self._accepting = self._accepting, {}
        for worker in self.workers:
            worker.kill()
        for task, hook, refused in under_way.values():
            task.kill()
            refused(hook)
        gone = [worker.name for worker in self.workers]
        self.clock.after(seconds, lambda _: self.start())
        self.clock.after(seconds + SILENCE_SECONDS, lambda _: self._recover(gone))

    def _recover(self, gone: list[str]) -> None:
        for name in gone:
            self.queue.release(name)
        for worker in self.workers:
            worker.wakeup.set()

    def _accepted(self, number: int, server: SimServer, hook: Hook) -> Steps:
        yield from server.accept(hook, lambda: self._forget(number))

    def _forget(self, number: int) -> None:
        """Let go what is stored: a caller who was not told so comes again with the same id, which changes nothing."""
        del self._accepting[number]

    def _worker(self, number: int) -> SimWorker:
        return SimWorker(
            f"{self._starts}.{number}",
            self.clock,
            Process(self.clock, self.hosts.workers, self.costs.core_share),
            server=self.server,
            queue=self.queue,
            endpoints=self.endpoints,
            costs=self.costs,
            rng=Random(self.rng.random()),
        )

    def _server(self) -> SimServer:
        bell = Bell(
            self.clock, self.server.connect(), self.costs.notify_cpu, lambda: [one.wakeup for one in self.workers]
        )
        events = self.layout.events_per_request
        by_api = (self.costs.api.of(events) / events, self.costs.postgres_ingest.of(events) / events)
        return SimServer(
            self.clock,
            Process(self.clock, self.hosts.servers, self.costs.core_share),
            Pool(self.server, POOL_SIZE),
            queue=self.queue,
            bell=bell,
            cpu=self.ingest_cpu or by_api,
            wal_per_event=self.costs.wal_per_event,
            numbers=self._numbers,
        )
