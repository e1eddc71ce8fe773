"""The tools that show, create and delete triggers, and undo that."""

import json
from typing import Any

from agent.calls import holds_untrusted
from tests.tools.conftest import Person
from tests.tools.orders import NO, PARAMETERS, URL, YES, a_secret, a_trigger, an_assistant


async def test_trigger_is_explained_with_the_source_of_each_variable(person: Person) -> None:
    await a_secret(person)
    request = {"url": f"{URL}?s=$session.id&m=$customer.mail", "responseDirective": "Say the status."}
    trigger = await a_trigger(person, integration=request)
    shown = (await person.run("get_trigger", trigger_id=trigger.id))["trigger"]
    sources = {each["name"]: each["source"] for each in shown["variables"]}
    assert sources == {
        "session.id": "system",
        "erp_token": "secret",
        "order_number": "argument",
        "customer.mail": "client_data",
    }
    [secret] = [each for each in shown["variables"] if each["source"] == "secret"]
    assert secret["hosts"] == ["erp.example.com"]
    assert shown["request"]["responseDirective"] == "Say the status."
    assert "planted" not in json.dumps(shown)


async def test_explanation_tells_how_the_last_calls_went(person: Person) -> None:
    trigger = await a_trigger(person)
    assert (await person.run("get_trigger", trigger_id=trigger.id))["recent_calls"] == []
    for status in (200, 404):
        person.house.endpoint.status = status
        await person.run("test_trigger", trigger_id=trigger.id, arguments={"order_number": "7"}, dry_run=False)
    told = await person.run("get_trigger", trigger_id=trigger.id)
    assert [each["status"] for each in told["recent_calls"]] == [404, 200]
    assert not holds_untrusted(told)


async def test_creating_a_trigger_shows_the_whole_request_and_waits_for_a_yes(person: Person) -> None:
    await an_assistant(person)
    fields: dict[str, Any] = {
        "name": "cancel_order",
        "description": "Cancel an order.",
        "url": URL,
        "method": "POST",
        "headers": {"Authorization": "Bearer $erp_token"},
        "body": '{"reason": "$reason"}',
        "parameters": PARAMETERS,
        "directive": "Confirm it.",
    }
    person.answer = NO
    assert (await person.run("create_trigger", **fields))["declined"] is True
    shown = {line["field"]: line["after"] for line in person.asked[0].diff or []}
    assert shown["url"] == URL
    assert shown["headers"] == ["Authorization: Bearer $erp_token"]
    assert shown["body"] == {"reason": "$reason"}
    assert shown["responseDirective"] == "Confirm it."
    assert (await person.run("list_triggers"))["total"] == 0
    person.answer = YES
    made = await person.run("create_trigger", **fields)
    assert made["secrets_to_set"] == [{"name": "erp_token", "hosts": ["erp.example.com"]}]
    assert [change.action for change in person.recorded] == ["create"]
    stored = await person.house.services.triggers.get("ws_1", made["trigger"]["id"])
    assert stored.integration["body"] == {"reason": "$reason"}


async def test_trigger_needs_an_assistant_and_asks_which_when_there_are_several(person: Person) -> None:
    fields = {"name": "ping", "description": "Ping.", "url": "https://erp.example.com/"}
    none = await person.run("create_trigger", **fields)
    assert "create_assistant" in none["error"]
    await an_assistant(person, "Shop")
    await an_assistant(person, "Help desk")
    several = await person.run("create_trigger", **fields)
    assert "Shop" in several["error"]
    assert "Help desk" in several["error"]
    assert person.asked == []


async def test_deleted_trigger_comes_back_by_undo_after_a_yes(person: Person) -> None:
    trigger = await a_trigger(person)
    person.answer = YES
    gone = await person.run("delete_trigger", trigger_id=trigger.id)
    assert gone["deleted"] is True
    assert (await person.run("get_trigger", trigger_id=trigger.id))["ok"] is False
    changes = await person.run("list_changes", trigger_id=trigger.id)
    assert [(each["action"], each["name"]) for each in changes["changes"]] == [
        ("delete", "get_order"),
        ("create", "get_order"),
    ]
    back = await person.run("undo_change")
    assert back["trigger"]["id"] == trigger.id
    assert back["undone"]["trigger_id"] == trigger.id
    assert person.asked[-1].title == "Undo the deletion: this API can be called again"


async def test_undo_that_changes_the_url_asks(person: Person) -> None:
    trigger = await a_trigger(person)
    person.answer = YES
    await person.run("edit_trigger", trigger_id=trigger.id, url="https://other.example.com/$order_number")
    await person.run("undo_change")
    assert person.asked[-1].title == "Undo the change: change the URL of “get_order”"
    assert [line["field"] for line in person.asked[-1].diff or []] == ["url"]
    assert (await person.house.services.triggers.get("ws_1", trigger.id)).integration["url"] == URL
