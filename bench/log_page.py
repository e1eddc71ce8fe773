"""How long the first page of the delivery log takes with a million deliveries and attempts on SQLite.

    python -m bench.log_page [--rows 1000000] [--requests 200]

Asks a real server over HTTP, one request after the other, and prints the plans of what it asks of the database.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import uvloop

from bench.machine import machine
from rules.actor import Actor
from rules.ids import new_id
from rules.webhook_spec import WebhookDraft
from server.commands.demonstrating import local
from server.commands.serving import running
from server.settings import Settings
from server.wiring import Platform
from store.deliveries import COUNT_TO, add_events, attempts, deliveries
from store.pages import counted_query
from store.session import Database

GOAL_MS = 20
BATCH = 20_000
WEBHOOKS = 10
BODY = '{"ok":true,"note":"' + "x" * 200 + '"}'


def _rows(workspace: str, webhooks: list[str], count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Make deliveries of the last days, each with one attempt; every 50th failed."""
    start = datetime.now(UTC) - timedelta(days=10)
    for number in range(count):
        at = start + timedelta(days=10) * number / count
        nanoseconds = int(at.timestamp() * 1e9)
        status = "delivered" if number % 50 else "failed"
        shared = {"workspace_id": workspace, "webhook_id": webhooks[number % WEBHOOKS], "event_type": "purchase"}
        shared |= {"event_id": f"evt_{number % 1000}", "status": status}
        delivery = {"id": new_id("dlv", now_ns=nanoseconds), **shared, "attempts": 1, "created_at": at}
        delivery |= {"finished_at": at, "last_status_code": 200 if number % 50 else 500}
        attempt = {"id": new_id("att", now_ns=nanoseconds), "delivery_id": delivery["id"], **shared, "number": 1}
        attempt |= {"status_code": delivery["last_status_code"], "duration_ms": 12, "attempted_at": at}
        yield delivery, attempt | {"request_headers": '{"User-Agent":"Hookwright"}', "response_body": BODY}


async def _fill(database: Database, workspace: str, webhooks: list[str], count: int) -> None:
    now = datetime.now(UTC)
    event = {"workspace_id": workspace, "type": "purchase", "payload": "{}", "occurred_at": now, "created_at": now}
    async with database.write() as connection:
        await add_events(connection, [{"id": f"evt_{number}", **event} for number in range(1000)])
    batch: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for pair in _rows(workspace, webhooks, count):
        batch.append(pair)
        if len(batch) == BATCH:
            await _write(database, batch)
            batch = []
    await _write(database, batch)


async def _write(database: Database, batch: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    async with database.write() as connection:
        for table, rows in zip((deliveries, attempts), zip(*batch, strict=True), strict=False):
            await connection.execute(table.insert(), list(rows))


async def _plans(database: Database, workspace: str, webhook: str) -> None:
    pages = {
        "deliveries": deliveries.select()
        .where(deliveries.c.workspace_id == workspace)
        .order_by(deliveries.c.id.desc()),
        "attempts": attempts.select()
        .where(attempts.c.webhook_id == webhook)
        .order_by(attempts.c.attempted_at.desc(), attempts.c.id.desc()),
    }
    async with database.read() as connection:
        for name, page in pages.items():
            for what, statement in (("page", page.limit(50)), ("count", counted_query(page, COUNT_TO))):
                sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
                plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
                print(f"plan of the {name}' {what}: " + "; ".join(str(row.detail) for row in plan))


async def _measure(client: httpx2.AsyncClient, path: str, requests: int) -> None:
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        response = await client.get(path)
        times.append((time.perf_counter() - started) * 1000)
        response.raise_for_status()
    body = json.loads(response.content)
    median, slow = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    verdict = "met" if slow < GOAL_MS else "missed"
    print(
        f"GET {path}: p50 {median:.1f} ms, p95 {slow:.1f} ms over {requests} requests"
        f" (goal {GOAL_MS} ms: {verdict}); total {body['total']}"
    )


async def _prepare(platform: Platform, count: int) -> tuple[str, str]:
    workspace = platform.workspace_id
    drafts = [
        WebhookDraft.model_validate({"name": f"bench {n}", "url": "http://127.0.0.1:9/"}) for n in range(WEBHOOKS)
    ]
    webhooks = [(await platform.registry.create(workspace, draft, Actor("cli"))).webhook.id for draft in drafts]
    started = time.perf_counter()
    await _fill(platform.database, workspace, webhooks, count)
    print(f"{count:,} deliveries and attempts written in {time.perf_counter() - started:.0f} s")
    _, key = await platform.gatekeeper.create_key(workspace, "bench")
    return webhooks[0], key


async def main() -> None:
    """Fill a store, ask for first pages, and print how long they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = local(Settings(_env_file=None, database_url=f"sqlite:///{folder}/bench.db", home=Path(folder)))
        async with running(settings, with_worker=False) as (url, platform):
            webhook, key = await _prepare(platform, options.rows)
            await _plans(platform.database, platform.workspace_id, webhook)
            headers = {"Authorization": f"Bearer {key}"}
            async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
                for path in (
                    "/v1/deliveries",
                    f"/v1/deliveries?webhook_id={webhook}",
                    f"/v1/webhooks/{webhook}/attempts",
                ):
                    await _measure(client, path, options.requests)
    print(machine())


if __name__ == "__main__":
    uvloop.run(main())
