"""A database of the store tests, with rows in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from store import deliveries as store
from store import webhooks
from store.session import Database


class Shelf:
    """A migrated database, and rows to fill it with."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.count = 0

    async def webhook(self, id_: str, **fields: Any) -> str:
        now = datetime.now(UTC)
        row = {
            "id": id_,
            "workspace_id": "ws_1",
            "name": id_,
            "url": "https://example.com/",
            "description": "",
            "enabled": True,
            "profile": "standard",
            "event_filter": {"mode": "all"},
            "conditions": [],
            "retry": {},
            "timeout_ms": 1000,
            "created_at": now,
            "updated_at": now,
            **dict.fromkeys(("total", "successful", "failed", "consecutive_failures", "total_ms"), 0),
            **fields,
        }
        async with self.database.write() as connection:
            await webhooks.add(connection, row)
        return id_

    async def deliveries(self, webhook_id: str, count: int, **fields: Any) -> list[str]:
        """Add events, each with a delivery that is due."""
        now = datetime.now(UTC)
        numbers = range(self.count, self.count + count)
        self.count += count
        event = {"workspace_id": "ws_1", "type": "purchase", "payload": "{}", "occurred_at": now, "created_at": now}
        delivery = {
            "workspace_id": "ws_1",
            "webhook_id": webhook_id,
            "event_type": "purchase",
            "status": "pending",
            "attempts": 0,
            "retries_used": 0,
            "run_at": now,
            "created_at": now,
            **fields,
        }
        async with self.database.write() as connection:
            await store.add_events(connection, [{"id": f"evt_{n:06}", **event} for n in numbers])
            rows = [{"id": f"dlv_{n:06}", "event_id": f"evt_{n:06}", **delivery} for n in numbers]
            await connection.execute(store.deliveries.insert(), rows)
        return [row["id"] for row in rows]

    async def where(self, condition: Callable[[dict[str, Any]], bool]) -> set[str]:
        """Return the ids of the deliveries that fulfil a condition."""
        async with self.database.read() as connection:
            page = await store.page(connection, "ws_1", {}, 10_000, 0)
        return {row["id"] for row in page.items if condition(dict(row))}


async def waiting(database: Database, count: int = 1) -> bool | None:
    """Say whether so many transactions wait for a lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as connection:
        return True if (await connection.exec_driver_sql(sql)).scalar_one() >= count else None
