"""One page of a list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

Item = TypeVar("Item")
Other = TypeVar("Other")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of the items, and how many there are in all; more than that, if the counting was `capped`."""

    items: list[Item]
    total: int
    limit: int
    offset: int
    capped: bool = False

    def map(self, convert: Callable[[Item], Other]) -> "Page[Other]":
        """Convert every item."""
        return Page([convert(item) for item in self.items], self.total, self.limit, self.offset, self.capped)


async def fetch_page(
    connection: AsyncConnection, statement: Select[Any], limit: int, offset: int, *, count_to: int | None = None
) -> Page[Row]:
    """Run a filtered, ordered statement for one page and count what it would return in all.

    Args:
        connection: Where.
        statement: Without limit and offset.
        limit: The most items of a page.
        offset: How many items come before it.
        count_to: Where to stop counting, in a list that may be long; it is gone past if the page is further on.

    """
    most = None if count_to is None else max(count_to, offset + limit + 1)
    total = (await connection.execute(counted_query(statement, most))).scalar_one()
    rows = (await connection.execute(statement.limit(limit).offset(offset))).mappings().all()
    items: list[Row] = [dict(row) for row in rows]
    if most is not None and total > most:
        return Page(items, most, limit, offset, capped=True)
    return Page(items, total, limit, offset)


def counted_query(statement: Select[Any], most: int | None = None) -> Select[Any]:
    """Return the query that counts what a statement would return, up to one more than `most`."""
    rows = statement.order_by(None).with_only_columns(literal(1), maintain_column_froms=True)  # an index may do
    if most is not None:
        rows = rows.limit(most + 1)
    return select(func.count()).select_from(rows.subquery())
