"""Moving from SQLite to PostgreSQL with `hookwright migrate --from … --to …`."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from rules.errors import Conflict, InvalidInput
from server.receiver import Receiver
from store.move import Moved, move
from tests import databases
from tests.processes import HOOKWRIGHT, environment, free_port, worker_process
from tests.serving import serving, until

SILENCE = timedelta(seconds=10)
MANY = 6000
AUTH = {"name": "Authorization", "value": "Bearer s3cret"}


@pytest.fixture
def target() -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = databases.cluster().create_empty()
    yield url
    databases.cluster().drop(url)


async def filled(home: Path, endpoint: str) -> str:
    """Let a server store something of everything that it easily can, in SQLite, and stop; returns the URL."""
    async with serving(home) as api:
        perspective = await api.perspective()
        await api.webhook(endpoint, perspective_id=perspective)
        await api.webhook(endpoint, headers={"X-Team": "crm"}, auth_header=AUTH)
        await api.end_conversation(perspective)
        await api.event(payload={"properties": {"value": 1.10, "big": 2**60, "text": "żółć 😀", "none": None}})
        await api.deliveries(3, "delivered")
        await api.say("which webhooks are failing?")
        return databases.url_for(home)


async def moved(source: str, target: str) -> dict[str, Moved]:
    return {entry.table: entry for entry in await move(source, target, silence=SILENCE, tell=lambda _: None)}


async def values(url: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def execute(source: str, sql: str, rows: list[tuple[Any, ...]]) -> None:
    with sqlite3.connect(source.removeprefix("sqlite:///")) as connection:
        connection.executemany(sql, rows)
    connection.close()


def add_events(source: str, count: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    rows = [("ws", f"evt_{n:06}", "purchase", json.dumps({"n": n}), now, now) for n in range(count)]
    names = "workspace_id, id, type, payload, occurred_at, created_at"
    execute(source, f"INSERT INTO events ({names}) VALUES (?, ?, ?, ?, ?, ?)", rows)


async def test_what_was_moved_works_on_as_before(tmp_path: Path, receiver: Receiver, endpoint: str, target: str):
    home = tmp_path / "home"
    source = await filled(home, endpoint)
    counts = await moved(source, target)
    assert counts["webhooks"] == Moved("webhooks", 2, 2)
    assert counts["deliveries"] == Moved("deliveries", 3, 3)
    assert counts["messages"].target > 0
    async with serving(home) as before:
        shown = [(await before.get(path))["items"] for path in ("/v1/webhooks", "/v1/deliveries", "/v1/changes")]
    async with serving(home, database_url=target) as after:
        assert [(await after.get(path))["items"] for path in ("/v1/webhooks", "/v1/deliveries", "/v1/changes")] == shown
        await after.event()
        received = await receiver.wait_for(4)
        assert received.headers["authorization"] == "Bearer s3cret", "sealed values open with the same master key"


async def test_a_killed_move_is_continued_without_duplicates(tmp_path: Path, endpoint: str, target: str):
    source = await filled(tmp_path / "home", endpoint)
    add_events(source, MANY)
    words = [*HOOKWRIGHT, "migrate", "--from", source, "--to", target]
    environ = environment(tmp_path, free_port(), "hwk_key_of_the_move_tests")
    process = await asyncio.create_subprocess_exec(*words, env=environ, cwd=tmp_path)

    async def midway() -> bool | None:
        try:
            [count] = await values(target, "SELECT count(*) FROM events")
        except asyncpg.UndefinedTableError:
            return None
        assert count < MANY, "the move was over before it could be killed"
        return True if count > 0 else None

    await until(midway, seconds=60)
    process.kill()
    await process.wait()
    execute(source, "UPDATE events SET type = ? WHERE id = ?", [("changed", "evt_000000")])
    process = await asyncio.create_subprocess_exec(*words, env=environ, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    printed = (await process.communicate())[0].decode()
    assert process.returncode == 0
    total = MANY + 2
    assert ["events", str(total), str(total)] in [line.split() for line in printed.splitlines()]
    assert "HOOKWRIGHT_MASTER_KEY" in printed
    assert await values(target, "SELECT count(*) FROM events") == [total]
    assert await values(target, "SELECT type FROM events WHERE id = 'evt_000000'") == ["changed"]


async def test_a_target_that_holds_something_else_is_refused(tmp_path: Path, endpoint: str, target: str):
    source = await filled(tmp_path / "home", endpoint)
    await moved(source, target)
    with pytest.raises(Conflict, match="is not empty"):
        await moved(source, target)
    other = databases.cluster().create()
    await values(other, "INSERT INTO workspaces VALUES ('ws_1', 'Default', now())")
    with pytest.raises(Conflict, match="workspaces has 1 rows"):
        await moved(source, other)
    databases.cluster().drop(other)


async def test_a_source_whose_worker_runs_is_refused(tmp_path: Path, target: str):
    home = tmp_path / "home"
    async with serving(home) as api:

        async def alive() -> bool | None:
            return True if (await api.client.get("/readyz")).status_code == 200 else None

        await until(alive)
        with pytest.raises(Conflict, match="is running"):
            await moved(databases.url_for(home), target)
    await moved(databases.url_for(home), target)


async def test_nobody_writes_to_the_source_meanwhile(tmp_path: Path, endpoint: str, target: str):
    source = await filled(tmp_path / "home", endpoint)
    refused = []

    def try_to_write(_: object) -> None:
        connection = sqlite3.connect(source.removeprefix("sqlite:///"), timeout=0)
        try:
            connection.execute("DELETE FROM events")
        except sqlite3.OperationalError as error:
            refused.append(str(error))
        finally:
            connection.close()

    await move(source, target, silence=SILENCE, tell=try_to_write)
    assert set(refused) == {"database is locked"}


async def test_claims_of_a_killed_server_are_taken_over_after_the_move(
    tmp_path: Path, receiver: Receiver, endpoint: str, target: str
):
    home = tmp_path / "home"
    source = await filled(home, endpoint)
    long_ago = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="microseconds")
    execute(source, "INSERT INTO workers VALUES (?, ?, ?)", [("wrk_killed", long_ago, long_ago)])
    open_ = "UPDATE deliveries SET status = 'pending', run_at = ?, finished_at = NULL, worker_id = ?"
    execute(source, open_, [(long_ago, "wrk_killed")])
    await moved(source, target)
    async with serving(home, database_url=target) as api:
        await api.deliveries(3, "delivered")
    assert len(receiver.received) == 6


async def test_nul_characters_do_not_stop_a_move(tmp_path: Path, endpoint: str, target: str):
    source = await filled(tmp_path / "home", endpoint)
    execute(source, "UPDATE attempts SET response_body = ?", [("a\0b",)])
    await moved(source, target)
    assert set(await values(target, "SELECT response_body FROM attempts")) == {"a\ufffdb"}


async def test_wrong_ends_are_named(tmp_path: Path, target: str):
    wrong = [(f"sqlite:///{tmp_path}/none.db", target), (target, target), (f"sqlite:///{tmp_path}/x", "sqlite:///y")]
    for pair in wrong:
        with pytest.raises(InvalidInput):
            await moved(*pair)
    assert not (tmp_path / "none.db").exists()


async def test_a_worker_process_delivers_what_was_moved(tmp_path: Path, receiver: Receiver, endpoint: str, target: str):
    home = tmp_path / "home"
    async with serving(home, with_worker=False) as api:
        await api.webhook(endpoint)
        await api.event()
    await moved(databases.url_for(home), target)
    environ = {**environment(home, free_port(), "hwk_key_of_the_move_tests"), "HOOKWRIGHT_DATABASE_URL": target}
    async with worker_process(environ, tmp_path / "log"):
        await receiver.wait_for(1)
