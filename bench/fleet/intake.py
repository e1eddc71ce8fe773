"""A simulated server: takes events in, stores each with its delivery, and tells the workers."""

from collections.abc import Callable
from itertools import count

from bench.fleet.clock import Clock, Flag, Steps
from bench.fleet.cores import Process
from bench.fleet.database import Pool
from bench.fleet.queue import Delivery, Hook, Queue

_NOTIFY_PAUSE_SECONDS = 0.01


class Bell:
    """NOTIFY: wakes every worker, at most once in ten milliseconds for each process that rings.

    Args:
        clock: The time.
        backend: The connection that notifies.
        cpu_seconds: What one NOTIFY costs it.
        heard: The flags of the workers.

    """

    def __init__(self, clock: Clock, backend: Process, cpu_seconds: float, heard: Callable[[], list[Flag]]) -> None:
        self._clock, self._backend, self._cpu_seconds, self._heard = clock, backend, cpu_seconds, heard
        self._wanted = Flag(clock)
        self.rung = 0
        clock.spawn(self._run())

    def ring(self) -> None:
        """Have the workers told soon."""
        self._wanted.set()

    def _run(self) -> Steps:
        while True:
            yield self._wanted.wait(20.0)
            yield self._backend.run(self._cpu_seconds)
            self.rung += 1
            for flag in self._heard():
                flag.set()
            yield self._clock.sleep(_NOTIFY_PAUSE_SECONDS)


class SimServer:
    """A server process with its pool of connections.

    Args:
        clock: The time.
        process: Its one thread.
        pool: Its connections.
        queue: What is stored.
        bell: Tells the workers.
        cpu: CPU seconds of the process and of the backend for one event.
        wal_per_event: Bytes of WAL.
        numbers: Gives deliveries their ids.

    """

    def __init__(
        self,
        clock: Clock,
        process: Process,
        pool: Pool,
        *,
        queue: Queue,
        bell: Bell,
        cpu: tuple[float, float],
        wal_per_event: float,
        numbers: "count[int]",
    ) -> None:
        self._clock, self._process, self._pool, self._queue, self._bell = clock, process, pool, queue, bell
        self._cpu, self._wal_per_event, self._numbers = cpu, wal_per_event, numbers
        self.accepted = 0

    def accept(self, hook: Hook, stored: Callable[[], None]) -> Steps:
        """Take one event in, now; `stored` is called when it is on disk."""
        created = self._clock.now
        server_cpu, postgres_cpu = self._cpu
        yield self._process.run(server_cpu / 2)
        yield from self._pool.transaction(postgres_cpu, self._wal_per_event)
        self._queue.accepted += 1
        self.accepted += 1
        stored()
        self._queue.add(Delivery(next(self._numbers), hook, created))
        self._bell.ring()
        yield self._process.run(server_cpu / 2)
