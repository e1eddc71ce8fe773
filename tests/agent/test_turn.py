from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from tests.agent.conftest import House
from tests.agent.scripted import call, calls


async def test_plain_answer_is_the_reply(house: House) -> None:
    house.script(AIMessage("Hello. What shall I set up?"))
    reply = await house.say("hi")
    assert reply["reply"] == "Hello. What shall I set up?"
    assert reply["conversation_id"].startswith("cht_")
    assert reply["interrupt"] is None
    assert isinstance(house.model.seen[0][0], SystemMessage)
    assert isinstance(house.model.seen[0][-1], HumanMessage)
    assert house.model.seen[0][-1].text == "hi"


async def test_tool_result_reaches_model_and_reply(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("set_enabled", webhook_id=webhook.id, enabled=False), AIMessage("I've disabled CRM."))
    reply = await house.say("disable CRM")
    assert reply["reply"] == "I've disabled CRM."
    [made] = reply["tool_calls"]
    assert made["name"] == "set_enabled"
    assert made["result"]["webhook"]["enabled"] is False
    assert made["result"]["changed"] == [{"field": "enabled", "before": True, "after": False}]
    assert reply["changes"] == [made["result"]["change_id"]]
    assert not (await house.get(webhook.id)).enabled
    assert isinstance(house.model.seen[1][-1], ToolMessage)


async def test_approval_stops_the_turn_and_yes_carries_it_out(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id), AIMessage("I've deleted the CRM webhook."))
    reply = await house.say("delete CRM")
    assert reply["interrupt"]["kind"] == "approval"
    assert reply["interrupt"]["diff"][0]["after"] is None
    assert "_digest" not in reply["interrupt"]
    assert await house.get(webhook.id)
    after = await house.resume(reply, {"approved": True})
    assert after["tool_calls"][0]["result"]["deleted"] is True
    assert after["reply"] == "I've deleted the CRM webhook."
    assert len(after["changes"]) == 1
    page = await house.services.registry.list(house.workspace)
    assert page.total == 0


async def test_calls_of_one_answer_run_in_order_and_wait_for_approval(house: House) -> None:
    webhook = await house.webhook()
    new = "https://new.example.com/hook"
    both = calls(
        ("set_enabled", {"webhook_id": webhook.id, "enabled": False}),
        ("edit_webhook", {"webhook_id": webhook.id, "url": new}),
        ("test_webhook", {"webhook_id": webhook.id}),
    )
    house.script(both, AIMessage("The URL is new, and the test passed."))
    reply = await house.say("disable it, change the url and test it")
    assert reply["interrupt"]["diff"] == [{"field": "url", "before": webhook.url, "after": new}]
    assert house.endpoint.requests == []
    assert (await house.get(webhook.id)).enabled is False
    after = await house.resume(reply, {"approved": True})
    assert [made["name"] for made in after["tool_calls"]] == ["edit_webhook", "test_webhook"]
    assert house.endpoint.requests[0][0] == new


async def test_two_approvals_in_one_answer_are_asked_one_after_the_other(house: House) -> None:
    first, second = await house.webhook(name="A"), await house.webhook(name="B")
    both = calls(("delete_webhook", {"webhook_id": first.id}), ("delete_webhook", {"webhook_id": second.id}))
    house.script(both, AIMessage("A is gone; B was kept."))
    reply = await house.say("delete both")
    assert "A" in reply["interrupt"]["title"]
    reply = await house.resume(reply, {"approved": True})
    assert "B" in reply["interrupt"]["title"]
    assert (await house.services.registry.list(house.workspace)).total == 1
    reply = await house.resume(reply, {"approved": False, "note": "keep it"})
    assert reply["tool_calls"][0]["result"] == {"ok": False, "declined": True, "note": "keep it"}
    assert (await house.services.registry.list(house.workspace)).total == 1
