"""PostgreSQL is killed and comes back: nothing that was accepted is lost, and nobody has to start anything anew."""

import asyncio
from pathlib import Path

from server.receiver import Receiver
from tests.postgres_server import private_server
from tests.serving import serving, until


async def test_server_and_worker_go_on_when_postgresql_is_back(
    tmp_path: Path, receiver: Receiver, endpoint: str
) -> None:
    with private_server() as postgres:
        async with serving(tmp_path / "home", database_url=postgres.url) as api:
            await api.webhook(endpoint)
            await api.event(id="before")
            await receiver.wait_for(1)
            postgres.kill()
            refused = await api.client.post("/v1/events", json={"type": "purchase", "payload": {}})
            assert refused.status_code == 503
            assert refused.headers["content-type"] == "application/problem+json"
            assert (await api.client.get("/readyz")).status_code == 503
            await asyncio.to_thread(postgres.start)

            async def ready() -> bool | None:
                return True if (await api.client.get("/readyz")).status_code == 200 else None

            await until(ready)
            await api.event(id="after")
            await api.deliveries(2, "delivered")
    assert {received.headers["webhook-id"] for received in receiver.received} == {"before", "after"}
