"""A planted secret is in no answer, no stream, no log and no file (A02, E05, X02)."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.talk import Talk
from tests.faultlab import FaultLab, Seen
from tests.serving import Api, Receiver, serving

PLANTED = "planted-9e1c47"
AUTH = {"name": "Authorization", "value": f"Bearer {PLANTED}-auth"}
SECRETS = {f"{PLANTED}-auth", f"{PLANTED}-new", f"{PLANTED}-key", f"{PLANTED}-hex"}


async def everything(api: Api) -> str:
    """Read every answer that the API gives of what is stored."""
    texts = []
    for name in ("webhooks", "perspectives", "deliveries", "changes", "chat", "event-types"):
        listing = await api.get(f"/v1/{name}")
        texts.append(json.dumps(listing))
        if name in {"webhooks", "deliveries", "chat", "perspectives"}:
            texts += [json.dumps(await api.get(f"/v1/{name}/{item['id']}")) for item in listing["items"]]
    for webhook in (await api.get("/v1/webhooks"))["items"]:
        for more in ("attempts", "diagnosis"):
            texts.append(json.dumps(await api.get(f"/v1/webhooks/{webhook['id']}/{more}")))
    return "\n".join(texts)


async def stream(api: Api, path: str, body: Any) -> str:
    """Return what a chat streams, byte for byte."""
    headers = {"accept": "text/event-stream"}
    async with api.client.stream("POST", path, json=body, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return "".join([chunk async for chunk in response.aiter_text()])


def assert_clean(text: str, generated: Iterable[str] = ()) -> None:
    for secret in (*SECRETS, *generated):
        assert secret not in text, text[max(0, text.find(secret) - 300) : text.find(secret) + 60]


async def repeat(seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Refuse a request and repeat what it said, as many endpoints do."""
    body = json.dumps({"error": "invalid token", "headers": seen.headers}).encode()
    head = (
        f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(body)}\r\nX-Seen: {seen.headers.get('authorization', '')}"
    )
    writer.write(f"{head}\r\n\r\n".encode() + body)


async def use(api: Api, endpoint: str) -> tuple[list[str], set[str]]:
    """Set up, break, repair, change, undo, rotate and talk about webhooks that hold planted secrets."""
    perspective = await api.perspective()
    talk = Talk(api, perspective)
    seen = [await talk.say("set up a webhook on this perspective")]
    typed = {**talk.asked["prefill"], "url": endpoint, "auth_header": AUTH, "secret": "auto"}
    created = await api.post("/v1/webhooks", {**typed, "headers": {"X-Api-Key": f"{PLANTED}-key"}})
    seen += [await talk.answer(webhook_id=created["id"]), json.dumps(talk.reply)]
    path = f"/v1/webhooks/{created['id']}"
    hexed = await api.webhook(endpoint, profile="perspection", secret=f"{PLANTED}-hex", perspective_id=perspective)
    assert hexed["secret"] == f"{PLANTED}-hex"
    await api.end_conversation(perspective)
    await api.webhook_until(created["id"], lambda found: found["state"] == "failing")
    changed = await api.patch(path, {"auth_header": {"name": "X-Token", "value": f"{PLANTED}-new"}})
    seen.append(json.dumps(changed))
    seen.append(json.dumps(await api.post(f"{path}/test")))
    seen.append(json.dumps(await api.post(f"/v1/changes/{changed['change_id']}/undo")))
    rotated = await api.post(f"{path}/rotate-secret")
    for wording in ("show CRM sync", "list the webhooks", "why is it failing?", "what changed?", "show the deliveries"):
        said = {"message": wording, "perspective_id": perspective}
        seen.append(await stream(api, "/v1/chat", said))
    seen.append(await stream(api, f"{path}/fix", {}))
    return seen, {secret.removeprefix("whsec_") for secret in (created["secret"], rotated["secret"])}


async def test_e05_planted_secrets_are_nowhere_to_be_read(
    tmp_path: Path, lab: FaultLab, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    home = tmp_path / "home"
    url = await lab.serve(repeat)
    async with serving(home) as api:
        seen, generated = await use(api, url)
        seen.append(await everything(api))
    output = capfd.readouterr()
    for text in (*seen, caplog.text, output.out, output.err):
        assert_clean(text, generated)
    stored = b"".join(path.read_bytes() for path in home.iterdir() if path.name != "master.key")
    assert b"Customer interviews" in stored
    for secret in (*SECRETS, *generated, api.key):
        assert secret.encode() not in stored
    assert any(f"{PLANTED}-auth" in str(request.headers) for request in lab.requests), "it was really sent"


async def test_a02_error_answers_never_repeat_a_secret(api: Api):
    new = {"name": "CRM", "url": "http://127.0.0.1:9/"}
    for wrong in (
        {"auth_header": {"name": "Bad Name", "value": AUTH["value"]}},
        {"auth_header": {"name": "X-Key", "value": [AUTH["value"]]}},
        {"auth_header": AUTH["value"]},
        {"headers": {"X-Api-Key": f"{PLANTED}-key\n"}},
        {"headers": [f"{PLANTED}-key"]},
        {"secret": [f"{PLANTED}-hex"]},
        {"secret": f"{PLANTED}-hex"},
        {"url": f"https://user:{PLANTED}-auth@example.com/"},
    ):
        assert_clean(json.dumps(await api.refused("POST", "/v1/webhooks", {**new, **wrong})))


async def test_a02_a_copied_database_without_its_master_key_opens_no_secret(
    tmp_path: Path, receiver: Receiver, endpoint: str
):
    home = tmp_path / "home"
    async with serving(home) as api:
        await api.webhook(endpoint, auth_header=AUTH)
    with sqlite3.connect(home / "hookwright.db") as database:
        [(sealed,)] = database.execute("SELECT auth_header_sealed FROM webhooks").fetchall()
    database.close()
    assert PLANTED not in sealed
    mode = (home / "master.key").stat().st_mode
    assert mode & 0o077 == 0, "the master key is for its owner alone"
    assert receiver.received == []
