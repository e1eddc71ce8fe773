"""Hookwright processes that tests start, kill and start again."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.databases import url_for

HOOKWRIGHT = [sys.executable, "-c", "from server.cli import main; main()"]
UNASKED = "import webhooks.worker; webhooks.worker._POLL_SECONDS = 3600; "


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, port: int, key: str, **more: str) -> dict[str, str]:
    """The whole environment of a server: nothing of the developer's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {
        "HOOKWRIGHT_DATABASE_URL": url_for(home),
        "HOOKWRIGHT_HOME": str(home),
        "HOOKWRIGHT_PORT": str(port),
        "HOOKWRIGHT_API_KEY": key,
        "HOOKWRIGHT_EGRESS_ALLOW": "127.0.0.0/8",
        "HOOKWRIGHT_EGRESS_ALLOW_HTTP": "true",
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    return {**kept, **ours, **more}


@asynccontextmanager
async def server_process(
    environ: dict[str, str], log: Path, *options: str, ready: bool = True
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `hookwright serve` in a process of its own and wait until it is ready; it is killed at the end."""
    async with _process(environ, log, "serve", *options) as process:
        url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
        await _answers(f"{url}/readyz" if ready else f"{url}/healthz", process, log)
        yield process


@asynccontextmanager
async def worker_process(
    environ: dict[str, str], log: Path, *, polls: bool = True
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `hookwright worker` and wait until it delivers; it is killed at the end.

    One that does not poll hears only what it is told.
    """
    async with _process(environ, log, "worker", before="" if polls else UNASKED) as process:
        async with asyncio.timeout(60):
            while "delivers what is stored" not in _text(log):
                assert process.returncode is None, _text(log)
                await asyncio.sleep(0.05)
        yield process


@asynccontextmanager
async def _process(
    environ: dict[str, str], log: Path, *words: str, before: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    python, option, program = HOOKWRIGHT
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            python, option, before + program, *words, env=environ, cwd=log.parent, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _text(log: Path) -> str:
    return log.read_text()


async def _answers(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(60), httpx2.AsyncClient() as client:
        while True:
            assert process.returncode is None, _text(log)
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)
