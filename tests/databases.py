"""The databases that tests run on: a file of SQLite, or a database of a PostgreSQL server, of their own for each test.

The server is the one at HOOKWRIGHT_TEST_POSTGRES_URL, else the one at 127.0.0.1:5432 if it lets us in without a
password, else one that is started here; so nothing is skipped where there is none. A test's database is a copy of a
migrated template (30 ms). It is named after its run, and a run holds an advisory lock as long as it lives: databases of
runs that were killed are dropped by the next one.
"""

import asyncio
import atexit
import contextlib
import getpass
import hashlib
import os
import secrets
import tempfile
import threading
import zlib
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.engine import make_url

from store import partitions
from store.migrate import migrate
from store.session import Database
from tests.postgres_server import PostgresServer

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BOTH = (SQLITE, POSTGRESQL)
USUAL = os.environ.get("HOOKWRIGHT_TEST_DATABASE", SQLITE)  # what tests run on that are not marked `both_databases`
_LOCK_CLASS = 0x4877
_MIGRATIONS = Path(__file__).parent.parent / "store" / "migrations"
_WAIT_SECONDS = 60

Answer = TypeVar("Answer")


class _Chosen:
    """What the running test uses, and the databases that it has made, by the home of their server."""

    kind = SQLITE
    made: dict[Path, str] = {}  # noqa: RUF012 - one test at a time


def url_for(home: Path) -> str:
    """Return the URL of the running test's database of a server that lives in `home`; the same home has the same."""
    if _Chosen.kind == SQLITE:
        return f"sqlite:///{_sqlite_file(home)}"
    if home not in _Chosen.made:
        _Chosen.made[home] = cluster().create()
    return _Chosen.made[home]


def _sqlite_file(home: Path) -> Path:
    """Put a file with the newest schema where a server in `home` looks for it: quicker than migrating each time."""
    file = home / "hookwright.db"
    if not file.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(_sqlite_template())
    return file


@cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        thread = threading.Thread(target=lambda: asyncio.run(_migrated(f"sqlite:///{file}")))
        thread.start()
        thread.join()
        return file.read_bytes()


async def _migrated(url: str) -> None:
    database = Database(url)
    try:
        await migrate(database)
    finally:
        await database.close()


def everything_stored(home: Path) -> bytes:
    """Return all that the database of a server in `home` holds: the bytes of its files, or of its rows."""
    if _Chosen.kind == SQLITE:
        return b"".join(path.read_bytes() for path in home.glob("hookwright.db*"))
    return cluster().dump(url_for(home))


@contextlib.contextmanager
def using(kind: str) -> Iterator[None]:
    """Choose the database for a test, and drop what it made at its end."""
    _Chosen.kind, _Chosen.made = kind, {}
    try:
        yield
    finally:
        for url in _Chosen.made.values():
            cluster().drop(url)
        _Chosen.kind = SQLITE


@cache
def cluster() -> "Cluster":
    """Find or start the PostgreSQL server of this process, once."""
    found = Cluster()
    atexit.register(found.close)
    return found


class Cluster:
    """A PostgreSQL server and one connection to manage its databases with, in a thread that blocks nobody's loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run_id, self._numbers = secrets.token_hex(5), count()
        self._own: PostgresServer | None = None
        self.url, self._admin = self._call(self._find())
        self._prefix = f"hwt{zlib.crc32(str(make_url(self.url).database).encode()):08x}"  # locks are of that database
        self._template = self._call(self._prepare())

    def create(self) -> str:
        """Create a database with the newest schema and return its URL."""
        name = f"{self._prefix}_{self._run_id}_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        self._execute(f"ALTER DATABASE {name} SET synchronous_commit = off")  # what a test commits need not be durable
        return self._url_of(name)

    def create_empty(self) -> str:
        """Create a database without tables and return its URL."""
        name = f"{self._prefix}_{self._run_id}_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return self._url_of(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def dump(self, url: str) -> bytes:
        """Return every value of every row, as text or as the bytes that it is."""
        return self._call(_dump(url))

    def close(self) -> None:
        """Leave the server; stop it if it was started here."""
        self._call(self._admin.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._own is not None:
            self._own.remove()

    def _url_of(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _execute(self, sql: str) -> None:
        self._call(self._admin.execute(sql))

    def _call(self, job: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(job, self._loop).result(_WAIT_SECONDS)

    async def _find(self) -> tuple[str, Any]:
        given = os.environ.get("HOOKWRIGHT_TEST_POSTGRES_URL")
        if given:
            return given, await asyncpg.connect(given)
        for user in ("postgres", getpass.getuser()):
            url = f"postgresql://{user}@127.0.0.1:5432/postgres"
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError):
                connection = await asyncpg.connect(url, timeout=5)
                if await connection.fetchval("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user"):
                    return url, connection
                await connection.close()
        self._own = PostgresServer(fsync="off", full_page_writes="off")
        self._own.start()
        return self._own.url, await asyncpg.connect(self._own.url)

    async def _prepare(self) -> str:
        """Make the template if there is none of this schema, hold our locks, and drop what killed runs left behind."""
        digest = _schema_digest()
        name = f"{self._prefix}_{digest}_template"
        await self._lock("template", shared=False)
        try:
            if not await self._admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await self._make_template(name)
            for owner in (digest, self._run_id):
                await self._lock(owner, shared=True)
            await self._sweep({digest, self._run_id})  # what is locked by ourselves would seem free to us
        finally:
            await self._admin.execute("SELECT pg_advisory_unlock($1, $2)", _LOCK_CLASS, _key("template"))
        return name

    async def _make_template(self, name: str) -> None:
        draft = f"{self._prefix}_{self._run_id}_template"
        await self._admin.execute(f"CREATE DATABASE {draft}")
        database = Database(self._url_of(draft))
        await migrate(database)
        await partitions.extend(database, 30)
        await database.close()
        await self._admin.execute(f"ALTER DATABASE {draft} RENAME TO {name}")

    async def _lock(self, owner: str, *, shared: bool) -> None:
        kind = "_shared" if shared else ""
        await self._admin.execute(f"SELECT pg_advisory_lock{kind}($1, $2)", _LOCK_CLASS, _key(owner))

    async def _sweep(self, ours: set[str]) -> None:
        names = "SELECT datname FROM pg_database WHERE starts_with(datname::text, $1)"
        rows = await self._admin.fetch(names, f"{self._prefix}_")
        for name in (row["datname"] for row in rows):
            owner = name.split("_")[1]
            place = (_LOCK_CLASS, _key(owner))
            if owner in ours or await self._admin.fetchval("SELECT NOT pg_try_advisory_lock($1, $2)", *place):
                continue
            with contextlib.suppress(asyncpg.PostgresError):  # another user's, or just dropped by another run
                await self._admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await self._admin.execute("SELECT pg_advisory_unlock($1, $2)", *place)


async def _dump(url: str) -> bytes:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [row for table in tables for row in await connection.fetch(f'SELECT * FROM "{table["tablename"]}"')]
    finally:
        await connection.close()
    values = (value for row in rows for value in row.values())
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def _key(owner: str) -> int:
    return zlib.crc32(owner.encode()) - 2**31


def _schema_digest() -> str:
    """Name the schema by its migrations and by the day, as it has tables for the days around it."""
    digest = hashlib.sha256(datetime.now(UTC).date().isoformat().encode())
    for file in sorted(_MIGRATIONS.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
