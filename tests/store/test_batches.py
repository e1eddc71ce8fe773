"""Rows written together are the rows that were given, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, update

from store.batches import write_many
from store.tables import Attempt
from tests.store.shelf import Shelf

pytestmark = pytest.mark.both_databases

attempts = Attempt.__table__  # type: ignore[attr-defined]
LOG = insert(attempts).values({column.name: bindparam(column.name) for column in attempts.c})
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TEXTS = [
    "",
    "plain",
    '"quoted" \\ and \\u0041 back\\slashes',
    "line\r\nbreak\ttab \x01\x1f\x7f",
    "ü – 漢字 – 🪝 – \u2028 – \ufffd – \ufeff",
    "?, :name, $1, %s, %(x)s, ${x}",
    "[1, 2]",
    '{"a": null}',
    "null",
    "9007199254740993",
]
HEAVY = ["x" * 200_000, "\x01" * 16_384]


def row(number: int, **values: object) -> dict[str, object]:
    return {
        "id": f"att_{number:04}",
        "workspace_id": "ws_1",
        "webhook_id": "wh_1",
        "delivery_id": None,
        "event_id": f"evt_{number}",
        "event_type": "purchase",
        "number": number,
        "status": "delivered",
        "status_code": None,
        "duration_ms": 2**31 - 1,
        "cause": None,
        "error": None,
        "attempted_at": NOW + timedelta(microseconds=number),
        "delivered_at": None,
        "request_headers": "{}",
        "response_headers": None,
        "response_body": None,
        **values,
    }


async def stored(shelf: Shelf) -> list[dict[str, object]]:
    async with shelf.database.read() as connection:
        found = await connection.execute(select(attempts).order_by(attempts.c.id))
        return [dict(one) for one in found.mappings()]


@pytest.mark.parametrize("texts", [TEXTS, TEXTS + HEAVY], ids=["light", "heavy"])
async def test_rows_are_stored_as_they_are_given(shelf: Shelf, texts: list[str]):
    rows = [row(number, error=text, response_body=text, event_type=text) for number, text in enumerate(texts)]
    async with shelf.database.write() as connection:
        await write_many(connection, LOG, rows)
    assert await stored(shelf) == rows


async def test_sqlite_keeps_what_is_behind_a_nul(shelf: Shelf):
    if not shelf.database.is_sqlite:
        return  # PostgreSQL takes none
    rows = [row(1), row(2, error="a\0b", response_body="\\u0000")]
    async with shelf.database.write() as connection:
        await write_many(connection, LOG, rows)
    assert await stored(shelf) == rows


@pytest.mark.parametrize("body", ["", HEAVY[0]], ids=["light", "heavy"])
async def test_moments_keep_their_microseconds_and_sort(shelf: Shelf, body: str):
    whole = NOW.replace(microsecond=0)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    moments = [whole, whole + timedelta(microseconds=1), elsewhere, whole + timedelta(seconds=1)]
    async with shelf.database.write() as connection:
        await write_many(
            connection,
            LOG,
            [row(number, attempted_at=at, delivered_at=at, response_body=body) for number, at in enumerate(moments)],
        )
    assert [one["attempted_at"] for one in await stored(shelf)] == moments
    async with shelf.database.read() as connection:
        ordered = (await connection.execute(select(attempts.c.id).order_by(attempts.c.attempted_at))).scalars().all()
    assert list(ordered) == sorted(ordered)


async def test_each_row_changes_its_own_and_no_other(shelf: Shelf):
    change = (
        update(attempts)
        .where(attempts.c.id == bindparam("which"), attempts.c.workspace_id == bindparam("whose"))
        .values(error=bindparam("words"), number=attempts.c.number + bindparam("more"))
    )
    async with shelf.database.write() as connection:
        await write_many(connection, LOG, [row(number) for number in range(4)])
        await write_many(
            connection,
            change,
            [
                {"which": "att_0000", "whose": "ws_1", "words": "first", "more": 10},
                {"which": "att_0001", "whose": "ws_other", "words": "not theirs", "more": 10},
                {"which": "att_0003", "whose": "ws_1", "words": None, "more": 0},
                {"which": "att_9999", "whose": "ws_1", "words": "nowhere", "more": 1},
            ],
        )
    assert [(one["error"], one["number"]) for one in await stored(shelf)] == [
        ("first", 10),
        (None, 1),
        (None, 2),
        (None, 3),
    ]


async def test_nothing_is_written_of_no_rows(shelf: Shelf):
    async with shelf.database.write() as connection:
        await write_many(connection, LOG, [])
    assert await stored(shelf) == []
