"""Events that are sent again because nobody knows whether they arrived: Idempotency-Key on POST /v1/events."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from store.idempotency import keys
from tests.processes import environment, free_port, server_process
from tests.serving import Api, Receiver
from webhooks.maintenance import Maintenance

pytestmark = pytest.mark.both_databases

KEY = "hwk_test_key_of_the_idempotency_test"
PURCHASE = {"type": "purchase", "payload": {"properties": {"value": 100}}}


async def send(client: httpx2.AsyncClient, key: str, body: Any = PURCHASE) -> httpx2.Response:
    return await client.post("/v1/events", json=body, headers={"Idempotency-Key": key})


def replayed(response: httpx2.Response) -> bool:
    return response.headers.get("idempotency-replayed") == "true"


async def test_the_same_request_again_gets_the_first_answer(api: Api, receiver: Receiver, endpoint: str):
    await api.webhook(endpoint)
    first, again = await send(api.client, "order-1"), await send(api.client, "order-1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert (replayed(first), replayed(again)) == (False, True)
    assert first.content == again.content
    [event] = first.json()["events"]
    assert (event["duplicate"], event["deliveries"]) == (False, 1)
    assert (await send(api.client, "order-2")).json()["events"][0]["id"] != event["id"]
    await api.deliveries(2, "delivered")
    assert (await api.get("/v1/deliveries"))["total"] == len(receiver.received) == 2


async def test_another_body_under_the_same_key_is_refused_and_saves_nothing(api: Api, endpoint: str):
    await api.webhook(endpoint)
    await send(api.client, "order-1")
    refused = await send(api.client, "order-1", {**PURCHASE, "type": "refund"})
    assert refused.status_code == 409
    assert "'order-1'" in refused.json()["detail"]
    assert (await api.get("/v1/deliveries"))["total"] == 1


async def test_a_request_that_was_refused_leaves_its_key_free(api: Api):
    assert (await send(api.client, "order-1", {"type": "purchase"})).status_code == 422
    unknown = {**PURCHASE, "perspective_id": "psp_unknown"}
    assert (await send(api.client, "order-1", unknown)).status_code == 422
    corrected = await send(api.client, "order-1")
    assert (corrected.status_code, replayed(corrected)) == (202, False)


async def test_keys_are_of_one_workspace(api: Api):
    first = await send(api.client, "order-1")
    other = await api.platform.gatekeeper.create_workspace("Other")
    _, key = await api.platform.gatekeeper.create_key(other, "theirs")
    async with api.as_caller(key) as theirs:
        answer = await send(theirs, "order-1", {**PURCHASE, "type": "refund"})
    assert (answer.status_code, replayed(answer)) == (202, False)
    assert answer.json() != first.json()


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "clé"])
async def test_a_key_is_visible_ascii(api: Api, key: str):
    response = await api.client.post("/v1/events", json=PURCHASE, headers=[(b"Idempotency-Key", key.encode())])
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["field"] == "Idempotency-Key"
    assert "1 to 255 visible ASCII characters" in error["message"]


async def test_two_keys_are_refused(api: Api):
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await api.client.post("/v1/events", json=PURCHASE, headers=twice)).status_code == 422


async def test_a_key_is_forgotten_after_24_hours_and_old_ones_are_pruned(api: Api):
    for name in ("old", "older", "young"):
        await send(api.client, name)
    now = datetime.now(UTC)
    ages: Mapping[str, timedelta] = {"old": timedelta(hours=24), "older": timedelta(hours=30)}
    ages = {**ages, "young": timedelta(hours=23.9)}
    async with api.platform.database.write() as connection:
        for name, age in ages.items():
            await connection.execute(update(keys).where(keys.c.key == name).values(created_at=now - age))
    other = {**PURCHASE, "type": "refund"}
    assert not replayed(await send(api.client, "old", other))
    assert replayed(await send(api.client, "old", other))
    assert replayed(await send(api.client, "young"))
    assert await Maintenance(api.platform.database, 0).prune() == {"idempotency_keys": 1}
    async with api.platform.database.read() as connection:
        left = {row.key for row in await connection.execute(keys.select())}
    assert left == {"old", "young"}


async def test_of_twenty_twins_at_once_one_is_accepted_and_all_are_answered_alike(api: Api, endpoint: str):
    await api.webhook(endpoint)
    for round_ in range(5):
        answers = await asyncio.gather(*(send(api.client, f"twin-{round_}") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.content for answer in answers}) == 1
        assert sum(not replayed(answer) for answer in answers) == 1
    assert (await api.get("/v1/deliveries"))["total"] == 5


async def test_of_twins_with_two_bodies_one_body_wins(api: Api, endpoint: str):
    await api.webhook(endpoint)
    bodies = [{**PURCHASE, "payload": {"n": n % 2}} for n in range(20)]
    answers = await asyncio.gather(*(send(api.client, "contested", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202] * 10 + [409] * 10
    assert (await api.get("/v1/deliveries"))["total"] == 1


async def test_x05_after_sigkill_each_request_sent_again_is_accepted_once(tmp_path: Path, endpoint: str):
    """The server dies under 60 requests; their senders repeat all of them, whether they were answered or not."""
    environ, log = environment(tmp_path, free_port(), KEY), tmp_path / "server.log"
    answered: dict[int, bytes] = {}

    async def order(client: httpx2.AsyncClient, n: int) -> None:
        try:
            response = await send(client, f"order-{n}", {**PURCHASE, "payload": {"n": n}})
        except httpx2.TransportError:
            return
        assert response.status_code == 202
        assert answered.setdefault(n, response.content) == response.content, "the first answer, again"

    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    options: Any = {"base_url": url, "headers": {"Authorization": f"Bearer {KEY}"}, "timeout": 20}
    async with server_process(environ, log) as first, httpx2.AsyncClient(**options) as client:
        (await client.post("/v1/webhooks", json={"name": "sink", "url": endpoint})).raise_for_status()
        sending = [asyncio.create_task(order(client, n)) for n in range(60)]
        while len(answered) < 10:  # noqa: ASYNC110 - answers come in on other tasks
            await asyncio.sleep(0.001)
        first.kill()
        await asyncio.gather(*sending)
    assert 10 <= len(answered) < 60, "the kill came too late to prove anything"
    async with server_process(environ, log), httpx2.AsyncClient(**options) as client:
        for n in range(60):
            await order(client, n)
        total = (await client.get("/v1/deliveries")).json()["total"]
    assert (len(answered), total) == (60, 60)
