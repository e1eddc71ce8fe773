"""Attempts by the day on PostgreSQL: parts of the table that are created ahead, and dropped whole when they are old.

SQLite has one table, and nothing of this. What belongs to no part is in `attempts_default`, so that no insert ever
fails for want of a part: rows of a clock that is wrong, or of a move.

Deliveries write while parts come and go. Both need the whole table for a moment. They wait for it a tenth of a second,
during which writers wait too, and then let them pass and try again later: a backup can hold it for hours. Writers wait
for the whole and not for a part, so that they find the parts as they are then; otherwise they would fail.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import MetaData, Table, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from rules.spans import PARTS_AT_MOST, Span, missing_spans, width_days
from store import dialect
from store.deliveries import attempts
from store.session import Database

AHEAD: Final = timedelta(days=7)
_BEHIND: Final = timedelta(days=1)
_DEFAULT = "attempts_default"
_LOCK_WAIT = "100ms"
_TRIES = 20
_PAUSE_SECONDS = 0.5
_IN_THE_WAY = frozenset({"55P03", "40P01"})  # lock_not_available, deadlock_detected

log = logging.getLogger("hookwright.maintenance")


class Part(NamedTuple):
    """A table that holds a span of attempts; `rows` is PostgreSQL's own estimate, -1 when it has none."""

    name: str
    span: Span
    rows: int


_PARTS = text("""
SELECT name, reach = 'DEFAULT' AS is_default, rows,
    substring(reach from 'FROM \\(''([^'']+)''\\)')::timestamptz AS "begin",
    substring(reach from 'TO \\(''([^'']+)''\\)')::timestamptz AS "end"
FROM (
    SELECT child.relname::text AS name, child.reltuples::bigint AS rows,
        pg_get_expr(child.relpartbound, child.oid) AS reach
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = to_regclass('attempts')
) found
""")


async def parts(connection: AsyncConnection) -> list[Part]:
    """Return the parts that hold a span, the oldest first; SQLite has none."""
    if connection.dialect.name == "sqlite":
        return []
    rows = [row for row in await connection.execute(_PARTS) if not row.is_default]
    found = [Part(row.name, Span(row.begin, row.end), row.rows) for row in rows]
    return sorted(found, key=lambda part: (part.span.begin is not None, part.span.begin))


async def walked_tables(connection: AsyncConnection) -> list[Table]:
    """Return the tables of which old attempts are deleted one by one.

    Those are the part of what had been stored before there were parts, and what is in none; on SQLite, everything.
    """
    if connection.dialect.name == "sqlite":
        return [attempts]
    await _run(connection, f"ANALYZE {_DEFAULT}")  # PostgreSQL knows too late that it has rows, and would scan it
    names = [part.name for part in await parts(connection) if part.span.begin is None]
    return [attempts.to_metadata(MetaData(), name=name) for name in (*names, _DEFAULT)]


async def extend(database: Database, retention_days: int) -> None:
    """Create the parts from yesterday until a week ahead, by the database's clock; several processes take turns.

    After a failure, the parts that are there last for days, and `attempts_default` after them: it is logged.
    """
    if database.is_sqlite:
        return
    try:
        async with database.read() as connection:
            now = await clock(connection)
            there = [part.span for part in await parts(connection)]
        for span in missing_spans(now - _BEHIND, now + AHEAD, width_days(retention_days), there):
            await _create(database, span)
    except (DBAPIError, OSError, TimeoutError):
        log.exception("parts of the log could not be created; it is tried again later")


async def fill(database: Database, days: Iterable[date]) -> None:
    """Create parts for days of which rows are about to be added, the newest of them; others go where none is needed."""
    if database.is_sqlite:
        return
    async with database.read() as connection:
        ahead = (await clock(connection)).date() + AHEAD
    for day in sorted(day for day in days if day <= ahead)[-PARTS_AT_MOST:]:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        async with database.read() as connection:
            there = [part.span for part in await parts(connection)]
        for span in missing_spans(noon, noon, 1, there):
            await _create(database, span)


async def drop(database: Database, before: datetime) -> list[Part]:
    """Drop the parts of which everything is from before a time; returns those that could be dropped now."""
    async with database.read() as connection:
        old = [part for part in await parts(connection) if part.span.end is not None and part.span.end <= before]
    dropped: list[Part] = []
    for part in old:
        if not await _patiently(database, lambda connection, name=part.name: _drop(connection, name)):  # type: ignore[misc]
            log.warning("the log from before %s is still being read; it is dropped later", part.span.end)
            break
        dropped.append(part)
    return dropped


async def clock(connection: AsyncConnection) -> datetime:
    """Return the database's time; SQLite's is that of its host."""
    now = datetime.now(UTC)
    if connection.dialect.name == "sqlite":
        return now
    at: datetime = (await connection.execute(select(dialect.clock(connection, now)))).scalar_one()
    return at.astimezone(UTC)


async def _create(database: Database, span: Span) -> None:
    if not await _patiently(database, lambda connection: _attach(connection, span)):
        log.warning("the log is being read; its part from %s on is created later", span.begin)


async def _attach(connection: AsyncConnection, span: Span) -> None:
    """Create a part, and move into it what had to be kept elsewhere, unless another process did so meanwhile."""
    await dialect.take_turns(connection, "parts")
    there = [part.span for part in await parts(connection)]
    begin, end = _literal(span.begin), _literal(span.end)
    if span.begin is None or span.end is None or any(_overlap(span, other) for other in there):
        return
    name = f"attempts_{span.begin:%Y%m%d}"
    await _run(connection, "LOCK TABLE ONLY attempts IN SHARE ROW EXCLUSIVE MODE")
    await _run(connection, f"CREATE TABLE {name} (LIKE attempts INCLUDING ALL)")
    theirs = f"attempted_at >= {begin} AND attempted_at < {end}"
    strays = f"DELETE FROM {_DEFAULT} WHERE {theirs} RETURNING *"  # noqa: S608 - a time of ours
    await _run(connection, f"WITH strays AS ({strays}) INSERT INTO {name} SELECT * FROM strays")  # noqa: S608 - a name of ours
    await _run(connection, f"ALTER TABLE attempts ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})")


async def _drop(connection: AsyncConnection, name: str) -> None:
    await dialect.take_turns(connection, "parts")
    await _run(connection, f"DROP TABLE IF EXISTS {name}")


def _overlap(one: Span, other: Span) -> bool:
    return (other.end is None or one.begin is None or other.end > one.begin) and (
        other.begin is None or one.end is None or other.begin < one.end
    )


def _literal(at: datetime | None) -> str:
    return f"'{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00'" if at else "NULL"


async def _run(connection: AsyncConnection, sql: str) -> None:
    await connection.exec_driver_sql(sql)


async def _patiently(database: Database, job: Callable[[AsyncConnection], Awaitable[None]]) -> bool:
    """Do something that needs a lock others hold, waiting for it only shortly at a time; says whether it was done."""
    for _ in range(_TRIES):
        try:
            async with database.write() as connection:
                await _run(connection, f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
                await job(connection)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False
