"""A server with one of everything, whose contents are not to change whatever is sent to it."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import func, select
from sqlmodel import SQLModel

from tests.serving import Api, serving

JSON = {"content-type": "application/json"}


@dataclass
class House:
    """Sends what is wrong and sees that it is refused, with nothing saved."""

    api: Api
    perspective: str
    webhook: str

    async def contents(self) -> list[Any]:
        """Count the rows of every table that callers write, and look at the one webhook."""
        tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in {"attempts", "workers"}]
        counts = select(*(select(func.count()).select_from(table).scalar_subquery() for table in tables))
        async with self.api.platform.database.read() as connection:
            rows = (await connection.execute(counts)).one()
        webhook = await self.api.get(f"/v1/webhooks/{self.webhook}")
        return [*rows, {**webhook, "health": None, "state": None, "status_icon": None}]

    async def raw(self, method: str, path: str, body: bytes) -> httpx2.Response:
        before = await self.contents()
        answer = await self.api.client.request(method, path, content=body, headers=JSON)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert await self.contents() == before
        return answer

    async def refuses(self, method: str, path: str, body: Any, status: int = 422) -> list[dict[str, str]]:
        """Send JSON in plain ASCII, so that half a surrogate pair can be sent as its escape; infinity goes as 1e999."""
        written = json.dumps(body).replace("Infinity", "1e999")
        answer = await self.raw(method, path, written.encode())
        assert answer.status_code == status, answer.text
        return answer.json()["errors"]


@contextlib.asynccontextmanager
async def open_house(directory: Path, **settings: Any) -> AsyncIterator[House]:
    async with serving(directory / "home", **settings) as api:
        perspective = await api.perspective()
        url = "http://127.0.0.1:9/" if "egress_allow" not in settings else "https://hooks.example.com/in"
        webhook = await api.webhook(url, perspective_id=perspective)
        yield House(api, perspective, webhook["id"])
