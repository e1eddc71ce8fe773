"""A process that is told to stop when its database is gone already: it says so, and closes everything else."""

import asyncio
import signal
from pathlib import Path

import pytest

from server.engine import Engine
from tests.postgres_server import private_server
from tests.processes import environment, free_port, server_process
from tests.serving import local_settings

KEY = "hwk_test_key_of_the_stopping_tests"
SAID = "the delivery worker did not end well: "


async def test_everything_is_closed_when_the_worker_cannot_write_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    with private_server(fsync="off") as postgres:
        engine = Engine(local_settings(tmp_path, database_url=postgres.url))
        await engine.start(with_worker=True)
        postgres.kill()
        await engine.close()
    assert asyncio.all_tasks() == before
    assert [record.levelname for record in caplog.records if record.getMessage().startswith(SAID)] == ["ERROR"]


async def test_a_server_that_outlives_its_database_ends_with_a_line(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with private_server(fsync="off") as postgres:
        environ = environment(
            tmp_path, free_port(), KEY, HOOKWRIGHT_DATABASE_URL=postgres.url, HOOKWRIGHT_LOG_FORMAT="text"
        )
        async with server_process(environ, log) as server:
            postgres.kill()
            server.send_signal(signal.SIGTERM)
            await asyncio.wait_for(server.wait(), 60)
    said = log.read_text()
    assert SAID in said
    assert "lifespan" not in said
