"""Connections to PostgreSQL, by URLs as libpq reads them (`sslmode`, `host=/socket`, `target_session_attrs`, …)."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

_CONNECT_SECONDS = 10
_ABANDONED = "10s"
_OURS = ("prepared_statement_cache_size", "statement_cache_size", "channel_binding", "ssl")
_COPIED = re.compile(r"COPY (\w+) \(([\w, ]+)\) FROM STDIN")


def copy_into(table: str, columns: Sequence[str]) -> str:
    """Return the statement that writes many rows at once; it is executed with a list of them, like an INSERT."""
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN"


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose `executemany` also takes what `copy_into` returns."""

    async def executemany(self, command: str, args: Iterable[Sequence[Any]], *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own
        copied = _COPIED.fullmatch(command)
        if copied is None:
            await super().executemany(command, args, timeout=timeout)
            return
        columns = copied[2].split(", ")
        await self.copy_records_to_table(copied[1], records=args, columns=columns, timeout=timeout)


def connect_arguments(url: URL, command_seconds: float | None) -> dict[str, Any]:
    """Return what SQLAlchemy's asyncpg dialect is to connect with.

    Args:
        url: May set `prepared_statement_cache_size`; 0 keeps no statement longer than it is used.
        command_seconds: How long a statement may take before its connection is given up; None for ever.

    """

    def creator(*_: Any, **__: Any) -> Any:
        return connect(url, command_seconds)

    size = url.query.get("prepared_statement_cache_size", "100")
    return {"async_creator_fn": creator, "prepared_statement_cache_size": int(str(size))}


async def connect(url: URL, command_seconds: float | None = None) -> Any:
    """Open one connection.

    The server ends a transaction that we leave open: a host that vanished would otherwise hold its locks for hours.
    """
    settings = {"application_name": "hookwright", "idle_in_transaction_session_timeout": _ABANDONED}
    given = set(url.query)
    connecting: Callable[..., Any] = asyncpg.connect
    return await connecting(
        _dsn(url),
        connection_class=_Connection,
        timeout=_CONNECT_SECONDS,
        command_timeout=command_seconds,
        statement_cache_size=int(str(url.query.get("statement_cache_size", "100"))),
        server_settings={name: value for name, value in settings.items() if name not in given},
    )


def _dsn(url: URL) -> str:
    plain = url.set(drivername="postgresql").difference_update_query(_OURS)
    if "ssl" in url.query:
        plain = plain.update_query_dict({"sslmode": url.query["ssl"]})
    return plain.render_as_string(hide_password=False)
