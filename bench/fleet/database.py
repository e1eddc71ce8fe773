"""A simulated PostgreSQL server: its cores, its connections, and a disk that several commits share one flush of."""

from collections.abc import Iterable

from bench.fleet.clock import Clock, Resume, Steps, Wait
from bench.fleet.cores import Cores, Process

MAX_CONNECTIONS = 100


class TooManyConnections(Exception):
    """What PostgreSQL answers beyond `max_connections`."""


class Disk:
    """One flush at a time; who comes while it is under way shares the next one (group commit)."""

    def __init__(self, clock: Clock, flush_seconds: float, bytes_per_second: float = 1e9) -> None:
        self._clock, self._flush_seconds, self._bytes_per_second = clock, flush_seconds, bytes_per_second
        self._waiting: list[Resume] = []
        self._bytes = 0.0
        self._flushing = False
        self.written = 0.0
        self.flushes = 0

    def commit(self, wal_bytes: float) -> Wait:
        """Return the wait until so many bytes of WAL, and all before them, are on disk."""

        def begin(resume: Resume) -> None:
            self._waiting.append(resume)
            self._bytes += wal_bytes
            if not self._flushing:
                self._flush()

        return begin

    def _flush(self) -> None:
        self._flushing = True
        those, self._waiting, size, self._bytes = self._waiting, [], self._bytes, 0.0
        self.written += size
        self.flushes += 1
        self._clock.after(self._flush_seconds + size / self._bytes_per_second, self._done, those)

    def _done(self, those: list[Resume]) -> None:
        self._flushing = False
        if self._waiting:
            self._flush()
        for resume in those:
            resume(None)


class RowLocks:
    """Locks of rows, which a transaction takes in one order and holds until it ends; those who come later wait."""

    def __init__(self) -> None:
        self._held: dict[str, list[Resume]] = {}

    def take(self, row: str) -> Wait:
        """Return the wait for a row."""

        def begin(resume: Resume) -> None:
            if row in self._held:
                self._held[row].append(resume)
            else:
                self._held[row] = []
                resume(None)

        return begin

    def release(self, rows: Iterable[str]) -> None:
        """Let the next ones have some rows."""
        for row in rows:
            waiting = self._held[row]
            if waiting:
                waiting.pop(0)(None)
            else:
                del self._held[row]


class Server:
    """PostgreSQL: backends on cores, of which each gets at most a share, and one disk.

    Raises:
        TooManyConnections: On `connect`, beyond `max_connections`.

    """

    def __init__(
        self,
        clock: Clock,
        cores: Cores,
        *,
        commit_seconds: float,
        share: float = 1.0,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self.clock, self.cores, self._share = clock, cores, share
        self.disk = Disk(clock, commit_seconds)
        self.locks = RowLocks()
        self._max_connections = max_connections
        self.connections = 0

    def connect(self) -> Process:
        """Open a connection: a backend."""
        if self.connections >= self._max_connections:
            raise TooManyConnections(f"{self.connections} connections are open")
        self.connections += 1
        return Process(self.clock, self.cores, self._share)


class Pool:
    """Connections of one process, opened as they are needed, up to a number; who finds none waits for one."""

    def __init__(self, server: Server, size: int) -> None:
        self._server, self._size = server, size
        self._free: list[Process] = []
        self._waiting: list[Resume] = []
        self.opened = 0

    def take(self) -> Wait:
        """Return the wait for a connection."""

        def begin(resume: Resume) -> None:
            if self._free:
                resume(self._free.pop())
            elif self.opened < self._size:
                self.opened += 1
                resume(self._server.connect())
            else:
                self._waiting.append(resume)

        return begin

    def give(self, connection: Process) -> None:
        """Give a connection back."""
        if self._waiting:
            self._server.clock.after(0.0, self._waiting.pop(0), connection)
        else:
            self._free.append(connection)

    def transaction(self, cpu_seconds: float, wal_bytes: float) -> Steps:
        """Spend CPU on a connection of the pool, commit, and give it back."""
        connection = yield self.take()
        yield connection.run(cpu_seconds)
        yield self._server.disk.commit(wal_bytes)
        self.give(connection)
