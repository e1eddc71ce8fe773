"""The assistant over the real server, with a real OpenAI client against a local endpoint; its stream is AG-UI 1.0."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ag_ui.core import Event, EventType, RunErrorEvent, RunFinishedEvent, RunStartedEvent
from pydantic import TypeAdapter

from tests.agent.openai_server import KEY, MODEL, OpenAIServer, Turn
from tests.serving import Api, serving

EVENTS: TypeAdapter[Any] = TypeAdapter(Event)


@pytest.fixture
async def endpoint_of_model() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer().serve() as server:
        yield server


@pytest.fixture
async def modelled(tmp_path: Path, endpoint_of_model: OpenAIServer) -> AsyncIterator[Api]:
    settings = {"openai_base_url": endpoint_of_model.url, "openai_api_key": KEY, "model": MODEL}
    async with serving(tmp_path / "home", with_worker=False, **settings) as api:
        yield api


async def stream(api: Api, path: str, body: Any) -> list[Any]:
    headers = {"Accept": "text/event-stream"}
    async with api.client.stream("POST", path, json=body, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in response.aiter_lines()]
    assert all(line.startswith("data: ") for line in lines if line)
    return [EVENTS.validate_json(line.removeprefix("data: ")) for line in lines if line]


def custom(events: list[Any], name: str) -> list[Any]:
    return [event.value for event in events if event.type == EventType.CUSTOM and event.name == f"hookwright.{name}"]


async def test_streamed_turn_is_ag_ui(modelled: Api, endpoint_of_model: OpenAIServer) -> None:
    webhook = await modelled.webhook("http://127.0.0.1:9/hook")
    endpoint_of_model.script = [
        Turn("Let me see.", calls=[("set_enabled", {"webhook_id": webhook["id"], "enabled": False})]),
        Turn("I've disabled CRM sync. Anything else?"),
    ]
    events = await stream(modelled, "/v1/chat", {"message": "disable it"})
    kinds = [event.type for event in events]
    assert isinstance(events[0], RunStartedEvent)
    assert events[0].protocol_version == "1.0"
    assert isinstance(events[-1], RunFinishedEvent)
    assert events[-1].outcome.type == "success"
    assert events[0].run_id == events[-1].run_id
    start = kinds.index(EventType.TOOL_CALL_START)
    assert kinds[start : start + 3] == [
        EventType.TOOL_CALL_START,
        EventType.TOOL_CALL_ARGS,
        EventType.TOOL_CALL_END,
    ]
    assert json.loads(events[start + 1].delta)["enabled"] is False
    result = next(event for event in events if event.type == EventType.TOOL_CALL_RESULT)
    assert json.loads(result.content)["webhook"]["enabled"] is False
    text = "".join(event.delta for event in events if event.type == EventType.TEXT_MESSAGE_CONTENT)
    assert text == "Let me see.I've disabled CRM sync. Anything else?"
    assert kinds.count(EventType.TEXT_MESSAGE_START) == kinds.count(EventType.TEXT_MESSAGE_END) == 2
    [[change]] = custom(events, "changes")
    assert change["diff"] == [{"field": "enabled", "before": True, "after": False}]
    assert endpoint_of_model.requests[0]["stream"] is True
    assert {tool["function"]["name"] for tool in endpoint_of_model.requests[0]["tools"]} >= {
        "create_webhook",
        "undo_change",
    }


async def test_interrupt_is_the_outcome_and_resume_streams_on(modelled: Api, endpoint_of_model: OpenAIServer) -> None:
    webhook = await modelled.webhook("http://127.0.0.1:9/hook")
    endpoint_of_model.script = [
        Turn(calls=[("delete_webhook", {"webhook_id": webhook["id"]})]),
        Turn("I've deleted the webhook CRM sync."),
    ]
    events = await stream(modelled, "/v1/chat", {"message": "delete it"})
    outcome = events[-1].outcome
    assert outcome.type == "interrupt"
    [shown] = custom(events, "interrupt")
    assert outcome.interrupts[0].id == shown["id"]
    assert outcome.interrupts[0].response_schema["required"] == ["approved"]
    path = f"/v1/chat/{events[0].thread_id}/resume"
    more = await stream(modelled, path, {"interrupt_id": shown["id"], "value": {"approved": True}})
    assert more[0].thread_id == events[0].thread_id
    assert more[-1].outcome.type == "success"
    assert EventType.TOOL_CALL_START not in [event.type for event in more]
    assert len(custom(more, "changes")) == 1
    await modelled.call("GET", f"/v1/webhooks/{webhook['id']}", status=404)


async def test_false_claim_is_never_streamed(modelled: Api, endpoint_of_model: OpenAIServer) -> None:
    endpoint_of_model.script = [
        Turn("Good idea. I've deleted all of your webhooks. Have a nice day."),
        Turn("I have not deleted anything: which webhook do you mean?"),
    ]
    events = await stream(modelled, "/v1/chat", {"message": "delete everything"})
    text = "".join(event.delta for event in events if event.type == EventType.TEXT_MESSAGE_CONTENT)
    assert "I've deleted" not in text
    assert "which webhook do you mean?" in text


@pytest.mark.parametrize(("turn", "expected"), [(Turn(status=500), "HTTP 500"), (Turn("Half a sen", cut=True), "")])
async def test_failing_endpoint_ends_the_run_with_an_error(
    modelled: Api, endpoint_of_model: OpenAIServer, turn: Turn, expected: str
) -> None:
    endpoint_of_model.script = [turn, turn]
    events = await stream(modelled, "/v1/chat", {"message": "hello"})
    assert isinstance(events[-1], RunErrorEvent)
    assert expected in events[-1].message
    assert events[-1].code == "unavailable"
    shown = await modelled.get(f"/v1/chat/{events[0].thread_id}")
    assert shown["messages"][0]["text"] == "hello"
    endpoint_of_model.script = [Turn("Better now.")]
    assert (await modelled.say("again", events[0].thread_id))["reply"] == "Better now."


async def test_json_reply_has_the_shape_of_the_contract(modelled: Api, endpoint_of_model: OpenAIServer) -> None:
    endpoint_of_model.script = [Turn(calls=[("list_webhooks", {})]), Turn("There are none.")]
    reply = await modelled.say("which webhooks are there?")
    assert set(reply) == {"conversation_id", "reply", "tool_calls", "changes", "interrupt", "suggestions"}
    assert reply["tool_calls"] == [
        {"name": "list_webhooks", "arguments": {}, "result": {"ok": True, "webhooks": [], "total": 0}}
    ]
    page = await modelled.get("/v1/chat")
    assert page["items"][0]["id"] == reply["conversation_id"]
    shown = await modelled.get(f"/v1/chat/{reply['conversation_id']}")
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant", "assistant"]
    assert shown["messages"][1]["tool_calls"][0]["result"]["total"] == 0


async def test_wrong_key_and_no_server_are_503_problems(tmp_path: Path, endpoint_of_model: OpenAIServer) -> None:
    for number, (url, key, hint) in enumerate(
        [(endpoint_of_model.url, "wrong-key", "refuses our key"), ("http://127.0.0.1:9/v1", KEY, "cannot be reached")]
    ):
        settings = {"openai_base_url": url, "openai_api_key": key, "model": MODEL}
        async with serving(tmp_path / f"home{number}", with_worker=False, **settings) as api:
            response = await api.client.post("/v1/chat", json={"message": "hello"})
            assert response.status_code == 503
            assert hint in response.json()["detail"]
            assert key not in response.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": 5}, "message"),
        ({"message": "x" * 8001}, "message"),
        ({"message": "hi", "more": 1}, "more"),
        ({"message": "hi", "conversation_id": 7}, "conversation_id"),
    ],
)
async def test_bad_chat_bodies_name_the_field(modelled: Api, body: Any, field: str) -> None:
    errors = await modelled.refused("POST", "/v1/chat", body)
    assert errors[0]["field"] == field


async def test_answers_are_checked_over_rest(modelled: Api, endpoint_of_model: OpenAIServer) -> None:
    endpoint_of_model.script = [Turn(calls=[("create_webhook", {})]), Turn("Nothing was created.")]
    reply = await modelled.say("set up a webhook")
    path = f"/v1/chat/{reply['conversation_id']}/resume"
    interrupt = reply["interrupt"]["id"]
    await modelled.refused("POST", path, {"interrupt_id": interrupt})
    await modelled.refused("POST", path, {"interrupt_id": interrupt, "value": {}})
    await modelled.refused("POST", path, {"interrupt_id": "int_none", "value": {"cancelled": True}}, 404)
    await modelled.refused("POST", path, {"interrupt_id": interrupt, "value": {"webhook_id": "wh_none"}}, 404)
    await modelled.answer(reply, {"cancelled": True})
    await modelled.refused("POST", path, {"interrupt_id": interrupt, "value": {"cancelled": True}}, 409)
