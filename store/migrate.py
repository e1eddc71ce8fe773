"""Bring a database up to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlmodel import SQLModel

from store import conversation_tables, dialect, integration_tables, tables
from store.session import Database

METADATA = SQLModel.metadata
TABLE_MODULES = (tables, conversation_tables, integration_tables)


def alembic_config(connection: Connection | None = None) -> Config:
    """Point Alembic at our migrations, and at an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


async def migrate(database: Database) -> None:
    """Apply the migrations that are missing; does nothing on an up-to-date database. Several at once take turns."""
    if database.is_sqlite and database.url.database:
        _prepare_file(Path(database.url.database))
    patient = Database(database.url, pool_size=1, statement_seconds=None)
    try:
        async with patient.write() as connection:
            await dialect.take_turns(connection, "migration")
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
    finally:
        await patient.close()


def _prepare_file(file: Path) -> None:
    """Create a database that only we can read: payloads are personal data. SQLite's journals get the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
