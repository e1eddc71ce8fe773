"""The tools that test a trigger, dry or for real, and list the calls that were made."""

import json

from agent.calls import holds_untrusted
from rules.integration_spec import SessionDraft
from tests.tools.conftest import Person
from tests.tools.orders import NO, YES, a_secret, a_trigger


async def test_dry_run_shows_the_masked_request_and_sends_nothing(person: Person) -> None:
    await a_secret(person)
    trigger = await a_trigger(person)
    result = await person.run("test_trigger", trigger_id=trigger.id, arguments={"order_number": "10 42"})
    assert result["request"]["url"] == "https://erp.example.com/orders/10%2042"
    assert (result["sent"], result["changed"]) == (False, [])
    assert "planted" not in json.dumps(result)
    assert person.house.endpoint.requests == []
    assert not holds_untrusted(result)


async def test_arguments_that_do_not_fit_are_named_and_nothing_is_sent(person: Person) -> None:
    trigger = await a_trigger(person)
    result = await person.run("test_trigger", trigger_id=trigger.id, arguments={}, dry_run=False)
    assert result["ok"] is False
    assert "order_number" in json.dumps(result["errors"])
    assert person.house.endpoint.requests == []


async def test_real_get_is_sent_at_once_and_its_answer_is_untrusted(person: Person) -> None:
    await a_secret(person)
    trigger = await a_trigger(person)
    person.house.endpoint.body = b'{"status": "sent", "echo": "planted-value"}'
    result = await person.run("test_trigger", trigger_id=trigger.id, arguments={"order_number": "7"}, dry_run=False)
    assert (result["ok"], result["tested"], result["response"]["status"]) == (True, True, 200)
    assert holds_untrusted(result)
    [(url, headers, _)] = person.house.endpoint.requests
    assert (url, headers["Authorization"]) == ("https://erp.example.com/orders/7", "Bearer planted-value")
    assert "planted" not in json.dumps(result)
    assert person.asked == []


async def test_real_call_that_writes_asks_showing_the_masked_request(person: Person) -> None:
    await a_secret(person)
    trigger = await a_trigger(person, integration={"method": "POST", "body": {"number": "$order_number"}})
    person.answer = NO
    arguments = {"trigger_id": trigger.id, "arguments": {"order_number": "7"}, "dry_run": False}
    assert (await person.run("test_trigger", **arguments))["declined"] is True
    shown = {line["field"]: line["after"] for line in person.asked[0].diff or []}
    assert shown["request"] == "POST https://erp.example.com/orders/7"
    assert shown["body"] == {"number": "7"}
    assert "planted" not in json.dumps(shown)
    assert person.house.endpoint.requests == []
    person.answer = YES
    person.house.endpoint.status = 401
    result = await person.run("test_trigger", **arguments)
    assert (result["ok"], result["tested"], result["response"]["status"]) == (False, True, 401)


async def test_log_of_calls_is_data_from_outside(person: Person) -> None:
    trigger = await a_trigger(person)
    session = await person.house.services.sessions.create("ws_1", SessionDraft(assistant_id=trigger.assistant_id))
    assert (await person.run("list_calls"))["calls"] == []
    arguments = {"trigger_id": trigger.id, "arguments": {"order_number": "7"}, "dry_run": False}
    await person.run("test_trigger", **arguments, session_id=session.id)
    for chosen in ({"session_id": session.id}, {"trigger_id": trigger.id}, {}):
        [logged] = (await person.run("list_calls", **chosen))["calls"]
        assert (logged["trigger"], logged["status"]) == ("get_order", 200)
        assert logged["details"]["untrusted"]["response"] == "thanks"
    assert (await person.run("list_calls", trigger_id="trg_none"))["calls"] == []
