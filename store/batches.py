"""Many rows written at once, at a fraction of what SQLAlchemy's own `execute(statement, rows)` costs.

SQLite gets all rows as one JSON text, and so in one statement: its driver gives Python's lock away and takes it back
for every statement and row, and in a process that is busy sending, getting it back is most of the time. PostgreSQL's
driver sends all rows together.

Of heavy rows, reading the JSON would be most of the time: 2 048 answers of 16 KiB of control characters took SQLite two
seconds, with its one write lock held, and 700 MB. Its driver writes those row by row, and a text with NUL, which SQLite
would cut off there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from store.moment import Moment, moment_text

_LIGHT_BYTES = 4096  # of a row as JSON, on average
_NUL = b"\\u0000"


class _Prepared(NamedTuple):
    """A compiled statement: how to get the values of a row, and which of them are moments."""

    sql: str
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    moments: tuple[int, ...]


async def write_many(connection: AsyncConnection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute an INSERT, or an UPDATE of one row by its key, once per row.

    Args:
        connection: In a writing transaction.
        statement: Its values are `bindparam`s with names, two at least, and nothing else is bound.
        rows: Plain values by name: texts, numbers, None, and moments.

    """
    if not rows:
        return
    prepared = _prepared(statement, connection.dialect)
    values = [prepared.pick(row) for row in rows]
    if connection.dialect.name != "sqlite":
        await connection.exec_driver_sql(prepared.sql, values)
        return
    written = orjson.dumps([_with_texts(row, prepared.moments) for row in values], default=moment_text)
    if len(written) > _LIGHT_BYTES * len(values) or _NUL in written:
        plain = [_with_all_texts(row, prepared.moments) for row in values]
        await connection.exec_driver_sql(prepared.sql, plain)
    else:
        await connection.exec_driver_sql(_from_json(prepared.sql), (written.decode(),))


@cache
def _prepared(statement: Any, dialect: Dialect) -> _Prepared:
    compiled = statement.compile(dialect=dialect)
    names = tuple(compiled.positiontup)
    moments = tuple(index for index, name in enumerate(names) if isinstance(compiled.binds[name].type, Moment))
    return _Prepared(str(compiled), itemgetter(*names), moments)


@cache
def _from_json(sql: str) -> str:
    """Rewrite a statement of SQLite's for one row into one that takes an array of rows, each an array of values."""
    numbers = iter(range(sql.count("?")))
    named = re.sub(r"\?", lambda _: f"new_rows.value->>{next(numbers)}", sql)
    source = " FROM json_each(?) AS new_rows"
    if sql.startswith("UPDATE"):
        return named.replace(" WHERE ", f"{source} WHERE ", 1)
    head, _, values = named.partition(" VALUES ")
    return f"{head} SELECT {values[1:-1]}{source}"


def _with_texts(row: tuple[Any, ...], moments: tuple[int, ...]) -> Sequence[Any]:
    """Write moments as texts, except those that orjson writes in the same way, at a tenth of the cost."""
    texts: list[Any] | None = None
    for index in moments:
        moment = row[index]
        if moment is not None and not (moment.microsecond and moment.tzinfo is UTC):
            texts = texts or list(row)
            texts[index] = moment_text(moment)
    return texts or row


def _with_all_texts(row: tuple[Any, ...], moments: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(moment_text(value) if index in moments else value for index, value in enumerate(row))
