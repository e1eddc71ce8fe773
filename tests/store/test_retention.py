"""What is pruned, what stays, and that neither needs a scan of what is not old."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rules.ids import new_id
from store import access, dialect, partitions, retention
from store.alerts import alerts
from store.conversations import CONVERSATIONS, INTERRUPTIONS
from store.deliveries import attempts, deliveries, events
from store.session import Database
from store.sessions import calls
from tests import databases
from tests.store.shelf import Shelf
from webhooks.maintenance import Maintenance

NOW = datetime.now(UTC)
OLD, YOUNG = NOW - timedelta(days=31), NOW - timedelta(days=29)


def id_at(prefix: str, at: datetime) -> str:
    return new_id(prefix, now_ns=int(at.timestamp() * 1e9))


async def add(shelf: Shelf, table: Any, *rows: dict[str, Any]) -> None:
    async with shelf.database.write() as connection:
        await connection.execute(table.insert(), list(rows))


async def ids(shelf: Shelf, table: Any) -> set[str]:
    async with shelf.database.read() as connection:
        return set((await connection.execute(select(table.c.id))).scalars())


def event(at: datetime, id_: str) -> dict[str, Any]:
    return {"workspace_id": "ws_1", "id": id_, "type": "a", "payload": "{}", "occurred_at": at, "created_at": at}


def delivery(at: datetime, event_id: str, **fields: Any) -> dict[str, Any]:
    shared = {"workspace_id": "ws_1", "webhook_id": "wh_1", "event_id": event_id, "event_type": "a"}
    ended = {"status": "delivered", "attempts": 1, "created_at": at, "finished_at": at, "run_at": None}
    return {"id": id_at("dlv", at), **shared, **ended, "worker_id": None, **fields}


def attempt(at: datetime) -> dict[str, Any]:
    shared = {"workspace_id": "ws_1", "webhook_id": "wh_1", "event_id": "evt_1", "event_type": "a", "number": 1}
    return {
        "id": id_at("att", at),
        **shared,
        "status": "delivered",
        "duration_ms": 1,
        "attempted_at": at,
        "request_headers": "{}",
    }


async def prune(shelf: Shelf, days: int = 30) -> dict[str, int]:
    return dict(await Maintenance(shelf.database, days).prune(NOW))


@pytest.mark.both_databases
async def test_what_is_old_and_over_goes_and_the_rest_stays(shelf: Shelf):
    await shelf.webhook("wh_1")
    await add(shelf, events, event(OLD, "old"), event(OLD, "open"), event(OLD, "late"), event(YOUNG, "young"))
    rows = [
        delivery(OLD, "old"),
        delivery(OLD, "open", finished_at=None, status="retrying", run_at=NOW),
        delivery(OLD, "late", finished_at=YOUNG),
        delivery(YOUNG, "young"),
    ]
    await add(shelf, deliveries, *rows)
    made = [attempt(OLD), attempt(YOUNG)]
    await add(shelf, attempts, *made)
    assert await prune(shelf) == {"attempts": 1, "deliveries": 1, "events": 1}
    assert await ids(shelf, events) == {"open", "late", "young"}
    assert await ids(shelf, deliveries) == {row["id"] for row in rows[1:]}
    assert await ids(shelf, attempts) == {made[1]["id"]}
    assert await prune(shelf) == {}


@pytest.mark.both_databases
async def test_what_waits_for_a_webhook_that_was_deleted_long_ago_goes_too(shelf: Shelf):
    await shelf.webhook("wh_1", deleted_at=OLD)
    await shelf.webhook("wh_2", deleted_at=YOUNG)
    parked = {"finished_at": None, "status": "pending"}
    await add(shelf, events, event(OLD, "one"), event(OLD, "two"), event(OLD, "held"))
    await add(shelf, deliveries, delivery(OLD, "one", **parked), delivery(OLD, "two", **parked, webhook_id="wh_2"))
    await add(shelf, deliveries, delivery(OLD, "held", **parked | {"worker_id": "wrk_1"}))
    assert await prune(shelf) == {"deliveries": 1, "events": 1}
    assert await ids(shelf, events) == {"two", "held"}


@pytest.mark.both_databases
async def test_calls_closed_alerts_and_answered_questions_go(shelf: Shelf):
    call = {
        "workspace_id": "ws_1",
        "trigger_id": "trg_1",
        "trigger_name": "t",
        "method": "GET",
        "url": "https://e.com/",
    }
    call |= {"request": {}, "variables": {}, "warnings": []}
    await add(shelf, calls, *({"id": id_at("call", at), **call, "at": at} for at in (OLD, YOUNG)))
    alert = {"workspace_id": "ws_1", "topic": "endpoint.failing", "details": {}, "opened_at": OLD, "last_at": OLD}
    closings = {"a": OLD, "b": YOUNG, "c": None}
    await add(
        shelf,
        alerts,
        *({"id": id_at("alr", OLD), **alert, "subject_id": s, "closed_at": c} for s, c in closings.items()),
    )
    chat = {"workspace_id": "ws_1", "title": "", "created_at": OLD, "updated_at": OLD, "next_position": 0}
    await add(shelf, CONVERSATIONS, {"id": "cht_1", **chat})
    asked = {"conversation_id": "cht_1", "request": {}, "created_at": OLD}
    states = {"answered": OLD, "dismissed": YOUNG, "pending": None}
    await add(
        shelf,
        INTERRUPTIONS,
        *({"id": id_at("int", OLD), **asked, "state": s, "answered_at": at} for s, at in states.items()),
    )
    assert await prune(shelf) == {"calls": 1, "alerts": 1, "interruptions": 1}


@pytest.mark.both_databases
async def test_idempotency_keys_go_after_a_day_whatever_else_is_kept(shelf: Shelf):
    row = {"workspace_id": "ws_1", "body_hash": "", "status": 202, "response": "{}"}
    times = {"a": NOW - timedelta(hours=25), "b": NOW - timedelta(hours=23)}
    await add(shelf, retention.idempotency_keys, *({**row, "key": key, "created_at": at} for key, at in times.items()))
    await add(shelf, events, event(NOW - timedelta(days=4000), "ancient"))
    assert await prune(shelf, days=0) == {"idempotency_keys": 1}
    assert await prune(shelf, days=3650) == {"events": 1}


@pytest.mark.both_databases
async def test_two_processes_that_prune_at_once_prune_everything_once(shelf: Shelf):
    await add(shelf, attempts, *(attempt(OLD + timedelta(seconds=n)) for n in range(2000)))
    one, two = await asyncio.gather(prune(shelf), prune(shelf))
    assert one.get("attempts", 0) + two.get("attempts", 0) == 2000
    assert await ids(shelf, attempts) == set()


@pytest.mark.both_databases
async def test_no_statement_scans_a_whole_table(shelf: Shelf):
    async with shelf.database.read() as connection:
        walked = await partitions.walked_tables(connection)
    every = [*retention.stages(OLD, ["ws_1"], walked), retention.keys_stage(OLD)]
    for stage in every:
        name = stage.table.name
        after = tuple(OLD if column.name == "created_at" else "x" for column in stage.order)
        batch = retention.Batch([f"x{number}" for number in range(500)], after)
        for statement in (retention.window(stage, after, 500), retention.deletion(stage, batch)):
            plan = await plan_of(shelf, statement)
            assert not [line for line in plan if f"SCAN {name}" in line or f"Seq Scan on {name}" in line], plan
            assert any("ix_" in line or "_pkey" in line or "autoindex" in line for line in plan), plan


async def plan_of(shelf: Shelf, statement: Any) -> list[str]:
    async with shelf.database.read() as connection:
        options = {"literal_binds": True}
        sql = str(statement.compile(dialect=connection.dialect, compile_kwargs=options)).replace("%", "%%")
        if shelf.database.is_sqlite:
            return [row[3] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
        await connection.exec_driver_sql(
            "SET LOCAL enable_seqscan = off"
        )  # a table of no rows would not need its index
        return [row[0] for row in await connection.exec_driver_sql(f"EXPLAIN {sql}")]


async def test_sqlite_writes_its_log_back_while_somebody_writes(shelf: Shelf):
    await add(shelf, attempts, *(attempt(OLD + timedelta(seconds=n)) for n in range(100)))
    async with shelf.database.write() as writing, asyncio.timeout(10):
        await writing.execute(attempts.insert(), attempt(YOUNG))
        await shelf.database.fold_log()
    async with shelf.database.read() as connection:
        busy, frames, written = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")).one()
    assert (busy, frames > 0) == (0, True)
    assert written == frames


@pytest.mark.usefixtures("postgres")
async def test_a_row_that_somebody_holds_is_left_to_the_next_time(tmp_path: Path):
    database = Database(databases.url_for(tmp_path))
    shelf = Shelf(database)
    await add(shelf, events, event(OLD, "held"), event(OLD, "free"))
    async with database.write() as connection:
        held = select(events.c.id).where(events.c.id == "held").with_for_update()
        await connection.execute(held)
        await add(shelf, access.workspaces, {"id": "ws_1", "name": "One", "created_at": OLD})
        async with asyncio.timeout(10):
            assert await prune(shelf) == {"events": 1}
    assert await prune(shelf) == {"events": 1}
    await database.close()


@pytest.mark.usefixtures("postgres")
async def test_a_batch_after_another_process_took_the_turn_is_not_pruned(tmp_path: Path):
    database = Database(databases.url_for(tmp_path))
    shelf = Shelf(database)
    await add(shelf, attempts, attempt(OLD))
    async with database.write() as connection:
        assert await dialect.take_turn_if_free(connection, "retention")
        assert await prune(shelf) == {}
    assert await prune(shelf) == {"attempts": 1}
    await database.close()
