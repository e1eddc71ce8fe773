"""Erasing a person, and nobody else (X13)."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.erasure import Erasure
from rules.ids import new_id
from server.receiver import Receiver
from store.conversations import INTERRUPTIONS, Entry, append
from store.deliveries import attempts, events
from store.sessions import add_call
from tests.databases import everything_stored
from tests.serving import Api, serving, until
from tests.webhooks.rows import delivery_rows, set_deliveries
from webhooks import erasure as erasing
from webhooks.maintenance import Maintenance

pytestmark = pytest.mark.both_databases

ADA, BOB = "ada.lovelace@example.com", "bob@example.com"
NOTHING = dict.fromkeys(erasing.COUNTED, 0)


async def published(api: Api, who: str, number: int, **more: Any) -> str:
    payload = {"participant_metadata": {"email": who}, "interview_id": f"c{number}", "note": f"{who} {number} " * 40}
    return (await api.event("lead", payload, **more))["id"]


async def answered(api: Api, body: str) -> None:
    """Let the endpoint's answers have been this, in the log."""
    async with api.platform.database.write() as connection:
        await connection.execute(attempts.update().values(response_body=body))


async def session_of(api: Api, who: str) -> dict[str, Any]:
    """Open a session with a message, a question and a call in it."""
    assistant = (await api.post("/v1/assistants", {"name": "Shop"}))["id"]
    data = {"customer": {"email": who}}
    session = await api.post(
        "/session", {"assistant_id": assistant, "client_data": data, "images": ["https://i.example/1"]}
    )
    now = datetime.now(UTC)
    call = {"id": new_id("call"), "workspace_id": api.platform.workspace_id, "session_id": session["id"], "at": now}
    call |= {"trigger_id": "trg_1", "trigger_name": "t", "method": "GET", "url": f"https://e.com/{who}", "warnings": []}
    asked = {"id": new_id("int"), "conversation_id": session["conversation_id"], "state": "answered", "created_at": now}
    async with api.platform.database.write() as connection:
        await append(connection, session["conversation_id"], [Entry("user", {"text": f"I am {who}"})] * 2, now=now)
        await add_call(connection, {**call, "request": {"body": who}, "variables": {"email": who}})
        await connection.execute(INTERRUPTIONS.insert(), [{**asked, "request": {"title": who}, "answered_at": now}])
    return session


async def test_a_contact_is_erased_everywhere_and_nobody_else(tmp_path: Path, receiver: Receiver):
    home = tmp_path / "home"
    async with receiver.serve() as url, serving(home) as api:
        webhook = await api.webhook(f"{url}/hook")
        hers = [await published(api, ADA, number) for number in range(3)]
        keyed = (await api.event("lead", {"a": 1}, ordering_key=ADA))["id"]
        await api.deliveries(4, status="delivered")
        await answered(api, f"thanks, {ADA}")
        his = await published(api, BOB, 9)
        await api.deliveries(5, status="delivered")
        session, other = await session_of(api, ADA), await session_of(api, BOB)
        erased = await api.post("/v1/erase", {"contact": ADA})
        assert erased == {"events": 4, "deliveries": 4, "attempts": 4, "calls": 1, "messages": 2, "sessions": 1}
        assert ADA.encode() not in everything_stored(home)
        assert BOB.encode() in everything_stored(home)
        assert await api.post("/v1/erase", {"contact": ADA}) == NOTHING
        for event_id in (*hers, keyed):
            event = await api.get(f"/v1/events/{event_id}")
            assert (event["payload"], event["ordering_key"]) == ({}, None)
        assert (await api.get(f"/v1/events/{his}"))["payload"]["participant_metadata"] == {"email": BOB}
        assert (await api.get(f"/session/{session['id']}"))["client_data"] == {}
        assert (await api.get(f"/session/{other['id']}"))["client_data"] == {"customer": {"email": BOB}}
        assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["health"]["total"] == 5, "statistics stay"
        assert (await api.event("lead", {"email": ADA}, id=hers[0]))["duplicate"], (
            "a late repetition brings nothing back"
        )


async def test_what_waits_is_cancelled_and_what_is_erased_is_never_sent_again(
    api: Api, endpoint: str, receiver: Receiver
):
    webhook = await api.webhook(endpoint)
    receiver.status = 500
    await published(api, ADA, 1)
    [delivery] = await api.deliveries(1, status="retrying")
    erased = await api.post("/v1/erase", {"participant": ADA})
    assert (erased["events"], erased["deliveries"], erased["attempts"]) == (1, 1, 1)
    [row] = await delivery_rows(api, webhook["id"])
    assert (row["status"], row["run_at"], row["last_cause"]) == ("failed", None, "erased")
    shown = await api.get(f"/v1/deliveries/{delivery['id']}")
    assert "erased" in shown["error"]
    assert shown["attempts"][0]["response_body"] is None
    await api.post(f"/v1/deliveries/{delivery['id']}/retry", status=409)
    since = {"since": "2020-01-01T00:00:00Z", "status": "all"}
    assert (await api.post(f"/v1/webhooks/{webhook['id']}/replay", since))["count"] == 0


async def test_a_conversation_and_a_session_are_erased_by_their_ids(api: Api):
    await published(api, ADA, 1)
    await published(api, ADA, 2)
    by_session, by_conversation = await session_of(api, ADA), await session_of(api, ADA)
    assert await api.post("/v1/erase", {"conversation_id": "c1"}) == {**NOTHING, "events": 1}
    whole = {**NOTHING, "calls": 1, "messages": 2, "sessions": 1}
    assert await api.post("/v1/erase", {"session_id": by_session["id"]}) == whole
    assert await api.post("/v1/erase", {"conversation_id": by_conversation["conversation_id"]}) == whole
    assert await api.post("/v1/erase", {"session_id": by_session["id"], "conversation_id": "c1"}) == NOTHING


async def test_another_workspace_is_untouched(api: Api):
    event_id = await published(api, ADA, 1)
    other = await api.platform.gatekeeper.create_workspace("other")
    _, key = await api.platform.gatekeeper.create_key(other, "tests")
    session = await session_of(api, ADA)
    async with api.as_caller(key) as client:
        for body in ({"contact": ADA}, {"session_id": session["id"]}, {"conversation_id": session["conversation_id"]}):
            assert (await client.post("/v1/erase", json=body)).json() == NOTHING
    assert (await api.get(f"/v1/events/{event_id}"))["payload"]["interview_id"] == "c1"


async def test_an_erasure_that_was_killed_is_completed_by_the_next(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(erasing, "_BATCH", 3)
    await api.post("/v1/events", [{"type": "lead", "payload": {"contact_id": ADA}} for _ in range(40)])
    task = asyncio.create_task(api.platform.eraser.erase(api.platform.workspace_id, Erasure(contact=ADA)))

    async def begun() -> bool | None:
        left = await left_of(api)
        return True if left < 40 else None

    await until(begun)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    left = await left_of(api)
    assert (await api.post("/v1/erase", {"contact": ADA}))["events"] == left
    assert await left_of(api) == 0


async def left_of(api: Api) -> int:
    found = api.platform.eraser._found(erasing.store.EVENTS, api.platform.workspace_id, Erasure(contact=ADA))  # noqa: SLF001 - counts what is left
    return len([row async for row in found])


async def test_what_is_being_attempted_is_waited_for_and_else_told(
    api: Api, endpoint: str, monkeypatch: pytest.MonkeyPatch
):
    webhook = await api.webhook(endpoint, enabled=False)
    await published(api, ADA, 1)
    await published(api, ADA, 2)
    if not await delivery_rows(api, webhook["id"]):
        await api.patch(f"/v1/webhooks/{webhook['id']}", {"enabled": True})
        await published(api, ADA, 3)
        await api.deliveries(1, status="delivered")
    rows = await delivery_rows(api, webhook["id"])
    await set_deliveries(api, webhook["id"], worker_id="wrk_other")
    monkeypatch.setattr(erasing, "_PATIENCE_SECONDS", 0.0)
    refused = await api.client.post("/v1/erase", json={"contact": ADA})
    assert refused.status_code == 409
    assert rows[0]["event_id"] in refused.text
    monkeypatch.setattr(erasing, "_PATIENCE_SECONDS", 30.0)
    task = asyncio.create_task(api.post("/v1/erase", {"contact": ADA}))
    await set_deliveries(api, webhook["id"], worker_id=None)
    assert (await task)["events"] == len(rows)


async def test_nothing_is_left_of_what_the_store_had_moved_about(tmp_path: Path):
    home, now = tmp_path / "home", datetime.now(UTC)
    async with serving(home) as api:
        database, workspace_id = api.platform.database, api.platform.workspace_id
        for age in range(5):
            rows = [
                event_row(workspace_id, number, now + timedelta(days=12 * age, seconds=number)) for number in range(800)
            ]
            async with database.write() as connection:
                await connection.execute(events.insert(), rows)
            await Maintenance(database, 30).prune(now + timedelta(days=12 * age + 10))
            person = f"person{age}@example.com"
            assert (await api.post("/v1/erase", {"contact": person}))["events"]
            assert person.encode() not in everything_stored(home)


def event_row(workspace_id: str, number: int, at: datetime) -> dict[str, Any]:
    payload = json.dumps({"email": f"person{number % 20}@example.com", "note": "x" * (number * 37 % 3000)})
    row = {"workspace_id": workspace_id, "id": new_id("evt"), "type": "lead", "payload": payload}
    return {**row, "occurred_at": at, "created_at": at}


async def test_an_erasure_of_nobody_is_refused(api: Api):
    for body in ({}, {"contact": ""}, {"contact": None}, {"email": ADA}, {"contact": 42}):
        await api.refused("POST", "/v1/erase", body)
