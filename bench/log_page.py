"""How long the first page of the delivery log takes with a million deliveries and attempts, on SQLite and PostgreSQL.

    python -m bench.log_page [--rows 1000000] [--requests 200] [--stores SQLite PostgreSQL]

Attempts are spread over 31 days, which are as many parts of the table on PostgreSQL. Asks a server process over HTTP,
one request after the other, and prints how long the database takes for a page and for its total, and by which plans.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import uvloop
from sqlalchemy import Select, bindparam

from bench.figures import Figure, arguments, percentile, tell
from bench.servers import POSTGRESQL, SQLITE, Server, postgres, serving, store
from rules.ids import new_id
from store import partitions
from store.batches import write_many
from store.deliveries import COUNT_TO, add_events, attempts, deliveries, page_query
from store.deliveries import log as log_attempts
from store.pages import counted_query
from store.session import Database

GOAL_MS = 20
BATCH = 5_000
WEBHOOKS = 10
DAYS = timedelta(days=31)
BODY = '{"ok":true,"note":"' + "x" * 200 + '"}'
_DELIVERY = dict.fromkeys(deliveries.c.keys()) | {"lane": 0, "retries_used": 0}
_ATTEMPT = dict.fromkeys(attempts.c.keys())
_ADD = deliveries.insert().values({column.name: bindparam(column.name) for column in deliveries.c})


def _rows(workspace: str, webhooks: list[str], count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Make deliveries of the last 31 days, each with one attempt; every 50th failed."""
    start = datetime.now(UTC) - DAYS
    for number in range(count):
        at = start + DAYS * number / count
        nanoseconds = int(at.timestamp() * 1e9)
        status = "delivered" if number % 50 else "failed"
        shared = {"workspace_id": workspace, "webhook_id": webhooks[number % WEBHOOKS], "event_type": "purchase"}
        shared |= {"event_id": f"evt_{number % 1000}", "status": status}
        delivery = {"id": new_id("dlv", now_ns=nanoseconds), **shared, "attempts": 1, "created_at": at}
        delivery |= {"finished_at": at, "last_status_code": 200 if number % 50 else 500}
        attempt = {"id": new_id("att", now_ns=nanoseconds), "delivery_id": delivery["id"], **shared, "number": 1}
        attempt |= {"status_code": delivery["last_status_code"], "duration_ms": 12, "attempted_at": at}
        attempt |= {"request_headers": '{"User-Agent":"Hookwright"}', "response_body": BODY}
        yield _DELIVERY | delivery, _ATTEMPT | attempt


async def _fill(database: Database, workspace: str, webhooks: list[str], count: int) -> None:
    started, now = time.perf_counter(), datetime.now(UTC)
    await partitions.fill(database, [(now - timedelta(days=days)).date() for days in range(DAYS.days + 1)])
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
    if not database.is_sqlite:  # autovacuum would, in its time
        async with database.engine.connect() as connection:
            free = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await free.exec_driver_sql("VACUUM ANALYZE")
    print(f"{count:,} deliveries and attempts written in {time.perf_counter() - started:.0f} s")


async def _write(database: Database, batch: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    async with database.write() as connection:
        await write_many(connection, _ADD, [delivery for delivery, _ in batch])
        await log_attempts(connection, [attempt for _, attempt in batch])


def _pages(workspace: str, webhook: str) -> dict[str, Select[Any]]:
    made = attempts.select().order_by(attempts.c.attempted_at.desc(), attempts.c.id.desc())
    return {
        "/v1/deliveries": page_query(workspace, {}),
        f"/v1/deliveries?webhook_id={webhook}": page_query(workspace, {"webhook_id": webhook}),
        f"/v1/webhooks/{webhook}/attempts": made.where(attempts.c.webhook_id == webhook),
    }


async def _explain(database: Database, pages: dict[str, Select[Any]]) -> None:
    """Print what the database takes for a page and its total, the median of 20, and the first lines of its plan."""
    async with database.read() as connection:
        for path, page in pages.items():
            for what, statement in (("page", page.limit(50)), ("total", counted_query(page, COUNT_TO))):
                took = []
                for _ in range(20):
                    started = time.perf_counter()
                    (await connection.execute(statement)).all()
                    took.append((time.perf_counter() - started) * 1000)
                sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
                word = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
                plan = [str(row[-1]).strip() for row in await connection.exec_driver_sql(f"{word} {sql}")]
                print(f"  {path} {what}: {statistics.median(took):.1f} ms by {'; '.join(plan[:4])[:300]}")


async def _measure(client: httpx2.AsyncClient, path: str, requests: int) -> list[float]:
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        response = await client.get(path)
        times.append((time.perf_counter() - started) * 1000)
        response.raise_for_status()
    return times


async def _webhooks(client: httpx2.AsyncClient) -> list[str]:
    drafts = [{"name": f"bench {number}", "url": "http://127.0.0.1:9/"} for number in range(WEBHOOKS)]
    made = [await client.post("/v1/webhooks", json=draft) for draft in drafts]
    return [str(response.json()["id"]) for response in made]


async def _run(kind: str, url: str, server: Server, options: Any) -> list[Figure]:
    figures = []
    database = Database(url)
    async with server.client() as client:
        webhooks = await _webhooks(client)
        async with database.read() as connection:
            workspace = (await connection.exec_driver_sql("SELECT id FROM workspaces")).scalar_one()
        await _fill(database, workspace, webhooks, options.rows)
        pages = _pages(workspace, webhooks[0])
        await _explain(database, pages)
        await database.close()
        newest = (await client.get("/v1/deliveries")).json()["items"][25]["id"]
        for path in (*pages, f"/v1/deliveries/{newest}"):
            runs = [await _measure(client, path, options.requests) for _ in range(options.runs)]
            half = statistics.median(statistics.median(run) for run in runs)
            slow = statistics.median(percentile(run, 0.95) for run in runs)
            shown = path.replace(webhooks[0], "…").replace(newest, "…")
            what = f"GET {shown}, {options.rows:,} attempts, {kind}"
            figures.append(Figure(what, f"p95 < {GOAL_MS} ms", f"p50 {half:.1f} ms, p95 {slow:.1f} ms", slow < GOAL_MS))
    return figures


async def main() -> None:
    """Fill a store of each kind, ask for first pages, and print how long they took."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--stores", nargs="+", default=[SQLITE, POSTGRESQL])
    options = parser.parse_args()
    figures: list[Figure] = []
    with ExitStack() as stack:
        server_url = stack.enter_context(postgres()) if POSTGRESQL in options.stores else None
        for kind in options.stores:
            async with store(kind, server_url) as url, serving(url, "--no-worker") as server:
                figures += await _run(kind, url, server, options)
    tell(figures, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
