"""API calls inside a conversation, with a model on the wire: rows C02, C03, C06 and C07."""

import asyncio
import json

from tests.acceptance.printed_integrations import NOTHING, ORDER_SCHEMA, ORDER_STATUS, SUPPORT_TICKET, TICKET_SCHEMA
from tests.acceptance.shop import PLANTED, Shop, called
from tests.acceptance.stub import Answer, Seen
from tests.agent.openai_server import Turn
from tests.serving import until


async def test_c03_system_and_client_data_win_over_what_a_model_says(shop: Shop):
    await shop.secret("key")
    names = ("plan", "key", "free")
    parameters = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    body = {name: f"${name}" for name in names} | {"session": "$session.id", "assistant": "$assistant.id"}
    printed = json.dumps({"url": f"{shop.stub.url}/x", "method": "POST", "body": body})
    await shop.trigger("send", printed, parameters)
    await shop.api.call("PUT", f"/session/{shop.session}", {"client_data": {"plan": "enterprise"}})
    await shop.say(
        "I am on the gold plan", called("send", plan="gold", key="mine", free="$plan ${key}"), Turn("Thank you.")
    )
    assert shop.stub.seen[0].json == {
        "plan": "enterprise",
        "key": PLANTED,
        "free": "$plan ${key}",
        "session": shop.session,
        "assistant": shop.assistant,
    }


async def test_c02_violation_goes_back_to_the_model_which_corrects_itself_twice(shop: Shop):
    await shop.secret("erp_token")
    await shop.trigger("order_status", ORDER_STATUS, ORDER_SCHEMA)
    wrong = called("order_status", order_number="12")
    await shop.say("order 12", wrong, wrong, called("order_status", order_number="0012"), Turn("It is on its way."))
    assert [seen.target for seen in shop.stub.seen] == ["/api/orders/0012"]
    [first, second, third] = shop.read_by_model()
    for violation in (first, second):
        assert violation["ok"] is False
        [error] = violation["errors"]
        assert error["field"] == "arguments.order_number"
        assert "^[0-9]{4,}$" in error["message"]
    assert third["class"] == "success"
    await shop.say("order 12", wrong, wrong, wrong, Turn("Which order do you mean?"))
    assert "ask the person" in shop.read_by_model()[-1]["error"]
    assert len(shop.stub.seen) == 1


async def test_confirm_pauses_until_the_person_agrees_and_sends_once(shop: Shop):
    await shop.secret("helpdesk_api_key")
    await shop.trigger("create_ticket", SUPPORT_TICKET, TICKET_SCHEMA, confirm=True)
    issue = {"issue_title": "Door", "issue_description": "It sticks.", "priority": "low"}
    reply = await shop.say("My door sticks", called("create_ticket", **issue))
    assert shop.stub.seen == []
    interrupt = reply["interrupt"]
    assert interrupt["kind"] == "approval"
    assert interrupt["diff"] == [{"field": name, "before": None, "after": value} for name, value in issue.items()]
    assert (await shop.shown())["interrupt"] == interrupt
    path = f"/session/{shop.session}/resume"
    answer = {"interrupt_id": interrupt["id"], "value": {"approved": True}}
    await shop.api.refused("POST", f"/v1/chat/{reply['conversation_id']}/resume", answer, 404)
    await shop.api.refused("POST", path, {**answer, "value": {"webhook_id": "wh_1"}})
    shop.model.script = [Turn("I've created it.")]
    after = await asyncio.gather(*(shop.api.client.post(path, json=answer) for _ in range(3)))
    assert sorted(each.status_code for each in after) == [200, 409, 409]
    assert len(shop.stub.seen) == 1
    await shop.say("One more: my window", called("create_ticket", **issue))
    await shop.say("no", Turn("I left it."))
    assert len(shop.stub.seen) == 1
    assert [message["role"] for message in (await shop.shown())["messages"]].count("answer") == 2


async def test_c07_silent_action_tells_nothing_of_its_response(shop: Shop):
    await shop.secret("helpdesk_api_key")
    await shop.trigger("create_ticket", SUPPORT_TICKET, TICKET_SCHEMA, interpret_response=False)
    shop.stub.says({"secret_number": "T-77"})
    issue = {"issue_title": "Door", "issue_description": "It sticks.", "priority": "low"}
    await shop.say("My door sticks", called("create_ticket", **issue), Turn("I've passed that on."))
    assert shop.read_by_model() == [{"accepted": True}]
    assert "T-77" not in json.dumps(shop.model.requests)
    [row] = await shop.logs()
    assert "T-77" in row["response_body"]


async def test_c06_returned_client_data_is_there_for_the_next_call_of_the_same_answer(shop: Shop):
    lookup = json.dumps({"url": f"{shop.stub.url}/find", "method": "GET"})
    visit = json.dumps({"url": f"{shop.stub.url}/patients/$patient_id?n=$patient_name", "method": "GET"})
    await shop.trigger("find_patient", lookup, NOTHING)
    await shop.trigger("last_visit", visit, NOTHING)

    def answer(seen: Seen) -> Answer:
        returned = {"patient_id": "pat_12345", "patient_name": "Ana Smith", "session.id": "forged"}
        return Answer({"session": {"client_data": returned}} if seen.target == "/find" else {"visit": "2025-02-15"})

    shop.stub.answer = answer
    both = Turn(calls=[("find_patient", {}), ("last_visit", {})])
    await shop.say("When was I here last?", both, Turn("On 15 February 2025."))
    assert [seen.target for seen in shop.stub.seen] == ["/find", "/patients/pat_12345?n=Ana%20Smith"]
    assert (await shop.shown())["client_data"] == {"patient_id": "pat_12345", "patient_name": "Ana Smith"}


async def test_second_message_at_once_conflicts_and_stays_unsaid(shop: Shop):
    shop.stub.answer = lambda _seen: Answer(delay_seconds=0.5)
    await shop.trigger("ping", json.dumps({"url": f"{shop.stub.url}/", "method": "GET"}), NOTHING)
    shop.model.script = [called("ping"), Turn("Pong.")]
    path = f"/session/{shop.session}/messages"
    first = asyncio.create_task(shop.api.client.post(path, json={"message": "ping"}))
    await until(shop.first_seen)
    await shop.api.refused("POST", path, {"message": "hello?"}, 409)
    assert (await first).json()["reply"] == "Pong."
    said = [message["text"] for message in (await shop.shown())["messages"] if message["role"] == "user"]
    assert said == ["ping"]


async def test_streamed_turn_has_the_events_of_the_chat(shop: Shop):
    await shop.secret("erp_token")
    await shop.trigger("order_status", ORDER_STATUS, ORDER_SCHEMA)
    text = await shop.stream("1042?", called("order_status", order_number="1042"), Turn("It is on its way."))
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "RUN_STARTED"
    assert kinds[-1] == "RUN_FINISHED"
    assert "TOOL_CALL_RESULT" in kinds
    said = "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")
    assert said == "It is on its way."


async def test_claim_without_a_call_is_corrected(shop: Shop):
    reply = await shop.say("Book a table", Turn("I've booked it."), Turn("I cannot book tables here."))
    assert reply["reply"] == "I cannot book tables here."
