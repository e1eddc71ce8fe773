"""Points in time as columns."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_ISO_LENGTH = 32


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime: a timestamp on PostgreSQL, ISO text that sorts by time on SQLite.

    SQLAlchemy's own DateTime costs four times as much on SQLite, which a worker that writes four of them for every
    delivery can feel.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        kind = String(_ISO_LENGTH) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write a moment; a naive datetime is a mistake."""
        return moment_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read a moment."""
        return datetime.fromisoformat(value) if value is not None and dialect.name == "sqlite" else value


def moment_text(value: datetime | None) -> str | None:
    """Write a moment as SQLite stores it; a naive datetime is a mistake."""
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds")
