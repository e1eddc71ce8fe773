"""Editing a trigger: what applies at once, what asks first, and what is refused."""

import json
from typing import Any

import pytest

from tests.tools.conftest import Person
from tests.tools.orders import NO, YES, a_secret, a_trigger


async def test_credential_written_into_a_trigger_is_masked_and_survives_an_edit_of_other_headers(
    person: Person,
) -> None:
    trigger = await a_trigger(person, integration={"headers": [{"key": "X-Api-Key", "value": "planted-key"}]})
    for name in ("get_trigger", "list_triggers"):
        arguments = {"trigger_id": trigger.id} if name == "get_trigger" else {}
        assert "planted" not in json.dumps(await person.run(name, **arguments))
    person.answer = YES
    shown = (await person.run("get_trigger", trigger_id=trigger.id))["trigger"]["request"]["headers"]
    key, value = shown[0].split(": ", 1)
    edited = await person.run("edit_trigger", trigger_id=trigger.id, headers={key: value, "Accept": "text/csv"})
    assert edited["ok"] is True
    assert "planted" not in json.dumps(edited) + str(person.asked)
    after = await person.house.services.triggers.get("ws_1", trigger.id)
    assert after.integration["headers"][0] == {"key": "X-Api-Key", "value": "planted-key"}


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": {"Authorization": "Bearer abc123"}},
        {"headers": {"X-Note": "[hidden]"}},
        {"url": "https://erp.example.com/?key=[hidden]"},
        {"headers": {"X-Other": "Bearer ••••••"}},
    ],
)
async def test_credentials_from_the_chat_are_not_stored(person: Person, fields: dict[str, Any]) -> None:
    trigger = await a_trigger(person)
    result = await person.run("edit_trigger", trigger_id=trigger.id, **fields)
    assert result["ok"] is False
    assert "abc123" not in json.dumps(result)
    assert person.asked == []


AT_ONCE = [
    {"name": "look_up_order"},
    {"description": "Look up one order by its number."},
    {"directive": "Say when it arrives."},
    {"timeout_ms": 5000},
    {"headers": {}},
    {"confirm": True},
]
ASKING = [
    ({"url": "https://erp.example.com/v2/orders/$order_number"}, "Change the URL of"),
    ({"method": "DELETE"}, "Let DELETE be used by"),
    ({"body": '{"number": "$order_number"}'}, "Send more than before with"),
    ({"headers": {"Authorization": "Bearer $erp_token", "X-Mail": "$mail"}}, "Send more than before with"),
    ({"interpret_response": False}, "No longer read the responses of"),
]


@pytest.mark.parametrize("fields", AT_ONCE)
async def test_small_edits_of_a_trigger_apply_at_once_with_a_record(person: Person, fields: dict[str, Any]) -> None:
    trigger = await a_trigger(person)
    result = await person.run("edit_trigger", trigger_id=trigger.id, **fields)
    assert result["ok"] is True, result
    assert len(result["changed"]) == 1
    assert [change.id for change in person.recorded] == [result["change_id"]]
    undone = await person.run("undo_change") if "headers" not in fields and "confirm" not in fields else None
    assert undone is None or undone["ok"] is True
    assert person.asked == []


@pytest.mark.parametrize(("fields", "reason"), ASKING)
async def test_edits_that_let_a_trigger_do_more_ask(person: Person, fields: dict[str, Any], reason: str) -> None:
    trigger = await a_trigger(person)
    person.answer = NO
    assert (await person.run("edit_trigger", trigger_id=trigger.id, **fields))["declined"] is True
    assert person.asked[0].title == f"{reason} “get_order”"
    assert person.asked[0].diff
    assert await person.house.services.triggers.get("ws_1", trigger.id) == trigger
    person.answer = YES
    assert (await person.run("edit_trigger", trigger_id=trigger.id, **fields))["ok"] is True


async def test_taking_approval_away_asks(person: Person) -> None:
    trigger = await a_trigger(person, confirm=True)
    person.answer = NO
    assert (await person.run("edit_trigger", trigger_id=trigger.id, confirm=False))["declined"] is True


async def test_secret_that_would_travel_is_named_in_the_approval_or_refused(person: Person) -> None:
    await a_secret(person, host="*.example.com")
    trigger = await a_trigger(person)
    person.answer = NO
    await person.run("edit_trigger", trigger_id=trigger.id, url="https://new.example.com/orders/$order_number")
    lines = {line["field"]: line["after"] for line in person.asked[0].diff or []}
    assert lines["$erp_token"] == "sent to new.example.com"
    refused = await person.run("edit_trigger", trigger_id=trigger.id, url="https://elsewhere.test/$order_number")
    assert refused["ok"] is False
    assert "elsewhere.test" in refused["error"]


async def test_once_untrusted_content_is_about_every_change_asks(person: Person) -> None:
    await a_secret(person)
    trigger = await a_trigger(person)
    person.tainted, person.answer = True, NO
    for name, arguments in (
        ("create_assistant", {"name": "Another"}),
        ("edit_assistant", {"assistant_id": trigger.assistant_id, "name": "Another"}),
        ("edit_trigger", {"trigger_id": trigger.id, "description": "Do other things."}),
        ("delete_trigger", {"trigger_id": trigger.id}),
        ("test_trigger", {"trigger_id": trigger.id, "arguments": {"order_number": "1"}, "dry_run": False}),
        ("import_api_call", {"curl": "curl https://x.example.com/"}),
    ):
        result = await person.run(name, **arguments)
        assert result.get("declined") is True, (name, result)
    assert person.recorded == []
    assert person.house.endpoint.requests == []
