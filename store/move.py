"""Moving everything that is stored from SQLite to PostgreSQL.

The source is locked against writing meanwhile and is not changed. A move that was interrupted is continued by the next
one: it reads the source from the beginning, and writes what is missing or has changed since.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    func,
    insert,
    inspect,
    select,
    text,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import Conflict, InvalidInput
from store import deliveries, partitions, workers
from store.migrate import METADATA, migrate
from store.moment import Moment
from store.session import Database

BATCH_ROWS = 200
_UNREADABLE = "\ufffd"

_marker = Table(  # stands in the target as long as the move is not complete
    "unfinished_move", MetaData(), Column("source", String, primary_key=True), Column("started_at", Moment)
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one table is."""

    table: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What is in one table, at both ends, after the move."""

    table: str
    source: int
    target: int


@asynccontextmanager
async def _opened(source_url: str, target_url: str) -> AsyncIterator[tuple[Database, Database]]:
    source, target = Database(source_url, pool_size=2), Database(target_url, pool_size=3)
    try:
        if not source.is_sqlite or target.is_sqlite:
            raise InvalidInput.of("--from, --to", "must be sqlite:///path and postgresql://…: it is the only way round")
        _check_file(source.url.database or "")
        yield source, target
    finally:
        await source.close()
        await target.close()


async def move(
    source_url: str, target_url: str, *, silence: timedelta, tell: Callable[[Progress], None]
) -> list[Moved]:
    """Copy every table, and compare how many rows there are at both ends.

    Args:
        source_url: `sqlite:///path`; nobody may write to it now.
        target_url: `postgresql://…`; empty, or left behind by a move from the same source that was interrupted.
        silence: A worker whose heartbeat is younger is running.
        tell: Called after each batch.

    Raises:
        InvalidInput: One of the URLs is not what it must be.
        Conflict: A worker is running at one of the ends, the target holds something else, another move is under way,
            or the counts differ at the end.

    """
    async with _opened(source_url, target_url) as (source, target):
        await _refuse_running(source, silence, "The server of the source")
        await migrate(source)
        await migrate(target)
        await _refuse_running(target, silence, "A worker of the target")
        async with _alone(target), source.write() as reading:
            await _claim_target(target, _place(source))
            await partitions.fill(target, await _days(reading))
            for table in METADATA.sorted_tables:
                await _copy(table, reading, target, tell)
            moved = [await _counted(table, reading, target) for table in METADATA.sorted_tables]
            await _conclude(target, moved)
    return moved


def _check_file(name: str) -> None:
    """Raise InvalidInput when there is no such file; SQLite would create it."""
    if not Path(name).is_file():
        raise InvalidInput.of("--from", f"there is no database at {name!r}")


def _place(source: Database) -> str:
    return str(Path(source.url.database or "").resolve())


async def _refuse_running(database: Database, silence: timedelta, who: str) -> None:
    async with database.read() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("workers")):
            return
        beat = await workers.newest_heartbeat(connection)
    if beat is not None and datetime.now(UTC) - beat < silence:
        raise Conflict(f"{who} is running; stop it first. One that was killed is let go after {silence.seconds} s.")


@asynccontextmanager
async def _alone(target: Database) -> AsyncIterator[None]:
    """Let one move run at a time; the lock ends with the connection, when the target is closed."""
    async with target.engine.connect() as connection:
        statement = text("SELECT pg_try_advisory_lock(hashtext('hookwright move'))")
        got = (await connection.execute(statement)).scalar_one()
        await connection.commit()
        if not got:
            raise Conflict("Another move into this database is under way.")
        yield


async def _claim_target(target: Database, source: str) -> None:
    """Mark an empty target as ours; raises Conflict when it holds something that is not from an unfinished move."""
    async with target.write() as connection:
        await connection.run_sync(_marker.create, checkfirst=True)
        marks = (await connection.execute(select(_marker.c.source))).scalars().all()
        if source in marks:
            return
        if marks:
            raise Conflict(f"The target holds an unfinished move from {marks[0]}; finish that, or empty the target.")
        for table in METADATA.sorted_tables:
            if count := await _count(table, connection):
                raise Conflict(
                    f"The target is not empty: {table.name} has {count} rows. A move needs an empty database, which "
                    "no server has been started on yet, or one that a move from the same source was interrupted in."
                )
        await connection.execute(insert(_marker).values(source=source, started_at=datetime.now(UTC)))


async def _days(reading: AsyncConnection) -> list[date]:
    """Return the days that attempts were made on; SQLite's times are texts."""
    day = func.substr(type_coerce(deliveries.attempts.c.attempted_at, String), 1, 10)
    return [date.fromisoformat(text) for text in (await reading.execute(select(day).distinct())).scalars()]


async def _copy(table: Table, reading: AsyncConnection, target: Database, tell: Callable[[Progress], None]) -> None:
    """Copy what is missing of a table, or differs, in the order of its key."""
    total, done = await _count(table, reading), 0
    async with target.read() as connection:
        begun = await _count(table, connection) > 0
    async for rows in _batches(table, reading):
        async with target.write() as connection:
            there = await _there(table, connection, rows) if begun else {}
            await _write(table, connection, rows, there)
        done += len(rows)
        tell(Progress(table.name, done, total))


async def _batches(table: Table, reading: AsyncConnection) -> AsyncIterator[list[dict[str, Any]]]:
    key = list(table.primary_key.columns)
    statement = select(table).order_by(*key).limit(BATCH_ROWS)
    after = statement
    while True:
        rows = [_storable(dict(row)) for row in (await reading.execute(after)).mappings()]
        if not rows:
            return
        yield rows
        after = statement.where(tuple_(*key) > tuple_(*(rows[-1][column.name] for column in key)))


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    """Replace NULs, which SQLite takes into texts and PostgreSQL does not."""
    for name, value in row.items():
        if isinstance(value, str) and "\0" in value:
            row[name] = value.replace("\0", _UNREADABLE)
    return row


async def _there(
    table: Table, connection: AsyncConnection, rows: Sequence[dict[str, Any]]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    columns = list(table.primary_key.columns)
    keys = [_key(table, row) for row in rows]
    result = await connection.execute(select(table).where(tuple_(*columns).in_(keys)))
    return {_key(table, dict(row)): dict(row) for row in result.mappings()}


async def _write(
    table: Table,
    connection: AsyncConnection,
    rows: Sequence[dict[str, Any]],
    there: dict[tuple[Any, ...], dict[str, Any]],
) -> None:
    missing = [row for row in rows if _key(table, row) not in there]
    changed = [row for row in rows if there.get(_key(table, row), row) != row]
    if missing:
        await connection.execute(insert(table), missing)
    if changed:
        this = and_(*(column == bindparam(f"key_{column.name}") for column in table.primary_key.columns))
        new = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in table.columns}
        await connection.execute(update(table).where(this).values(new), [_bound(table, row) for row in changed])


def _bound(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    keys = {f"key_{column.name}": row[column.name] for column in table.primary_key.columns}
    return {**keys, **{f"new_{name}": value for name, value in row.items()}}


def _key(table: Table, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


async def _count(table: Table, connection: AsyncConnection) -> int:
    return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def _counted(table: Table, reading: AsyncConnection, target: Database) -> Moved:
    async with target.read() as connection:
        return Moved(table.name, await _count(table, reading), await _count(table, connection))


async def _conclude(target: Database, moved: Sequence[Moved]) -> None:
    """Release the target for use; raises Conflict when a count differs."""
    wrong = [f"{entry.table} ({entry.source} and {entry.target})" for entry in moved if entry.source != entry.target]
    if wrong:
        raise Conflict(
            f"Source and target do not have as many rows: {', '.join(wrong)}. Rows were deleted from the source "
            "between two runs, or the target was used meanwhile: empty the target and move anew."
        )
    async with target.write() as connection:
        await connection.run_sync(_marker.drop)
