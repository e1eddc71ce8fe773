"""Totals of long lists."""

from typing import Any

import pytest
from sqlalchemy import select

from store.deliveries import deliveries
from store.pages import Page, fetch_page
from tests.store.shelf import Shelf

pytestmark = pytest.mark.both_databases


async def page(shelf: Shelf, limit: int, offset: int, count_to: int | None) -> Page[Any]:
    async with shelf.database.read() as connection:
        statement = select(deliveries.c.id).order_by(deliveries.c.id.desc())
        return await fetch_page(connection, statement, limit, offset, count_to=count_to)


async def test_a_total_is_exact_up_to_where_counting_stops(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    await shelf.deliveries(webhook, 40)
    for most in (None, 40, 41):
        found = await page(shelf, 5, 0, most)
        assert (found.total, found.capped, len(found.items)) == (40, False, 5)
    found = await page(shelf, 5, 0, 39)
    assert (found.total, found.capped) == (39, True)


async def test_further_pages_are_reached_past_where_counting_stops(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    await shelf.deliveries(webhook, 40)
    seen, offset = set(), 0
    while True:
        found = await page(shelf, 6, offset, 10)
        seen |= {item["id"] for item in found.items}
        offset += len(found.items)
        if offset >= found.total:  # what a reader of pages does
            break
    assert len(seen) == 40
    assert (found.total, found.capped) == (40, False)
