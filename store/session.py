"""The connection to the database: SQLite in one file, or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from rules.errors import InvalidInput
from store import dialect
from store.space import Space

STORE_FAILURES = (OperationalError, InterfaceError, OSError, TimeoutError)  # it is gone, full, or locked
_REWRITTEN_BYTES = 256 * 1024 * 1024
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def is_store_failure(error: Exception) -> bool:
    """Say whether something failed through the store or the way to it, and not through what was to be stored."""
    return isinstance(error, STORE_FAILURES) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def driver_url(url: str | URL) -> URL:
    """Add the async driver to a plain `sqlite:///path` or `postgresql://…` URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in _DRIVERS:
        raise InvalidInput.of(
            "HOOKWRIGHT_DATABASE_URL", f"must be sqlite:///path or postgresql://…; got {str(url).rsplit('@', 1)[-1]!r}"
        )
    return parsed.set(drivername=_DRIVERS[parsed.get_backend_name()])


class Database:
    """Transactions on one database.

    SQLite allows one writer: writing transactions take turns in `write`, while readers go on undisturbed in WAL mode.

    Args:
        url: `sqlite:///path` or `postgresql://…`.
        pool_size: Connections at most.
        statement_seconds: PostgreSQL: how long a statement may take before its connection is given up (it may have
            been lost without a word); None for ever.

    """

    def __init__(self, url: str | URL, *, pool_size: int = 10, statement_seconds: float | None = 60) -> None:
        self.url = driver_url(url)
        self.engine = create_async_engine(self.url, **dialect.engine_options(self.url, pool_size, statement_seconds))
        self._writing = dialect.writing(self.engine)
        self._writing_lazily = dialect.writing(self.engine, lazily=True)
        self._looking = dialect.without_transactions(self.engine)
        self._glances = dialect.glances(self.url)
        self.space = Space(self.engine)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn: AbstractAsyncContextManager[None] = asyncio.Lock() if self.is_sqlite else nullcontext()
        dialect.prepare_connections(self.engine)

    @asynccontextmanager
    async def write(self, *, lazily: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that is committed at the end, or rolled back when the block raises.

        What was written `lazily` may be undone by a power failure on SQLite: right only for what such a failure makes
        void, as claims are, whose worker is gone then.
        """
        engine = self._writing_lazily if lazily else self._writing
        async with self._turn, engine.connect() as connection:
            try:
                yield connection
                await connection.commit()
            except BaseException:
                await connection.rollback()  # after a commit that failed too: else its transaction goes to the pool
                raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading: SQLite shows one consistent state, PostgreSQL the newest at each statement.

        Nothing may be written in it: SQLite would not promise to keep it over a power failure.
        """
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def look(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for one statement that reads; nothing may be written in it either."""
        async with self._looking.connect() as connection:
            yield connection

    def glance(self, sql: str, parameters: tuple[Any, ...]) -> list[Any] | None:
        """Return the few rows that a SELECT finds by a key, without waiting; None where one must wait: use `look`."""
        return None if self._glances is None else self._glances.rows(sql, parameters)

    async def settle_file(self) -> None:
        """Leave no older content in SQLite's file, nor in its log, which is emptied.

        What was deleted is overwritten with zeros (`secure_delete`), but where SQLite had moved it between pages
        before, a copy may be left. Up to 256 MB the file is written anew, in some three seconds; beyond that, doing so
        is for a quiet hour (docs/operations.md).
        """
        if self.is_sqlite:
            async with self._turn, self._looking.connect() as connection:
                size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
                if (await connection.exec_driver_sql(size)).scalar_one() <= _REWRITTEN_BYTES:
                    await connection.exec_driver_sql("VACUUM")
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def fold_log(self) -> None:
        """Write SQLite's log back into its file, beside writers: else a commit does so, and all others wait for it."""
        if self.is_sqlite:
            async with self._looking.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    async def close(self) -> None:
        """Close every connection."""
        try:
            if self._glances is not None:
                self._glances.close()
        finally:
            await self.engine.dispose()
