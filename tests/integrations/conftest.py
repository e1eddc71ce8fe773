"""A store, the real door out, and an endpoint on loopback that answers what a test tells it to."""

import contextlib
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from sqlmodel import SQLModel

from integrations.assistants import Assistants
from integrations.calls import CallReport
from integrations.executor import Executor
from integrations.sessions import Sessions, SessionView
from integrations.triggers import Triggers, TriggerView
from integrations.vault import Vault
from rules.actor import Actor
from rules.addresses import Policy
from rules.integration_spec import AssistantDraft, SecretDraft, SessionDraft, TriggerDraft
from rules.validation import parse
from server.egress import Egress
from store import sessions as call_store
from store import tables
from store.sealing import SealingBox
from store.session import Database
from tests.listening import serving_app

WORKSPACE = "ws_1"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
Handler = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


@dataclass
class Stub:
    """The endpoint: it answers 200 `{"ok": true}` until told otherwise."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    handler: Handler | None = None

    def answers(self, body: Any = None, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer every request alike; `body` is JSON, a text or bytes."""

        async def handle(_request: web.Request, _body: bytes) -> web.StreamResponse:
            if isinstance(body, bytes):
                return web.Response(body=body, status=status, headers=headers)
            if isinstance(body, str):
                return web.Response(text=body, status=status, headers=headers)
            return web.json_response(body, status=status, headers=headers)

        self.handler = handle

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request.method, request.raw_path, dict(request.headers), body))
        return await self.handler(request, body) if self.handler else web.json_response({"ok": True})

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


@dataclass
class Desk:
    """Everything that a call needs, with one assistant and one session."""

    database: Database
    vault: Vault
    assistants: Assistants
    triggers: Triggers
    sessions: Sessions
    executor: Executor
    egress: Egress
    stub: Stub
    assistant_id: str
    session: SessionView

    async def trigger(self, url: str = "/", method: str = "GET", **fields: Any) -> TriggerView:
        """Save a trigger whose URL is on the stub; `fields` are the trigger's or its integration's."""
        own = {name: fields.pop(name) for name in ("parameters", "interpret_response", "confirm") if name in fields}
        whole = url if "://" in url else self.stub.url + url
        integration = {"url": whole, "method": method, **fields}
        name = f"call_{len((await self.triggers.list(WORKSPACE)).items)}"
        draft = parse(TriggerDraft, {"name": name, "description": "x", "integration": integration, **own})
        return (await self.triggers.create(WORKSPACE, self.assistant_id, draft, Actor("api", "key"))).trigger

    async def secret(self, name: str, value: str, *hosts: str) -> None:
        await self.vault.put(WORKSPACE, name, SecretDraft(value=value, hosts=list(hosts or (self.stub.host,))))

    async def run(self, trigger: TriggerView, **options: Any) -> CallReport:
        arguments = options.pop("arguments", {})
        return await self.executor.run(WORKSPACE, trigger, arguments, **{"session": self.session, **options})

    async def log(self) -> list[dict[str, Any]]:
        """The log of the session, oldest first."""
        async with self.database.read() as connection:
            page = await call_store.call_page(connection, WORKSPACE, session_id=self.session.id, limit=50, offset=0)
        return sorted(page.items, key=lambda row: row["at"])

    async def client_data(self) -> dict[str, Any]:
        return (await self.sessions.get(WORKSPACE, self.session.id)).client_data


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with the real door out, which may reach loopback."""
    stub, egress = Stub(), Egress(Policy(allow=LOOPBACK, allow_http=True))
    database = Database(f"sqlite:///{tmp_path}/calls.db")
    async with contextlib.AsyncExitStack() as closing:
        closing.push_async_callback(database.close)
        closing.push_async_callback(egress.close)
        stub.url = await closing.enter_async_context(_serving(stub))
        async with database.engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        async with database.write() as connection:
            values = {"id": WORKSPACE, "name": WORKSPACE, "created_at": datetime.now(UTC)}
            await connection.execute(tables.Workspace.__table__.insert(), values)
        box = SealingBox([Fernet.generate_key()])
        vault, sessions, assistants = Vault(database, box), Sessions(database), Assistants(database, box)
        made = await assistants.create(WORKSPACE, AssistantDraft(name="Shop"), Actor("api", "key"))
        session = await sessions.create(
            WORKSPACE, SessionDraft(assistant_id=made.assistant.id, client_data={"plan": "enterprise"})
        )
        executor = Executor(database, vault, egress, rng=Random(1))
        triggers = Triggers(database, box)
        yield Desk(database, vault, assistants, triggers, sessions, executor, egress, stub, made.assistant.id, session)


@contextlib.asynccontextmanager
async def _serving(stub: Stub) -> AsyncIterator[str]:
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", stub.handle)
    async with serving_app(app) as url:
        yield url
