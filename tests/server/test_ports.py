"""The port that a server got, and the commands that are told of it."""

import asyncio
import re
from pathlib import Path

import httpx2
import pytest

from tests.processes import HOOKWRIGHT, environment, free_port, server_process

KEY = "hk_ports_0123456789abcdef"


async def run(environ: dict[str, str], *words: str) -> str:
    piped = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    process = await asyncio.create_subprocess_exec(*HOOKWRIGHT, *words, env=environ, **piped)
    async with asyncio.timeout(60):
        return (await process.communicate())[0].decode()


async def answers(port: int) -> None:
    async with httpx2.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/healthz")).is_success:
                    return
            except httpx2.TransportError:
                await asyncio.sleep(0.05)


async def test_a_free_port_is_said_as_the_one_it_is(tmp_path: Path):
    environ = {**environment(tmp_path, 0, KEY), "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        *HOOKWRIGHT, "serve", "--port", "0", env=environ, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            first, second = [(await process.stdout.readline()).decode() for _ in range(2)]
            said = re.search(r"http://127\.0\.0\.1:(\d+)", first)
            assert said, first
            assert int(said[1]) > 0
            assert f"console-link --port {said[1]}`" in second
            await answers(int(said[1]))
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("events", "send", "purchase"), '"type": "purchase"'),
        (("deliveries", "retry", "dlv_unknown"), "dlv_unknown"),
        (("deliveries", "replay", "wh_unknown", "--since", "2026-11-21T00:00:00Z"), "wh_unknown"),
    ],
)
async def test_a_command_finds_the_server_at_another_port(tmp_path: Path, words: tuple[str, ...], said: str):
    port = free_port()
    environ = environment(tmp_path, port, KEY)
    async with server_process(environ, tmp_path / "log"):
        elsewhere = {**environ, "HOOKWRIGHT_PORT": str(free_port())}
        assert said in await run(elsewhere, *words, "--port", str(port))
        assert "no server answers" in await run(elsewhere, *words)
