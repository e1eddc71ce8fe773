"""A store without room is told apart from one that fails otherwise."""

import pytest
from sqlalchemy.exc import DBAPIError

from store.space import lacks_space
from tests.store.shelf import Shelf


async def fails(shelf: Shelf, *statements: str) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        await execute(shelf, *statements)
    return caught.value


async def execute(shelf: Shelf, *statements: str) -> None:
    async with shelf.database.write() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


async def test_sqlite_that_may_not_grow_lacks_space(shelf: Shelf) -> None:
    await fails(shelf, "SELECT * FROM no_such_table")
    assert not shelf.database.space.is_full
    grow = "INSERT INTO workspaces (id, name, created_at) VALUES ('ws_2', hex(randomblob(1000000)), '')"
    error = await fails(shelf, "PRAGMA max_page_count = 1", grow)
    assert lacks_space(error)
    assert shelf.database.space.is_full


@pytest.mark.usefixtures("postgres")
async def test_postgresql_with_a_full_disk_lacks_space(shelf: Shelf) -> None:
    assert not lacks_space(await fails(shelf, "SELECT * FROM no_such_table"))
    assert not shelf.database.space.is_full
    error = await fails(shelf, "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$")
    assert lacks_space(error)
    assert shelf.database.space.is_full


def test_the_systems_own_errors_count_too() -> None:
    assert lacks_space(OSError(28, "No space left on device"))
    assert not lacks_space(OSError(2, "No such file or directory"))
