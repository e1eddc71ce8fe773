"""How long pruning keeps others from writing, on SQLite and PostgreSQL.

    python -m bench.prune [--rows 50000] [--runs 3] [--stores SQLite PostgreSQL]

Old attempts with bodies are pruned while another writer commits a row every 20 ms. Printed are the transactions of
pruning, and how long that writer's commits take with and without it beside them.
"""

import asyncio
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import uvloop

from bench.figures import Figure, arguments, median_of, percentile, tell
from bench.servers import POSTGRESQL, SQLITE, postgres, store
from rules.ids import new_id
from store import deliveries as log
from store.migrate import migrate
from store.session import Database
from webhooks.maintenance import Maintenance

GOAL_MS = 50
_EVERY_SECONDS = 0.02
_ALONE_SECONDS = 3.0
_BODY = '{"ok":true,"note":"' + "x" * 300 + '"}'


class TimedMaintenance(Maintenance):
    """Maintenance that remembers how long each of its transactions took, in seconds."""

    def __init__(self, database: Database, retention_days: int) -> None:
        super().__init__(database, retention_days)
        self.locks: list[float] = []

    def _learn(self, took: float) -> None:
        self.locks.append(took)
        super()._learn(took)


def _attempt(at: datetime, number: int) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(("cause", "error", "delivered_at", "response_headers"))
    row |= {"id": new_id("att", now_ns=int(at.timestamp() * 1e9)), "workspace_id": "ws_1", "response_body": _BODY}
    row |= {"webhook_id": f"wh_{number % 10}", "delivery_id": new_id("dlv"), "event_id": f"evt_{number}"}
    row |= {"event_type": "purchase", "number": 1, "status": "delivered", "status_code": 200, "duration_ms": 12}
    return row | {"attempted_at": at, "request_headers": '{"User-Agent":"Hookwright"}'}


async def _fill(database: Database, count: int) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=60)
    for start in range(0, count, 1000):
        numbers = range(start, min(start + 1000, count))
        async with database.write() as connection:
            await log.log(connection, [_attempt(long_ago + timedelta(seconds=n), n) for n in numbers])


async def _write_until(database: Database, end: asyncio.Event, took: list[float]) -> None:
    while not end.is_set():
        started = time.perf_counter()
        async with database.write() as connection:
            await log.log(connection, [_attempt(datetime.now(UTC), 0)])
        took.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(_EVERY_SECONDS)


async def _run(url: str, count: int) -> tuple[list[float], list[float], list[float]]:
    """Return the transactions of pruning, and the other writer's commits beside it and alone, in milliseconds."""
    database = Database(url)
    try:
        await migrate(database)
        await _fill(database, count)
        maintenance, end = TimedMaintenance(database, 30), asyncio.Event()
        beside: list[float] = []
        alone: list[float] = []
        writing = asyncio.create_task(_write_until(database, end, beside))
        await maintenance.prune()
        end.set()
        await writing
        end.clear()
        writing = asyncio.create_task(_write_until(database, end, alone))
        await asyncio.sleep(_ALONE_SECONDS)
        end.set()
        await writing
        return [took * 1000 for took in maintenance.locks], beside, alone
    finally:
        await database.close()


def _shares(values: list[float]) -> str:
    shares = ", ".join(f"p{share:.0f} {percentile(values, share / 100):.1f}" for share in (50, 95, 99))
    return f"{shares}, longest {max(values):.1f} ms of {len(values)}"


async def main() -> None:
    """Prune in turn on each database, and print medians of the runs."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--stores", nargs="+", default=[SQLITE, POSTGRESQL])
    options = parser.parse_args()
    figures: list[Figure] = []
    with ExitStack() as stack:
        server = stack.enter_context(postgres()) if POSTGRESQL in options.stores else None
        for kind in options.stores:
            longest: list[float] = []
            for number in range(options.runs):
                async with store(kind, server) as url:
                    locks, beside, alone = await _run(url, options.rows)
                longest.append(max(locks))
                print(f"run {number + 1}, {kind}: pruning {_shares(locks)}")
                print(f"    a writer beside it {_shares(beside)}; alone {_shares(alone)}")
            median = median_of(longest)
            what = f"longest transaction of pruning {options.rows:,} attempts, {kind}, median of {options.runs}"
            figures.append(Figure(what, f"< {GOAL_MS} ms", f"{median:.1f} ms", median < GOAL_MS))
    tell(figures, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
