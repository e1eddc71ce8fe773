from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store import access
from store.migrate import migrate
from store.session import Database
from tests import databases
from tests.store.shelf import Shelf


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    database = Database(databases.url_for(tmp_path))
    await migrate(database)
    async with database.write() as connection:
        await access.add_workspace(connection, {"id": "ws_1", "name": "One", "created_at": datetime.now(UTC)})
    yield Shelf(database)
    await database.close()
