"""URLs of PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import SQLAlchemyError

from rules.errors import InvalidInput
from store.session import Database, driver_url
from tests import databases


@pytest.fixture
def url() -> Iterator[str]:
    made = databases.cluster().create_empty()
    yield made
    databases.cluster().drop(made)


async def shown(url: str, setting: str) -> str:
    database = Database(url, pool_size=1)
    try:
        async with database.read() as connection:
            return str((await connection.exec_driver_sql(f"SHOW {setting}")).scalar_one())
    finally:
        await database.close()


@pytest.mark.parametrize(
    "options",
    [
        "sslmode=disable",
        "sslmode=prefer&channel_binding=prefer",
        "ssl=prefer",
        "prepared_statement_cache_size=0&statement_cache_size=0",
        "target_session_attrs=read-write",
    ],
)
async def test_options_of_libpq_and_of_poolers_are_understood(url: str, options: str):
    assert await shown(f"{url}?{options}", "application_name") == "hookwright"


async def test_settings_in_the_url_win_over_ours(url: str):
    options = "application_name=mine&idle_in_transaction_session_timeout=5s"
    assert await shown(f"{url}?{options}", "application_name") == "mine"
    assert await shown(f"{url}?{options}", "idle_in_transaction_session_timeout") == "5s"
    assert await shown(url, "idle_in_transaction_session_timeout") == "10s"


async def test_a_statement_that_takes_too_long_is_given_up(url: str):
    database = Database(url, pool_size=1, statement_seconds=0.2)
    try:
        async with database.read() as connection:
            with pytest.raises((TimeoutError, SQLAlchemyError)):
                await connection.exec_driver_sql("SELECT pg_sleep(20)")
        async with database.read() as connection:
            assert (await connection.exec_driver_sql("SELECT 1")).scalar_one() == 1
    finally:
        await database.close()


@pytest.mark.parametrize("wrong", ["mysql://x/y", "nonsense", ""])
def test_other_databases_are_refused(wrong: str):
    with pytest.raises(InvalidInput):
        driver_url(wrong)
