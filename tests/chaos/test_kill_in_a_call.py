"""A server that is killed while an API call waits for its answer: the call is not made again, and the talk goes on."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.lease import LEASE
from tests.acceptance.stub import Answer, StubApi
from tests.agent.openai_server import KEY as MODEL_KEY
from tests.agent.openai_server import MODEL, OpenAIServer, Turn
from tests.processes import environment, free_port, server_process
from tests.serving import until

KEY = "hwk_test_key_of_the_call_kill_test"
TRIGGER = {
    "name": "create_ticket",
    "description": "Creates a support ticket.",
    "parameters": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    "confirm": True,
}


async def test_a_confirmed_call_is_sent_once_and_the_session_goes_on_within_the_lease(tmp_path: Path) -> None:
    stub, model = StubApi(answer=lambda _seen: Answer(delay_seconds=20)), OpenAIServer()
    async with stub.serve(), model.serve():
        environ = environment(
            tmp_path,
            free_port(),
            KEY,
            HOOKWRIGHT_MODEL=MODEL,
            HOOKWRIGHT_OPENAI_BASE_URL=model.url,
            HOOKWRIGHT_OPENAI_API_KEY=MODEL_KEY,
        )
        log = tmp_path / "server.log"
        async with server_process(environ, log) as first, client(environ) as http:
            session = await opened(http, stub.url)
            model.script = [Turn(calls=[("create_ticket", {"title": "Broken"})])]
            asked = await said(http, session, "open a ticket")
            answering = asyncio.create_task(approve(http, session, asked["interrupt"]["id"]))

            async def sent() -> bool | None:
                return True if stub.seen else None

            await until(sent)
            first.kill()
            await first.wait()
            killed = time.monotonic()
            with pytest.raises(httpx2.TransportError):
                await answering
        async with server_process(environ, log), client(environ) as http:
            [row] = (await http.get(f"/session/{session}/logs")).json()["items"]
            assert (row["status"], row["error"]) == (None, "Sent; the outcome is not known.")
            assert row["request"]["body"] == {"title": "Broken"}
            model.script = [Turn("I cannot tell whether the ticket was created.")]

            async def answered() -> dict[str, Any] | None:
                answer = await http.post(f"/session/{session}/messages", json={"message": "and?"})
                return None if answer.status_code == 409 else answer.raise_for_status().json()

            reply = await until(answered, seconds=LEASE.total_seconds() + 5)
            assert time.monotonic() - killed < LEASE.total_seconds() + 5
        assert reply["reply"] == "I cannot tell whether the ticket was created."
        results = [said["content"] for said in model.requests[-1]["messages"] if said["role"] == "tool"]
        assert "Whether it took effect is unknown" in results[0]
    assert len(stub.seen) == 1


async def opened(http: httpx2.AsyncClient, url: str) -> str:
    assistant = (await http.post("/v1/assistants", json={"name": "Shop"})).raise_for_status().json()["id"]
    integration = {"url": f"{url}/tickets", "method": "POST", "body": {"title": "$title"}, "timeout_ms": 120_000}
    body = {**TRIGGER, "integration": integration}
    (await http.post(f"/v1/assistants/{assistant}/triggers", json=body)).raise_for_status()
    return (await http.post("/session", json={"assistant_id": assistant})).raise_for_status().json()["id"]


async def said(http: httpx2.AsyncClient, session: str, message: str) -> dict[str, Any]:
    return (await http.post(f"/session/{session}/messages", json={"message": message})).raise_for_status().json()


async def approve(http: httpx2.AsyncClient, session: str, interrupt: str) -> None:
    body = {"interrupt_id": interrupt, "value": {"approved": True}}
    (await http.post(f"/session/{session}/resume", json=body)).raise_for_status()


def client(environ: dict[str, str]) -> httpx2.AsyncClient:
    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)
