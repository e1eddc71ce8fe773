"""What differs between SQLite and PostgreSQL, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, DateTime, event, func, literal, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import URL, Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from store import postgres, sqlite
from store.moment import Moment

_BEGIN = "hookwright_begin"
_OF_SERVER = ("53", "57P03", "58")  # https://www.postgresql.org/docs/current/errcodes-appendix.html
_AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}


def engine_options(url: URL, pool_size: int, statement_seconds: float | None) -> dict[str, Any]:
    """Choose the pool and driver options for a database URL."""
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "poolclass": AsyncAdaptedQueuePool}
    options["hide_parameters"] = True  # an error that is logged would quote payloads and what is sealed
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = sqlite.connect_arguments()
    else:
        options["connect_args"] = postgres.connect_arguments(url, statement_seconds)
    return options


def prepare_connections(engine: AsyncEngine) -> None:
    """Say how a transaction begins on SQLite; on PostgreSQL, leave out connections that its server has closed."""
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "begin", _open_transaction)
    else:
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        event.listen(engine.sync_engine, "handle_error", _failure_of_server)


def _open_transaction(connection: Connection) -> None:
    opening = connection.get_execution_options().get(_BEGIN, sqlite.READ)
    if opening is not None:
        connection.connection.driver_connection.open_with(opening)  # type: ignore[union-attr]


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool connect anew instead of using what its server has closed.

    A ping would also find a peer that vanished without a word, but costs three round trips each time. So the first
    statement on such a connection fails, after the seconds that a statement may take; the connection is then given up.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _failure_of_server(context: ExceptionContext) -> OperationalError | None:
    """Raise OperationalError where a server is starting, full or failing, as all drivers but asyncpg do.

    Not where a connection is lost: what was to be done on it may work on another one.
    """
    error = context.sqlalchemy_exception
    state = getattr(context.original_exception, "sqlstate", None) or ""
    if not isinstance(error, DBAPIError) or not state.startswith(_OF_SERVER):
        return None
    return OperationalError(error.statement, error.params, context.original_exception, hide_parameters=True)


def writing(engine: AsyncEngine, *, lazily: bool = False) -> AsyncEngine:
    """Return the engine for transactions that write; SQLite's take its one write lock at once, so none has to upgrade.

    Args:
        engine: Whose connections are used.
        lazily: SQLite need not wait for the disk at the end. PostgreSQL waits: who works on it outlives it, and would
            go on with what it has forgotten.

    """
    if engine.dialect.name != "sqlite":
        return engine
    return engine.execution_options(**{_BEGIN: sqlite.WRITE_LAZILY if lazily else sqlite.WRITE})


def without_transactions(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine for statements that each are their own transaction."""
    return engine.execution_options(**({_BEGIN: None} if engine.dialect.name == "sqlite" else _AUTOCOMMIT))


def glances(url: URL) -> sqlite.Glances | None:
    """Return what reads a row by its key without waiting; None on PostgreSQL, which is reached over a network."""
    return sqlite.Glances(url.database or "") if url.get_backend_name() == "sqlite" else None


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


def insert(on: Dialect, table: Any) -> Any:
    """Return the dialect's INSERT, the one that knows ON CONFLICT."""
    return sqlite_dialect.insert(table) if on.name == "sqlite" else postgresql.insert(table)
