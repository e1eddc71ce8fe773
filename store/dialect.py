"""What differs between SQLite and PostgreSQL, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, event, func, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from store import postgres
from store.moment import Moment

_BUSY_TIMEOUT_SECONDS = 15


def engine_options(url: URL, pool_size: int, statement_seconds: float | None) -> dict[str, Any]:
    """Choose the pool and driver options for a database URL."""
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "poolclass": AsyncAdaptedQueuePool}
    options["hide_parameters"] = True  # an error that is logged would quote payloads and what is sealed
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _BUSY_TIMEOUT_SECONDS}
    else:
        options["pool_pre_ping"] = True
        options["connect_args"] = postgres.connect_arguments(url, statement_seconds)
    return options


def prepare_connections(engine: AsyncEngine) -> None:
    """Make every new SQLite connection durable (WAL, synchronous FULL) and leave BEGIN to `begin_write`."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
            "temp_store=MEMORY",
            "wal_autocheckpoint=8000",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        if not connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("BEGIN")


async def begin_write(connection: AsyncConnection) -> None:
    """Begin a transaction that will write; SQLite takes its one write lock at once, so it never has to upgrade."""
    if connection.dialect.name == "sqlite":
        await connection.execution_options(writes=True)
        await connection.exec_driver_sql("BEGIN IMMEDIATE")


async def take_turns(connection: AsyncConnection, name: str) -> None:
    """Wait until no other transaction has the turn of this name, and keep it until the end of this one.

    On SQLite, every writing transaction has taken its turn already.
    """
    if connection.dialect.name != "sqlite":
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"hookwright {name}"})


async def take_turn_if_free(connection: AsyncConnection, name: str) -> bool:
    """Take the turn of this name, until the end of this transaction, unless another has it; says whether it did."""
    if connection.dialect.name == "sqlite":
        return True
    statement = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
    return bool((await connection.execute(statement, {"name": f"hookwright {name}"})).scalar_one())


def clock(connection: AsyncConnection, now: datetime, ago: timedelta = timedelta()) -> Any:
    """Return the time (`ago` before it) that all processes agree on: PostgreSQL's own; on SQLite, that of its host."""
    if connection.dialect.name == "sqlite":
        return literal(now - ago, Moment)
    return func.clock_timestamp(type_=DateTime(timezone=True)) - ago


def insert(connection: AsyncConnection, table: Any) -> Any:
    """Return the dialect's INSERT, the one that knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
