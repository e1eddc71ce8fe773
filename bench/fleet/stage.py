"""Where a measurement takes place: a database of its own on a PostgreSQL server, webhooks, and what is running."""

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from rules.actor import Actor
from rules.webhook_spec import WebhookDraft
from server.commands.demonstrating import local
from server.settings import Settings
from server.wiring import Platform, wire
from store.migrate import migrate
from store.notify import CHANNEL
from webhooks.intake import NewEvent

USUAL = "postgresql://postgres@127.0.0.1:5432/postgres"
BODY = {"properties": {"value": 100, "currency": "USD", "note": "x" * 900}}
BATCH = 1000
THEIRS = "hookwright_fleet"  # how the connections of the processes that are measured are told from ours
_SIZES = "SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree($1::text::regclass)"


@contextlib.asynccontextmanager
async def server_url() -> AsyncIterator[str]:
    """Give a PostgreSQL server: the one at HOOKWRIGHT_TEST_POSTGRES_URL, at 127.0.0.1:5432, or a new one."""
    given = os.environ.get("HOOKWRIGHT_TEST_POSTGRES_URL", USUAL)
    try:
        await (await asyncpg.connect(given, timeout=5)).close()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        from tests.postgres_server import private_server  # noqa: PLC0415 - only where there is no server

        with private_server() as server:
            yield server.url
    else:
        yield given


@dataclass
class Stage:
    """A migrated, empty database with webhooks that lead to a receiver.

    Attributes:
        platform: Parts of the product in this process; it runs no worker.
        admin: A connection that watches; what it uses is not counted.
        webhooks: The workspace of each webhook: an event in a workspace is one delivery.

    """

    url: str
    home: Path
    platform: Platform
    admin: Any
    webhooks: list[str]

    @property
    def environ(self) -> Mapping[str, str]:
        """The settings of processes that share the database."""
        return {
            "HOOKWRIGHT_DATABASE_URL": f"{self.url}?application_name={THEIRS}",
            "HOOKWRIGHT_HOME": str(self.home),
            "HOOKWRIGHT_EGRESS_ALLOW": "127.0.0.0/8",
            "HOOKWRIGHT_EGRESS_ALLOW_HTTP": "true",
            "HOOKWRIGHT_LOG_LEVEL": "warning",
        }

    async def fill(self, count: int) -> None:
        """Store events, spread evenly over the webhooks."""
        for index, workspace in enumerate(self.webhooks):
            left = count // len(self.webhooks) + (index < count % len(self.webhooks))
            while left:
                batch = min(BATCH, left)
                await self.platform.intake.accept(workspace, [NewEvent("purchase", BODY) for _ in range(batch)])
                left -= batch

    async def bring(self, per_second: float, seconds: float, rng: Random) -> None:
        """Store events one by one, at random times (Poisson) and for random webhooks; nobody waits for another."""
        loop = asyncio.get_running_loop()
        at, end, tasks = loop.time(), loop.time() + seconds, set[asyncio.Task[Any]]()
        while (at := at + rng.expovariate(per_second)) < end:
            if (pause := at - loop.time()) > 0:
                await asyncio.sleep(pause)
            accepting = self.platform.intake.accept(rng.choice(self.webhooks), [NewEvent("purchase", BODY)])
            task = asyncio.create_task(accepting)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(set(tasks))

    async def settled(self) -> int:
        """Return how many attempts have been settled."""
        return int(await self.admin.fetchval("SELECT coalesce(sum(total), 0) FROM webhooks"))

    async def backends(self) -> dict[str, list[int]]:
        """Return the process ids of the backends that serve the processes measured, of ours, and PostgreSQL's own."""
        rows = await self.admin.fetch(
            "SELECT pid, backend_type = 'client backend' AS serves, datname = current_database() AS here,"
            " application_name = $1 AS theirs FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
            THEIRS,
        )
        return {
            "theirs": [row["pid"] for row in rows if row["serves"] and row["here"] and row["theirs"]],
            "ours": [row["pid"] for row in rows if row["serves"] and row["here"] and not row["theirs"]],
            "own": [row["pid"] for row in rows if not row["serves"]],
        }

    async def hold(self) -> None:
        """Keep every webhook's deliveries from being claimed, as an open circuit breaker does."""
        await self.admin.execute("UPDATE webhooks SET breaker_until = now() + interval '1 hour'")

    async def release(self) -> None:
        """Let them be claimed, and tell the workers."""
        await self.admin.execute("UPDATE webhooks SET breaker_until = NULL")
        await self.admin.execute(f"NOTIFY {CHANNEL}")

    async def wal(self) -> int:
        """Return how many bytes of WAL the server has ever written."""
        return int(await self.admin.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"))

    async def commits(self) -> int:
        """Return how many transactions of this database have been committed, as far as they have been reported."""
        statement = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return int(await self.admin.fetchval(statement))

    async def bytes_per_row(self, table: str) -> float:
        """Return the size of a table with its indexes and partitions, divided by its rows."""
        size = await self.admin.fetchval("SELECT pg_total_relation_size($1::text::regclass)", table)
        parts = await self.admin.fetchval(_SIZES, table)
        rows = await self.admin.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
        return float(max(size, parts or 0) / rows)

    async def clear(self) -> None:
        """Empty the queue and the log."""
        await self.admin.execute("TRUNCATE events, deliveries, attempts")
        await self.admin.execute("UPDATE webhooks SET total = 0, successful = 0, total_ms = 0, breaker_until = NULL")
        await self.admin.execute("VACUUM ANALYZE webhooks")
        await self.admin.execute("CHECKPOINT")


@contextlib.asynccontextmanager
async def stage(webhooks: int, receiver_url: str) -> AsyncIterator[Stage]:
    """Make a stage, and remove it at the end."""
    async with server_url() as server:
        keeper = await asyncpg.connect(server)
        name = f"hwfleet_{secrets.token_hex(6)}"
        await keeper.execute(f"CREATE DATABASE {name}")
        try:
            async with _set_up(
                make_url(server).set(database=name).render_as_string(hide_password=False), webhooks, receiver_url
            ) as made:
                yield made
        finally:
            await keeper.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await keeper.close()


@contextlib.asynccontextmanager
async def _set_up(url: str, webhooks: int, receiver_url: str) -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="hookwright-fleet-") as folder:
        home = Path(folder)
        platform = wire(local(Settings(_env_file=None, database_url=url, home=home, port=0)))
        await migrate(platform.database)
        workspaces = [await platform.gatekeeper.create_workspace(f"bench {number}") for number in range(webhooks)]
        for workspace in workspaces:
            draft = WebhookDraft.model_validate({"name": "bench", "url": receiver_url})
            await platform.registry.create(workspace, draft, Actor("cli"))
        admin = await asyncpg.connect(url)
        try:
            yield Stage(url, home, platform, admin, workspaces)
        finally:
            await admin.close()
            await platform.egress.close()
            await platform.database.close()
