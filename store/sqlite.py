"""Connections to SQLite, for which a statement is one trip to the database's thread: rows, and BEGIN, included.

Each trip waits for the event loop, and twice for Python's lock; aiosqlite's own cursor makes four for a statement.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

_BUSY_TIMEOUT_SECONDS = 15
_ROWS_AT_ONCE = 64
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-32000",
    "temp_store=MEMORY",
    "wal_autocheckpoint=8000",
    "secure_delete=ON",
)

READ = ("BEGIN",)
WRITE = ("PRAGMA synchronous=FULL", "BEGIN IMMEDIATE")
WRITE_LAZILY = ("PRAGMA synchronous=NORMAL", "BEGIN IMMEDIATE")
"""A power failure may undo what is written so, a killed process does not; the next commit of `WRITE` saves it, too."""

_Found = tuple[list[Any], Any, int, int | None]


def connect_arguments() -> dict[str, Any]:
    """Return what SQLAlchemy's aiosqlite dialect is to connect with."""
    return {"async_creator_fn": _connect}


def _connect(path: str, **options: Any) -> "Connection":
    def connector() -> sqlite3.Connection:
        given = {"timeout": _BUSY_TIMEOUT_SECONDS, **options, "isolation_level": None}  # a URL may say `?timeout=60`
        connection: sqlite3.Connection = sqlite3.connect(path, **given)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    connection = Connection(connector, iter_chunk_size=_ROWS_AT_ONCE)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: a connection left open ends with the process
    return connection


class Glances:
    """A connection for rows that are read by their key: in the time that it takes to ask a thread for them, ten times.

    It keeps no transaction open, waits for nobody, and each look sees all that was committed before.

    Args:
        path: The file of the database.

    """

    def __init__(self, path: str) -> None:
        self._uri = f"{Path(path).absolute().as_uri()}?mode=rw"
        self._connection: sqlite3.Connection | None = None

    def rows(self, sql: str, parameters: tuple[Any, ...]) -> list[Any] | None:
        """Return the rows of a SELECT; None when they cannot be read at once."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(self._uri, uri=True, timeout=0, isolation_level=None)
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error:
            return None

    def close(self) -> None:
        """Close the connection; another look opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Connection(aiosqlite.Connection):
    """A connection (WAL) that opens a transaction with its first statement.

    Durable is what is written after `WRITE`. After `READ`, or without a transaction, no row may be written:
    `synchronous` is then as the transaction before has left it, NORMAL after `WRITE_LAZILY`.
    """

    _opening: tuple[str, ...] = ()
    _is_open = False
    _writes = False

    def open_with(self, opening: tuple[str, ...]) -> None:
        """Let the next statement begin a transaction: by `READ`, `WRITE` or `WRITE_LAZILY`."""
        self._opening = opening
        self._writes = opening != READ

    def cursor(self) -> "Cursor":  # type: ignore[override]
        """Return a cursor, without a trip."""
        return Cursor(self)

    async def run(self, sql: str, parameters: Any, *, many: bool = False) -> _Found:
        """Execute a statement; returns its rows, its description, its count of rows, and the last row's id."""
        found: _Found = await self._execute(self._run, sql, parameters, many)  # type: ignore[no-untyped-call]
        return found

    def _run(self, sql: str, parameters: Any, many: bool) -> _Found:  # noqa: FBT001 - in the thread
        if self._opening:
            for statement in self._opening:
                self._conn.execute(statement)
            self._opening, self._is_open = (), True  # not when it failed: what follows would be committed by itself
        self._refuse_if_over()
        cursor = self._conn.executemany(sql, parameters) if many else self._conn.execute(sql, parameters)
        rows = cursor.fetchall() if cursor.description else []
        found = (rows, cursor.description, cursor.rowcount, cursor.lastrowid)
        cursor.close()
        return found

    def _refuse_if_over(self) -> None:
        """Raise where SQLite has rolled back by itself (its disk was full): nothing may follow, nor be called saved."""
        if self._is_open and not self._conn.in_transaction:
            raise sqlite3.OperationalError("the transaction was rolled back by an error before")

    async def commit(self) -> None:
        """Commit, if a transaction has begun."""
        self._opening = ()
        if self._is_open:
            await self._execute(self._commit)  # type: ignore[no-untyped-call]
            self._is_open = False

    def _commit(self) -> None:
        self._refuse_if_over()
        self._conn.commit()

    async def rollback(self) -> None:
        """Roll back, if a transaction has begun; nobody waits for the end of one that only read."""
        self._opening = ()
        if not self._is_open:
            return
        if self._writes:
            await super().rollback()
        else:
            self._tx.put_nowait((None, self._conn.rollback))
        self._is_open = False

    def stop(self) -> asyncio.Future[None] | None:
        """Stop the thread, once: nobody would answer a second order, and who gave it would wait for ever."""
        return super().stop() if self._running else None


class Cursor:
    """What SQLAlchemy asks of a cursor; all rows are there when `execute` returns."""

    description: Any = None
    rowcount = -1
    lastrowid: int | None = None
    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Execute a statement."""
        self._keep(await self._connection.run(sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Execute a statement with each of some parameters."""
        self._keep(await self._connection.run(sql, parameters, many=True))

    def _keep(self, found: _Found) -> None:
        self._rows, self.description, self.rowcount, self.lastrowid = found

    async def fetchall(self) -> list[Any]:
        """Return the rows."""
        return self._rows

    async def close(self) -> None:
        """Forget the rows."""
        self._rows = []
