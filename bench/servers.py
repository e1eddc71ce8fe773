"""Real processes and databases for benchmarks: `hookwright serve`, `hookwright worker`, SQLite, PostgreSQL."""

import asyncio
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import httpx2

SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL"
_ROOT = Path(__file__).parent.parent
_COMMAND = (sys.executable, "-c", "from server.cli import main; main()")
_PATIENCE_SECONDS = 60
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Server:
    """A running `hookwright serve`: where it is, a key, and its process."""

    url: str
    key: str
    process: asyncio.subprocess.Process

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time that it took until now."""
        return cpu_seconds(self.process.pid)

    def client(self) -> httpx2.AsyncClient:
        """Return a client that is signed in."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, from /proc; 0.0 where there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres() -> Iterator[str]:
    """Give the URL of a PostgreSQL server whose user may create databases; commits are durable.

    It is the one at HOOKWRIGHT_BENCH_POSTGRES_URL, else a private one that is started here with its own defaults.
    """
    given = os.environ.get("HOOKWRIGHT_BENCH_POSTGRES_URL")
    if given:
        yield given
        return
    from tests.postgres_server import private_server  # noqa: PLC0415 - it needs the wheel of a server

    with private_server() as server:
        yield server.url


async def new_database(server_url: str) -> str:
    """Create an empty database on a server and return its URL."""
    name = f"bench_{secrets.token_hex(5)}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"{server_url.rpartition('/')[0]}/{name}"


async def drop_database(server_url: str, url: str) -> None:
    """Drop a database that `new_database` made."""
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def store(kind: str, server_url: str | None) -> AsyncIterator[str]:
    """Give the URL of an empty database of a kind, which is gone at the end."""
    if kind == SQLITE:
        with tempfile.TemporaryDirectory(prefix="hookwright-bench-") as folder:
            yield f"sqlite:///{folder}/bench.db"
        return
    if server_url is None:
        raise ValueError("PostgreSQL needs the URL of a server")
    url = await new_database(server_url)
    try:
        yield url
    finally:
        await drop_database(server_url, url)


@asynccontextmanager
async def serving(database_url: str, *options: str, **settings: str) -> AsyncIterator[Server]:
    """Run `hookwright serve` on a database, in a process of its own, until the block ends."""
    port, key = free_port(), secrets.token_urlsafe(24)
    ours = {"HOOKWRIGHT_PORT": str(port), "HOOKWRIGHT_API_KEY": key, **settings}
    async with _running(database_url, ours, "serve", *options) as (process, log):
        server = Server(f"http://127.0.0.1:{port}", key, process)
        await _answers(server, log)
        yield server


@asynccontextmanager
async def working(database_url: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `hookwright worker` on a database until the block ends."""
    async with _running(database_url, settings, "worker") as (process, log):
        await _says(process, log, "delivers what is stored")
        yield process


@asynccontextmanager
async def _running(
    database_url: str, settings: dict[str, str], *words: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Path]]:
    with tempfile.TemporaryDirectory(prefix="hookwright-bench-") as folder:
        home = Path(os.environ.get("HOOKWRIGHT_BENCH_HOME", folder))
        log = Path(folder) / "log"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        ours = {
            "HOOKWRIGHT_DATABASE_URL": database_url,
            "HOOKWRIGHT_HOME": str(home),
            "HOOKWRIGHT_MASTER_KEY": _MASTER_KEY,
            "HOOKWRIGHT_EGRESS_ALLOW": "127.0.0.0/8",
            "HOOKWRIGHT_EGRESS_ALLOW_HTTP": "true",
            "HOOKWRIGHT_LOG_LEVEL": "warning",
            "PYTHONPATH": str(_ROOT),
        }
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *_COMMAND, *words, env={**kept, **ours, **settings}, cwd=folder, stdout=output, stderr=output
            )
        try:
            yield process, log
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _answers(server: Server, log: Path) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    async with httpx2.AsyncClient() as client:
        while True:
            _still(server.process, log, end)
            try:
                if (await client.get(f"{server.url}/healthz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)


async def _says(process: asyncio.subprocess.Process, log: Path, words: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while words not in await asyncio.to_thread(log.read_text):
        _still(process, log, end)
        await asyncio.sleep(0.05)


def _still(process: asyncio.subprocess.Process, log: Path, end: float) -> None:
    if process.returncode is not None or time.monotonic() > end:
        raise RuntimeError(f"the process did not start:\n{log.read_text()}")


def _new_master_key() -> str:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - used once

    return Fernet.generate_key().decode()


_MASTER_KEY = _new_master_key()
