"""A trigger as a tool: corrections, approval, and that nothing is sent twice or too early (C02)."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from rules.errors import Conflict
from rules.integration_spec import TriggerPatch
from tests.agent.conftest import OWNER, House
from tests.agent.desk import ORDER, TICKET, open_desk
from tests.agent.scripted import call, calls

CONFIRMED = {**TICKET, "confirm": True}


def wrong(number: int) -> AIMessage:
    return call("order_status", f"call_{number}", order_number="ten")


async def test_violation_comes_back_with_path_and_expectation(house: House) -> None:
    desk = await open_desk(house, ORDER)
    right = call("order_status", "call_2", order_number="1042")
    house.script(wrong(1), right, AIMessage("It is on its way."))
    reply = await desk.say("order ten-forty-two")
    first, second = (made["result"] for made in reply["tool_calls"])
    assert first["ok"] is False
    [error] = first["errors"]
    assert error["field"] == "arguments.order_number"
    assert "^[0-9]{4}$" in error["message"]
    assert second["class"] == "success"
    assert len(house.endpoint.requests) == 1
    assert len(await desk.logs()) == 1


async def test_third_violation_ends_the_corrections_of_this_turn(house: House) -> None:
    desk = await open_desk(house, ORDER, TICKET)
    late = call("order_status", "call_4", order_number="1042")
    house.script(
        wrong(1), wrong(2), wrong(3), late, call("create_ticket", "call_5", title="x"), AIMessage("Which one?")
    )
    reply = await desk.say("order ten")
    made = [made["result"] for made in reply["tool_calls"]]
    assert ["ask the person for what" in result.get("error", "") for result in made] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert [request[0] for request in house.endpoint.requests] == ["https://help.example.com/tickets"]
    house.script(call("order_status", "call_6", order_number="1042"), AIMessage("On its way."))
    assert (await desk.say("1042"))["tool_calls"][0]["result"]["class"] == "success"


async def test_violations_before_an_approval_count_after_it(house: House) -> None:
    desk = await open_desk(house, ORDER, CONFIRMED)
    house.script(
        wrong(1), wrong(2), call("create_ticket", "call_3", title="x"), wrong(4), wrong(5), AIMessage("Which order?")
    )
    reply = await desk.say("order ten, and a ticket")
    after = await desk.resume(reply, {"approved": True})
    final = [made["result"] for made in after["tool_calls"] if made["name"] == "order_status"]
    assert all("did not fit three times" in result["error"] for result in final)
    assert len(final) == 2


async def test_request_that_cannot_be_rendered_is_a_correctable_error(house: House) -> None:
    loose = {**ORDER, "parameters": {"type": "object", "properties": {"order_number": {"type": "string"}}}}
    desk = await open_desk(house, loose)
    house.script(call("order_status", order_number=".."), AIMessage("Which order?"))
    result = (await desk.say("order .."))["tool_calls"][0]["result"]
    assert result["ok"] is False
    assert result["errors"][0]["field"].startswith("integration.url")
    assert house.endpoint.requests == []


async def test_confirm_sends_nothing_before_yes_and_once_after(house: House) -> None:
    desk = await open_desk(house, CONFIRMED)
    house.script(call("create_ticket", title="Broken"), AIMessage("I've created it."))
    reply = await desk.say("open a ticket")
    assert reply["interrupt"]["kind"] == "approval"
    assert reply["interrupt"]["title"] == "Create ticket"
    assert reply["interrupt"]["diff"] == [{"field": "title", "before": None, "after": "Broken"}]
    assert house.endpoint.requests == []
    assert await desk.logs() == []
    desk.restart()
    answers = [desk.resume(reply, {"approved": True}) for _ in range(4)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    [after] = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    assert all(isinstance(outcome, (dict, Conflict)) for outcome in outcomes)
    assert after["reply"] == "I've created it."
    assert len(house.endpoint.requests) == 1
    assert len(await desk.logs()) == 1


@pytest.mark.parametrize("typed", ["yes", "Ja, bitte.", "no", "cancel"])
async def test_typed_yes_or_no_answers(house: House, typed: str) -> None:
    desk = await open_desk(house, CONFIRMED)
    house.script(call("create_ticket", title="Broken"), AIMessage("That is settled."))
    await desk.say("open a ticket")
    after = await desk.say(typed)
    sent = typed[0].lower() in "yj"
    assert len(house.endpoint.requests) == sent
    assert after["tool_calls"][0]["result"].get("declined") is (None if sent else True)


async def test_declined_call_sends_nothing_though_the_trigger_asks_no_more(house: House) -> None:
    desk = await open_desk(house, CONFIRMED)
    house.script(call("create_ticket", title="Broken"), AIMessage("I left it."))
    reply = await desk.say("open a ticket")
    [trigger] = (await house.services.triggers.list(house.workspace, desk.assistant_id)).items
    await house.services.triggers.update(house.workspace, trigger.id, TriggerPatch(confirm=False), OWNER)
    await desk.resume(reply, {"approved": False})
    assert house.endpoint.requests == []


async def test_other_message_dismisses_the_call(house: House) -> None:
    desk = await open_desk(house, CONFIRMED, ORDER)
    house.script(
        calls(("create_ticket", {"title": "x"}), ("order_status", {"order_number": "1042"})), AIMessage("Hello.")
    )
    reply = await desk.say("open a ticket and look at 1042")
    await desk.say("wait, who are you?")
    assert house.endpoint.requests == []
    with pytest.raises(Conflict):
        await desk.resume(reply, {"approved": True})


async def test_calls_after_a_question_wait_and_run_in_order(house: House) -> None:
    desk = await open_desk(house, CONFIRMED, ORDER)
    wanted = calls(
        ("order_status", {"order_number": "1041"}),
        ("create_ticket", {"title": "x"}),
        ("order_status", {"order_number": "1042"}),
    )
    house.script(wanted, AIMessage("All of it is settled."))
    reply = await desk.say("go")
    assert len(house.endpoint.requests) == 1
    await desk.resume(reply, {"approved": True})
    assert [request[0].rsplit("/", 1)[1] for request in house.endpoint.requests] == ["1041", "tickets", "1042"]


async def test_wrong_arguments_are_corrected_before_anyone_is_asked(house: House) -> None:
    desk = await open_desk(house, CONFIRMED)
    house.script(call("create_ticket", subject="x"), AIMessage("What is it about?"))
    reply = await desk.say("open a ticket")
    assert reply["interrupt"] is None
    assert {error["field"] for error in reply["tool_calls"][0]["result"]["errors"]} == {
        "arguments.title",
        "arguments.subject",
    }


async def test_trigger_deleted_while_its_question_waits_is_not_called(house: House) -> None:
    desk = await open_desk(house, CONFIRMED)
    house.script(call("create_ticket", title="Broken"), AIMessage("That is not possible any more."))
    reply = await desk.say("open a ticket")
    [trigger] = (await house.services.triggers.list(house.workspace, desk.assistant_id)).items
    await house.services.triggers.delete(house.workspace, trigger.id, OWNER)
    after = await desk.resume(reply, {"approved": True})
    assert after["tool_calls"][0]["result"]["ok"] is False
    assert house.endpoint.requests == []


async def test_secret_goes_to_the_endpoint_only(house: House, tmp_path: Path) -> None:
    planted = "planted-5f2b9c71"
    integration = {**TICKET["integration"], "headers": [{"key": "Authorization", "value": "Bearer $help_key"}]}
    desk = await open_desk(house)
    await desk.secret("help_key", planted, "help.example.com")
    await desk.trigger(CONFIRMED, integration=integration)
    desk.answers(json.dumps({"you_sent": f"Bearer {planted}"}).encode())
    house.script(call("create_ticket", title="$help_key"), AIMessage("I've created it."))
    reply = await desk.say("open a ticket")
    after = await desk.resume(reply, {"approved": True})
    [(_, headers, body)] = house.endpoint.requests
    assert headers["Authorization"] == f"Bearer {planted}"
    assert json.loads(body or b"") == {"title": "$help_key"}
    seen: list[Any] = [reply, after, await desk.logs(), str(house.model.seen)]
    assert planted not in json.dumps(seen)
    await house.database.close()
    assert "planted" not in "\n".join(sqlite3.connect(tmp_path / "test.db").iterdump())
