"""Many rows written at once, at a fraction of what SQLAlchemy's own `execute(statement, rows)` costs.

SQLite gets all rows as one JSON text, and so in one statement: its driver gives Python's lock away and takes it back
for every statement and row, and in a process that is busy sending, getting it back is most of the time. Of heavy rows,
reading the JSON would be most of the time: 2 048 answers of 16 KiB of control characters took SQLite two seconds, with
its one write lock held, and 700 MB. Its driver writes those row by row, and a text with NUL, which SQLite would cut off
there.

PostgreSQL gets new rows by COPY, and changes as one JSON text: a statement of its own for each row takes it twice the
time, and its driver four times.
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

from store import postgres
from store.moment import Moment, moment_text

_LIGHT_BYTES = 4096  # of a row as JSON, on average
_NUL = b"\\u0000"


class _Prepared(NamedTuple):
    """A compiled statement: how to get the values of a row, and which of them are moments; and its form for many."""

    sql: str
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    moments: tuple[int, ...]
    for_many: str


async def write_many(connection: AsyncConnection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute an INSERT, or an UPDATE of one row by its key, once per row.

    Args:
        connection: In a writing transaction.
        statement: Its values are `bindparam`s with names, two at least, and nothing else is bound; those of an INSERT
            have the names of their columns, and are all that it writes.
        rows: Plain values by name: texts, numbers, None, and moments.

    """
    if not rows:
        return
    prepared = _prepared(statement, connection.dialect)
    if connection.dialect.name == "sqlite":
        await _write_to_sqlite(connection, prepared, [prepared.pick(row) for row in rows])
    elif len(rows) == 1:  # SQLAlchemy would not copy it by `executemany`
        await connection.exec_driver_sql(prepared.sql, prepared.pick(rows[0]))
    elif statement.is_insert:
        await connection.exec_driver_sql(prepared.for_many, [prepared.pick(row) for row in rows])
    else:
        written = orjson.dumps(rows, default=moment_text, option=orjson.OPT_NAIVE_UTC)
        await connection.exec_driver_sql(prepared.for_many, (written.decode(),))


async def _write_to_sqlite(connection: AsyncConnection, prepared: _Prepared, values: list[tuple[Any, ...]]) -> None:
    written = orjson.dumps([_with_texts(row, prepared.moments) for row in values], default=moment_text)
    if len(written) > _LIGHT_BYTES * len(values) or _NUL in written:
        plain = [_with_all_texts(row, prepared.moments) for row in values]
        await connection.exec_driver_sql(prepared.sql, plain)
    else:
        await connection.exec_driver_sql(prepared.for_many, (written.decode(),))


@cache
def _prepared(statement: Any, dialect: Dialect) -> _Prepared:
    compiled = statement.compile(dialect=dialect)
    sql, names = str(compiled), tuple(compiled.positiontup)
    moments = tuple(index for index, name in enumerate(names) if isinstance(compiled.binds[name].type, Moment))
    if dialect.name == "sqlite":
        for_many = _from_json(sql)
    elif statement.is_insert:
        for_many = postgres.copy_into(statement.table.name, names)
    else:
        types = {name: compiled.binds[name].type.compile(dialect=dialect) for name in names}
        for_many = _from_records(sql, types)
    return _Prepared(sql, itemgetter(*names), moments, for_many)


def _from_json(sql: str) -> str:
    """Rewrite a statement of SQLite's for one row into one that takes an array of rows, each an array of values."""
    numbers = iter(range(sql.count("?")))
    named = re.sub(r"\?", lambda _: f"new_rows.value->>{next(numbers)}", sql)
    source = " FROM json_each(?) AS new_rows"
    if sql.startswith("UPDATE"):
        return named.replace(" WHERE ", f"{source} WHERE ", 1)
    head, _, values = named.partition(" VALUES ")
    return f"{head} SELECT {values[1:-1]}{source}"


def _from_records(sql: str, types: Mapping[str, str]) -> str:
    """Rewrite an UPDATE of PostgreSQL's of one row into one that takes an array of rows, each an object.

    PostgreSQL expects a hundred rows, and would rather read all of a table of thousands than look for each by its key;
    and go on so when it has millions. A condition that tells it nothing makes it expect one.
    """
    names = [f'new_rows."{name}"' for name in types]
    named = re.sub(r"\$(\d+)", lambda number: names[int(number[1]) - 1], sql)
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in types.items())
    head, _, conditions = named.partition(" WHERE ")
    key = conditions.partition(" = ")[2].partition("::")[0]
    return f"{head} FROM json_to_recordset($1::json) AS new_rows({columns}) WHERE {key} ^@ {key} AND {conditions}"


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
