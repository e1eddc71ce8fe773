"""What ingest is compared with: a FastAPI route that stores the body as one row, commits, and answers 202.

It checks nothing: no key, no validation, no ids known before, no filters, no delivery. `sqlite` commits each request by
itself on one connection; `sqlite-group` and `postgresql-group` commit what has come in while the last commit was under
way in one transaction; `postgresql` commits each request by itself on one of ten connections.

    python -m bench.bare_ingest MODE URL PORT
"""

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
import asyncpg
import uvicorn
from fastapi import FastAPI, Request

_TABLE = "CREATE TABLE IF NOT EXISTS bare (id text PRIMARY KEY, payload text NOT NULL)"
Row = tuple[str, str]


class Sqlite:
    """Rows into a SQLite file, as durable as Hookwright's."""

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix("sqlite:///")
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Open the file and create the table."""
        self._connection = await aiosqlite.connect(self._path, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE):
            await self._connection.execute(statement)

    async def write(self, rows: list[Row]) -> None:
        """Insert rows in one transaction."""
        async with self._turn:
            await self._connection.execute("BEGIN IMMEDIATE")
            await self._connection.executemany("INSERT INTO bare VALUES (?, ?)", rows)
            await self._connection.execute("COMMIT")

    async def close(self) -> None:
        """Close the file."""
        await self._connection.close()


class Postgres:
    """Rows into PostgreSQL, over ten connections."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> None:
        """Connect and create the table."""
        self._pool = await asyncpg.create_pool(self._url, min_size=10, max_size=10)
        await self._pool.execute(_TABLE)

    async def write(self, rows: list[Row]) -> None:
        """Insert rows in one transaction."""
        async with self._pool.acquire() as connection:
            if len(rows) == 1:
                await connection.execute("INSERT INTO bare VALUES ($1, $2)", *rows[0])
            else:
                await connection.executemany("INSERT INTO bare VALUES ($1, $2)", rows)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()


class Grouped:
    """Commits what came in during the last commit at once."""

    def __init__(self, store: Sqlite | Postgres) -> None:
        self._store = store
        self._waiting: list[tuple[list[Row], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, rows: list[Row]) -> None:
        """Insert rows, together with those of others."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._store.write([row for rows, _ in batch for row in rows])
            for _, done in batch:
                done.set_result(None)


def build(mode: str, url: str) -> FastAPI:
    """Build the app."""
    store = Sqlite(url) if mode.startswith("sqlite") else Postgres(url)
    writer: Any = Grouped(store) if mode.endswith("-group") else store

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await store.open()
        yield
        await store.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post("/v1/events", status_code=202)
    async def accept(request: Request) -> dict[str, Any]:
        body = await request.json()
        events = body if isinstance(body, list) else [body]
        rows = [(str(uuid.uuid4()), json.dumps(event["payload"])) for event in events]
        await writer.write(rows)
        return {"ids": [row[0] for row in rows]}

    @app.get("/readyz")
    async def ready() -> dict[str, bool]:
        return {"ok": True}

    return app


if __name__ == "__main__":
    uvicorn.run(build(sys.argv[1], sys.argv[2]), port=int(sys.argv[3]), log_level="warning", access_log=False)
