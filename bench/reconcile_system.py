"""The system that is reconciled: real processes, which are started again when they die, over a store of their own."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2

from tests.postgres_server import PostgresServer, private_server
from tests.processes import free_port

KEY = "hwk_key_of_the_reconciliation"
HOOKWRIGHT = [sys.executable, "-c", "from server.cli import main; main()"]
_RESTART_SECONDS = 0.1
_PATIENCE_SECONDS = 60
_LAST_WORDS_SECONDS = 0.25  # what a killed process has sent may still lie in a socket; no successor starts as fast
_ROOT = Path(__file__).parent.parent


class Supervised:
    """A process that is started again as soon as it ends, as systemd and Kubernetes do.

    Args:
        words: What to run: the words after `hookwright`.
        environ: Its whole environment.
        log: Where it writes.

    """

    def __init__(self, words: tuple[str, ...], environ: dict[str, str], log: Path) -> None:
        self.starts = 0
        self._words, self._environ, self._log = words, environ, log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process that runs now; raises RuntimeError between two."""
        if self._process is None or self._process.returncode is not None:
            raise RuntimeError(f"{' '.join(self._words)} does not run; {self._log} says why")
        return self._process.pid

    def text(self) -> str:
        """Return all that it has written."""
        return self._log.read_text(errors="replace")

    async def kill(self) -> None:
        """Kill the process without warning and wait until it is gone."""
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Supervised"]:
        """Keep it running until the block ends."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield self
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
            await self.kill()

    async def _keep(self) -> None:
        while True:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *HOOKWRIGHT, *self._words, env=self._environ, cwd=self._log.parent, stdout=log, stderr=log
                )
            self.starts += 1
            await self._process.wait()
            await asyncio.sleep(_RESTART_SECONDS)


class System:
    """A server, its workers and its store.

    Args:
        home: A folder for all of it.
        kind: `sqlite` or `postgresql`.
        workers: How many workers of their own; 0 for the one in the server, the only one on SQLite.

    """

    def __init__(self, home: Path, kind: str, workers: int = 0, **settings: str) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{free_port()}"
        self._kind, self._settings = kind, settings
        self._workers_wanted = workers
        self.workers: list[Supervised] = []
        self.postgres: PostgresServer | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["System"]:
        """Run everything until the block ends; ready when it begins."""
        async with AsyncExitStack() as stack:
            if self._kind == "postgresql":
                server = stack.enter_context(private_server())
                self.postgres = server
            environ = self._environment()
            options = ("serve", "--no-worker") if self._workers_wanted else ("serve",)
            self.server = Supervised(options, environ, self.home / "server.log")
            await stack.enter_async_context(self.server.running())
            await self.until("/healthz")
            for number in range(self._workers_wanted):
                worker = Supervised(("worker",), environ, self.home / f"worker{number}.log")
                self.workers.append(await stack.enter_async_context(worker.running()))
            await self.until("/readyz")
            yield self

    def client(self) -> httpx2.AsyncClient:
        """Return a client with a key."""
        return httpx2.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)

    async def kill(self, what: str) -> float:
        """Kill `server`, `worker` or `postgres` without warning.

        Returns:
            The time (CLOCK_MONOTONIC) from which on what arrives was sent by a successor, or after the store is back.

        """
        if what == "postgres":
            if self.postgres is None:
                raise ValueError("there is no PostgreSQL to kill")
            await asyncio.to_thread(self.postgres.kill)
            await asyncio.to_thread(self.postgres.start)
            return time.monotonic()
        await (self.workers[0] if what == "worker" else self.server).kill()
        return time.monotonic() + _LAST_WORDS_SECONDS

    async def until(self, path: str) -> None:
        """Wait until a path answers 200."""
        async with asyncio.timeout(_PATIENCE_SECONDS), self.client() as http:
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    if (await http.get(path)).status_code == 200:
                        return
                await asyncio.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        url = f"sqlite:///{self.home}/hookwright.db" if self.postgres is None else self.postgres.url
        ours = {
            "HOOKWRIGHT_DATABASE_URL": url,
            "HOOKWRIGHT_HOME": str(self.home),
            "HOOKWRIGHT_PORT": self.url.rpartition(":")[2],
            "HOOKWRIGHT_API_KEY": KEY,
            "HOOKWRIGHT_EGRESS_ALLOW": "127.0.0.0/8",
            "HOOKWRIGHT_EGRESS_ALLOW_HTTP": "true",
            "HOOKWRIGHT_LOG_LEVEL": "warning",
            "PYTHONPATH": str(_ROOT),
        }
        return {**kept, **ours, **self._settings}
