"""The schema can be taken back and brought up again, and is what the tables say."""

from pathlib import Path

import pytest
from alembic import command

from store.migrate import alembic_config, migrate
from store.session import Database
from tests.databases import url_for
from tests.store.shelf import Shelf

pytestmark = pytest.mark.both_databases


async def test_alerts_can_be_taken_back_and_brought_up_again(tmp_path: Path):
    database = Database(url_for(tmp_path), statement_seconds=None)
    await migrate(database)
    async with database.write() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "0003"))
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
    async with database.write() as connection:
        await connection.run_sync(lambda sync: command.check(alembic_config(sync)))
    await database.close()


async def test_replays_with_an_ordering_key_go_back_to_the_lane_of_their_key(shelf: Shelf):
    webhook = await shelf.webhook("wh_1")
    [replayed] = await shelf.deliveries(webhook, 1, ordering_key="a", lane=4)
    [plain] = await shelf.deliveries(webhook, 1, lane=2)
    async with shelf.database.write() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "0005"))
        rows = await connection.exec_driver_sql("SELECT id, lane FROM deliveries")
        assert {row[0]: row[1] for row in rows} == {replayed: 3, plain: 2}
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
        await connection.run_sync(lambda sync: command.check(alembic_config(sync)))
