"""One page of a list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

Item = TypeVar("Item")
Other = TypeVar("Other")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of the items, and how many there are in all."""

    items: list[Item]
    total: int
    limit: int
    offset: int

    def map(self, convert: Callable[[Item], Other]) -> "Page[Other]":
        """Convert every item."""
        return Page([convert(item) for item in self.items], self.total, self.limit, self.offset)


async def fetch_page(connection: AsyncConnection, statement: Select[Any], limit: int, offset: int) -> Page[Row]:
    """Run a filtered, ordered statement for one page and count what it would return in all."""
    counted = select(func.count()).select_from(statement.order_by(None).subquery())
    total = (await connection.execute(counted)).scalar_one()
    rows = (await connection.execute(statement.limit(limit).offset(offset))).mappings().all()
    return Page([dict(row) for row in rows], total, limit, offset)
