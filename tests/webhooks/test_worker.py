"""The worker, where the acceptance tests cannot look."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.receiver import Receiver
from store.deliveries import attempts
from tests.serving import Api, serving, until
from tests.webhooks.rows import delivery_rows

pytestmark = pytest.mark.both_databases


async def test_a_webhook_that_cannot_be_unsealed_does_not_stop_the_others(
    tmp_path: Path, receiver: Receiver, endpoint: str
):
    home, old, new = tmp_path / "home", Fernet.generate_key().decode(), Fernet.generate_key().decode()
    async with serving(home, master_key=old) as api:
        await api.webhook(endpoint + "/sealed")
    async with serving(home, master_key=new) as api:
        await api.webhook(endpoint + "/readable")
        await api.event()
        await api.deliveries(1, "delivered")
        assert [received.path for received in receiver.received] == ["/hook/readable"]
        assert (await api.get("/v1/deliveries", status="pending"))["total"] == 1
    async with serving(home, master_key=f"{new},{old}") as api:
        await api.deliveries(2, "delivered")


Losing = Callable[[AsyncConnection, dict[str, Any]], Awaitable[bool]]


def lose_answers(monkeypatch: pytest.MonkeyPatch, api: Api, which: Losing, most: int) -> list[dict[str, Any]]:
    """Lose the connection after the COMMIT of some transactions, and return what they were opened with."""
    write, lost = api.platform.database.write, []

    @asynccontextmanager
    async def unanswered(**how: Any) -> AsyncIterator[AsyncConnection]:
        async with write(**how) as connection:
            yield connection
            loses = len(lost) < most and await which(connection, how)
        if loses:
            lost.append(how)
            raise ConnectionError("the connection was lost after COMMIT was sent")

    monkeypatch.setattr(api.platform.database, "write", unanswered)
    return lost


async def test_claims_whose_commit_was_not_answered_are_given_back_and_made_again(
    api: Api, endpoint: str, monkeypatch: pytest.MonkeyPatch
):
    async def claims(_: AsyncConnection, how: dict[str, Any]) -> bool:
        return bool(how.get("lazily"))

    await api.webhook(endpoint)
    lost = lose_answers(monkeypatch, api, claims, most=3)
    await api.post("/v1/events", [{"type": "purchase", "payload": {}, "ordering_key": key} for key in "aab"])

    async def all_delivered() -> bool | None:
        return True if (await api.get("/v1/deliveries", status="delivered"))["total"] == 3 else None

    await until(all_delivered)
    assert lost


async def test_results_whose_commit_was_not_answered_are_written_once(
    api: Api, endpoint: str, monkeypatch: pytest.MonkeyPatch
):
    async def results(connection: AsyncConnection, _: dict[str, Any]) -> bool:
        return bool((await connection.execute(select(func.count()).select_from(attempts))).scalar_one())

    webhook = await api.webhook(endpoint)
    lost = lose_answers(monkeypatch, api, results, most=1)
    await api.post("/v1/events", [{"type": "purchase", "payload": {}}] * 3)
    await api.deliveries(3, "delivered")
    await api.event()  # it is written in the cycle in which the others are written again, or later
    await api.deliveries(4, "delivered")
    assert lost
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["health"]["total"] == 4
    assert (await api.get(f"/v1/webhooks/{webhook['id']}/attempts"))["total"] == 4


async def test_a_worker_that_stops_leaves_nothing_claimed(tmp_path: Path, receiver: Receiver, endpoint: str):
    receiver.delay_seconds = 0.3
    async with serving(tmp_path / "home") as api:
        webhook = await api.webhook(endpoint)
        await api.post("/v1/events", [{"type": "purchase", "payload": {}}] * 500)
        await receiver.wait_for(1)
    sent = len(receiver.received)
    async with serving(tmp_path / "home", with_worker=False) as api:
        rows = await delivery_rows(api, webhook["id"])
        waiting = [row for row in rows if row["run_at"] is not None]
        assert {row["worker_id"] for row in rows} == {None}
        assert (len(rows), len(waiting)) == (500, 500 - sent)
        assert 0 < sent < 500


async def test_a_worker_that_stops_tries_again_to_write_its_last_results(
    tmp_path: Path, receiver: Receiver, endpoint: str, monkeypatch: pytest.MonkeyPatch
):
    failed = []
    async with serving(tmp_path / "home") as api:
        write = api.platform.database.write

        @asynccontextmanager
        async def away_for_a_moment(**how: Any) -> AsyncIterator[AsyncConnection]:
            if receiver.received and not failed:
                failed.append(how)
                raise ConnectionError("the database is away")
            async with write(**how) as connection:
                yield connection

        webhook = await api.webhook(endpoint)
        await api.event()
        monkeypatch.setattr(api.platform.database, "write", away_for_a_moment)
        await receiver.wait_for(1)
    async with serving(tmp_path / "home", with_worker=False) as api:
        [row] = await delivery_rows(api, webhook["id"])
    assert failed
    assert (row["status"], row["worker_id"], len(receiver.received)) == ("delivered", None, 1)
