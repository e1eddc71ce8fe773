"""Whether the store has room left: its disk, its quota and its largest file size all end at some point."""

import errno
import sqlite3
import time

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

_REMEMBERED_SECONDS = 6.0  # a worker that is refused tries again within two
_FULL_SQLITE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE})  # the second for a quota or a size limit
_FULL_POSTGRES = "53100"  # disk_full; https://www.postgresql.org/docs/current/errcodes-appendix.html
_FULL_SYSTEM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

FULL = "the store has no space left: its disk or its quota is full"
REMEDY = (
    "Free space there or enlarge it, or keep less (HOOKWRIGHT_RETENTION_DAYS); deliveries then go on by themselves."
)


def lacks_space(error: BaseException | None) -> bool:
    """Tell whether an error, or what it was made from, is that of a store without room."""
    while error is not None:
        full = (
            getattr(error, "sqlite_errorcode", None) in _FULL_SQLITE
            or getattr(error, "sqlstate", None) == _FULL_POSTGRES
            or (isinstance(error, OSError) and error.errno in _FULL_SYSTEM)
        )
        if full:
            return True
        error = error.orig if isinstance(error, DBAPIError) else error.__cause__
    return False


class Space:
    """Remembers when an engine was last refused for lack of room.

    Args:
        engine: Whose errors to look at.

    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._refused_at = float("-inf")
        event.listen(engine.sync_engine, "handle_error", self._look)

    @property
    def is_full(self) -> bool:
        """Whether something was refused for lack of room within the last six seconds."""
        return time.monotonic() - self._refused_at < _REMEMBERED_SECONDS

    def _look(self, context: ExceptionContext) -> None:
        if lacks_space(context.original_exception):
            self._refused_at = time.monotonic()
