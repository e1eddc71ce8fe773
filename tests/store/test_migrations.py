"""The schema can be taken back and brought up again, and is what the tables say."""

from pathlib import Path

import pytest
from alembic import command

from store.migrate import alembic_config, migrate
from store.session import Database
from tests.databases import url_for

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
