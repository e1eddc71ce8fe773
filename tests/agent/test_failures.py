import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from agent import transcript, turn
from agent.honesty import MAX_MODEL_CALLS
from rules.errors import InvalidInput, NotFound, Unavailable
from tests.agent.conftest import House, collect
from tests.agent.scripted import call, calls

REQUEST = httpx2.Request("POST", "http://model.test/v1/chat/completions")


def refusal(status: int) -> openai.APIStatusError:
    kind = {401: openai.AuthenticationError, 404: openai.NotFoundError, 429: openai.RateLimitError}.get(
        status, openai.APIStatusError
    )
    return kind("sk-planted-key was refused", response=httpx2.Response(status, request=REQUEST), body=None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (openai.APIConnectionError(request=REQUEST), "cannot be reached"),
        (openai.APITimeoutError(request=REQUEST), "in time"),
        (refusal(401), "refuses our key"),
        (refusal(404), "does not know this model"),
        (refusal(429), "rate limit"),
        (refusal(500), "HTTP 500"),
    ],
)
async def test_model_that_fails_is_named_and_the_message_kept(house: House, error: Exception, expected: str) -> None:
    house.script(error)
    with pytest.raises(Unavailable, match=expected) as caught:
        await house.say("hello")
    assert "sk-planted" not in caught.value.detail
    page = await transcript.index(house.database, house.workspace, limit=5, offset=0)
    conversation_id = page.items[0]["id"]
    shown = await transcript.show(house.database, house.workspace, conversation_id)
    assert [message["role"] for message in shown["messages"]] == ["user", "note"]
    assert shown["answering"] is False
    house.script(AIMessage("Back again."))
    assert (await house.say("again", conversation_id))["reply"] == "Back again."
    assert [m.text for m in house.model.seen[-1] if isinstance(m, HumanMessage)] == ["hello", "again"]


async def test_model_that_fails_after_a_change_reports_the_change(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("set_enabled", webhook_id=webhook.id, enabled=False), refusal(500))
    reply = await house.say("disable it")
    assert "HTTP 500" in reply["reply"]
    assert "stays done" in reply["reply"]
    assert len(reply["changes"]) == 1
    assert not (await house.get(webhook.id)).enabled


async def test_tool_that_breaks_is_information_for_the_model(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret internals")

    monkeypatch.setattr(type(house.services.registry), "list", broken)
    house.script(call("list_webhooks"), AIMessage("I cannot list them now."))
    reply = await house.say("list")
    assert reply["reply"] == "I cannot list them now."
    assert reply["tool_calls"][0]["result"]["ok"] is False
    assert "secret internals" not in str(house.model.seen)


async def test_unknown_tool_comes_back_with_the_nearest_names(house: House) -> None:
    house.script(call("delete_hook", webhook_id="wh_1"), AIMessage("Let me see."))
    result = (await house.say("delete"))["tool_calls"][0]["result"]
    assert result["ok"] is False
    assert "delete_webhook" in result["suggestions"]


async def test_wrong_arguments_come_back_naming_the_field(house: House) -> None:
    webhook = await house.webhook()
    house.script(
        calls(
            ("set_enabled", {"webhook_id": webhook.id, "enable": True}),
            ("set_trust_filter", {"webhook_id": webhook.id, "min": 90, "max": 10}),
            ("set_event_filter", {"webhook_id": webhook.id, "mode": "only", "events": []}),
            ("edit_webhook", {"webhook_id": webhook.id, "timeout_ms": 5}),
        ),
        AIMessage("None of that worked."),
    )
    results = [made["result"] for made in (await house.say("go"))["tool_calls"]]
    assert [result["ok"] for result in results] == [False] * 4
    assert {error["field"] for error in results[0]["errors"]} == {"enable", "enabled"}
    assert "90" in str(results[1]["errors"])
    assert results[2]["errors"][0]["field"] == "mode"
    assert "30" in str(results[3]["errors"])


async def test_arguments_cut_off_or_not_json_come_back_as_an_error(house: House) -> None:
    broken = AIMessage(
        "",
        response_metadata={"finish_reason": "length"},
        tool_calls=[{"name": "set_tag_filter", "args": {"webhook_id": "wh_1"}, "id": "call_y"}],
        invalid_tool_calls=[
            {
                "name": "list_webhooks",
                "args": "nonsense",
                "id": "call_x",
                "error": None,
                "type": "invalid_tool_call",
            }
        ],
    )
    house.script(broken, AIMessage("Sorry, once more."))
    reply = await house.say("list")
    assert [made["result"]["ok"] for made in reply["tool_calls"]] == [False, False]
    assert reply["reply"] == "Sorry, once more."


async def test_repeated_call_ids_do_not_mix_up_results(house: House) -> None:
    webhook = await house.webhook()
    house.script(
        call("list_webhooks", "call_0"),
        call("get_webhook", "call_0", webhook_id=webhook.id),
        AIMessage("CRM is there."),
        AIMessage("Yes."),
    )
    reply = await house.say("look")
    assert [made["name"] for made in reply["tool_calls"]] == ["list_webhooks", "get_webhook"]
    await house.say("sure?", reply["conversation_id"])
    results = [message for message in house.model.seen[-1] if isinstance(message, ToolMessage)]
    assert len({message.tool_call_id for message in results}) == 2
    assert "webhooks" in results[0].text


async def test_endless_loop_ends_with_a_clear_text(house: House) -> None:
    house.script(*(call("list_webhooks", f"call_{number}") for number in range(40)))
    reply = await house.say("loop")
    assert f"stopped after {MAX_MODEL_CALLS} steps" in reply["reply"]
    assert len(reply["tool_calls"]) == MAX_MODEL_CALLS
    house.model.script.clear()
    house.script(AIMessage("Fine."))
    assert (await house.say("ok", reply["conversation_id"]))["reply"] == "Fine."


async def test_turn_that_takes_too_long_is_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "TURN_TIME", timedelta(milliseconds=50))
    house.model.gate = asyncio.Event()
    with pytest.raises(Unavailable, match="in time"):
        await house.say("hello")


async def test_turn_that_a_shutdown_cuts_off_ends_for_the_person_and_the_store(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "GRACE", timedelta(milliseconds=50))
    house.model.gate = asyncio.Event()
    events = await house.assistant.say(house.workspace, "hello")
    reply = asyncio.create_task(collect(events))
    await house.assistant.aclose()
    with pytest.raises(Unavailable, match="was stopped"):
        await asyncio.wait_for(reply, 5)
    page = await transcript.index(house.database, house.workspace, limit=5, offset=0)
    shown = await transcript.show(house.database, house.workspace, page.items[0]["id"])
    assert [message["role"] for message in shown["messages"]] == ["user", "note"]
    assert shown["answering"] is False


@pytest.mark.parametrize("broken", [("agent.assistant._Configuring", "prompt"), ("agent.turn.Turns", "_store")])
async def test_turn_that_fails_on_our_side_leaves_the_conversation_free(house: House, broken: tuple[str, str]) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("internals")

    house.script(AIMessage("Hello."))
    conversation_id = (await house.say("hello"))["conversation_id"]
    house.script(AIMessage("Never stored."))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(".".join(broken), fail)
        with pytest.raises(RuntimeError):
            await house.say("again", conversation_id)
    house.model.script[:] = [AIMessage("Back again.")]
    assert (await house.say("once more", conversation_id))["reply"] == "Back again."


async def test_half_a_character_from_a_model_costs_no_turn(house: House) -> None:
    house.script(call("list_webhooks", search="\ud83d"), AIMessage("Look. \ud83d\ude00 and \ud83d."))
    reply = await house.say("hi")
    assert reply["reply"] == "Look. 😀 and �."
    shown = await transcript.show(house.database, house.workspace, reply["conversation_id"])
    assert shown["messages"][-1]["text"] == "Look. 😀 and �."
    assert shown["answering"] is False


@pytest.mark.parametrize("message", ["", "   ", "x" * 8001, None, 5])
async def test_message_that_cannot_be_one_is_refused(house: House, message: Any) -> None:
    with pytest.raises(InvalidInput):
        await house.say(message)


async def test_unknown_conversation_and_perspective_are_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        await house.say("hi", "cht_none")
    with pytest.raises(NotFound):
        await house.say("hi", perspective_id="psp_none")
