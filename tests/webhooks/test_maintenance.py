"""Pruning beside a worker that delivers."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from rules.ids import new_id
from store.deliveries import attempts, deliveries, events
from tests.serving import Api, until
from webhooks.maintenance import Maintenance

OLD_ATTEMPTS, OLD_DELIVERIES, OLD_EVENTS = 30_000, 10_000, 10_000
LONG_AGO = datetime.now(UTC) - timedelta(days=60)


async def fill(api: Api, webhook_id: str) -> None:
    """Add 50 000 old rows, with bodies as they are."""
    workspace_id, platform = api.platform.workspace_id, api.platform
    shared = {"workspace_id": workspace_id, "webhook_id": webhook_id, "event_type": "a", "status": "delivered"}
    made = [(LONG_AGO + timedelta(seconds=number), f"evt_old_{number}") for number in range(OLD_EVENTS)]
    event = {"workspace_id": workspace_id, "type": "a", "payload": '{"x":"' + "y" * 500 + '"}'}
    async with platform.database.write() as connection:
        rows = [{"id": id_, **event, "occurred_at": at, "created_at": at} for at, id_ in made]
        await connection.execute(events.insert(), rows)
        rows = [
            {"id": at_id("dlv", at), **shared, "event_id": id_, "created_at": at, "finished_at": at} for at, id_ in made
        ]
        await connection.execute(deliveries.insert(), rows)
        logged = {**shared, "number": 1, "duration_ms": 1, "request_headers": "{}", "response_body": "z" * 300}
        times = [(at, id_) for at, id_ in made for _ in range(OLD_ATTEMPTS // OLD_EVENTS)]
        rows = [{"id": at_id("att", at), **logged, "event_id": id_, "attempted_at": at} for at, id_ in times]
        await connection.execute(attempts.insert(), rows)


def at_id(prefix: str, at: datetime) -> str:
    return new_id(prefix, now_ns=int(at.timestamp() * 1e9))


@pytest.mark.both_databases
async def test_deliveries_go_on_while_50_000_rows_are_pruned(api: Api, endpoint: str):
    webhook = await api.webhook(endpoint)
    await fill(api, webhook["id"])
    maintenance = Maintenance(api.platform.database, 30)
    pruning = asyncio.create_task(maintenance.prune())
    sent: list[str] = []
    while not pruning.done():
        sent.append((await api.event())["id"])
        assert await until(partial(finished, api, sent[-1])) == "delivered"
    pruned = await pruning
    assert pruned == {"attempts": OLD_ATTEMPTS, "deliveries": OLD_DELIVERIES, "events": OLD_EVENTS}
    assert len(sent) > 10, "each was accepted and delivered between batches"
    async with api.platform.database.read() as connection:
        left = set((await connection.execute(select(events.c.id))).scalars())
    assert left == set(sent)


async def finished(api: Api, event_id: str) -> str | None:
    found = (await api.get("/v1/deliveries", event_id=event_id))["items"]
    return found[0]["status"] if found and found[0]["status"] in {"delivered", "failed"} else None


async def test_zero_days_keep_everything(api: Api, endpoint: str):
    webhook = await api.webhook(endpoint)
    await fill(api, webhook["id"])
    assert not await Maintenance(api.platform.database, 0).prune()
