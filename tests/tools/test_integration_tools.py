"""The tools over assistants, triggers, their calls and secrets."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.calls import holds_untrusted
from integrations.assistants import AssistantView
from integrations.triggers import TriggerView
from rules.integration_spec import AssistantDraft, SecretDraft, SessionDraft, TriggerDraft
from tests.agent.conftest import OWNER
from tests.tools.conftest import Person

URL = "https://erp.example.com/orders/$order_number"
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"order_number": {"type": "string", "description": "The order's number."}},
    "required": ["order_number"],
}
AUTH = [{"key": "Authorization", "value": "Bearer $erp_token"}]
YES, NO = {"approved": True}, {"approved": False, "note": "no"}


async def an_assistant(person: Person, name: str = "Shop") -> AssistantView:
    created = await person.house.services.assistants.create("ws_1", AssistantDraft(name=name), OWNER)
    return created.assistant


async def a_trigger(person: Person, *, assistant: AssistantView | None = None, **fields: Any) -> TriggerView:
    assistant = assistant or await an_assistant(person)
    request = {"url": URL, "method": "GET", "headers": AUTH, **fields.pop("integration", {})}
    draft = {"name": "get_order", "description": "Look an order up.", "parameters": PARAMETERS, **fields}
    spec = TriggerDraft.model_validate({**draft, "integration": request})
    return (await person.house.services.triggers.create("ws_1", assistant.id, spec, OWNER)).trigger


async def a_secret(person: Person, name: str = "erp_token", host: str = "erp.example.com") -> None:
    await person.house.services.vault.put("ws_1", name, SecretDraft(value="planted-value", hosts=[host]))


async def test_assistants_are_created_renamed_and_listed_with_their_triggers(person: Person) -> None:
    made = await person.run("create_assistant", name="Shop", instructions="Be kind.")
    assert made["ok"] is True
    assert [change.subject_id for change in person.recorded] == [made["assistant"]["id"]]
    edited = await person.run("edit_assistant", assistant_id=made["assistant"]["id"], name="Store")
    assert edited["changed"] == [{"field": "name", "before": "Shop", "after": "Store"}]
    again = await person.run("edit_assistant", assistant_id=made["assistant"]["id"], name="Store")
    assert again["changed"] == []
    listed = await person.run("list_assistants")
    assert [(row["name"], row["triggers"]) for row in listed["assistants"]] == [("Store", 0)]
    assert person.asked == []


async def test_deleting_an_assistant_asks_naming_what_goes_with_it_and_undo_brings_all_back(person: Person) -> None:
    trigger = await a_trigger(person)
    person.answer = NO
    assert (await person.run("delete_assistant", assistant_id=trigger.assistant_id))["declined"] is True
    assert [line["field"] for line in person.asked[0].diff or []] == ["assistant", "trigger"]
    person.answer = YES
    gone = await person.run("delete_assistant", assistant_id=trigger.assistant_id)
    assert gone["deleted"] is True
    assert (await person.run("list_triggers"))["total"] == 0
    back = await person.run("undo_change", change_id=gone["change_id"])
    assert back["assistant"]["id"] == trigger.assistant_id
    assert person.asked[-1].title == "Undo the deletion: this assistant is back, with its triggers"
    assert (await person.run("list_triggers"))["total"] == 1


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


async def test_change_beyond_the_newest_two_hundred_can_be_undone(person: Person) -> None:
    assistant = await an_assistant(person)
    first = await person.run("edit_assistant", assistant_id=assistant.id, name="First")
    for number in range(201):
        await person.run("edit_assistant", assistant_id=assistant.id, instructions=str(number))
    assert (await person.run("undo_change", change_id=first["change_id"]))["assistant"]["name"] == "Shop"


CURL = """curl -X POST https://erp.example.com/orders/4711/notes \\
  -H 'Authorization: Bearer [hidden]' -H 'Content-Type: application/json' -d '{"text": "Hello"}'"""


async def test_curl_line_becomes_a_draft_to_approve_then_a_trigger_and_a_secret_to_set(person: Person) -> None:
    await an_assistant(person)
    person.answer = NO
    assert (await person.run("import_api_call", curl=CURL))["declined"] is True
    shown = {line["field"]: line["after"] for line in person.asked[0].diff or []}
    assert shown["method"] == "POST"
    assert shown["url"].startswith("https://erp.example.com/orders/$")
    assert (await person.run("list_triggers"))["total"] == 0
    person.answer = YES
    made = await person.run("import_api_call", curl=CURL)
    assert made["ok"] is True, made
    [secret] = made["secrets_to_set"]
    assert secret["hosts"] == ["erp.example.com"]
    assert f"Bearer ${secret['name']}" in json.dumps(shown)
    assert [change.action for change in person.recorded] == ["create"]


async def test_value_of_a_credential_in_a_curl_line_is_neither_stored_nor_shown(person: Person) -> None:
    await an_assistant(person)
    person.answer = YES
    made = await person.run("import_api_call", curl=CURL.replace("[hidden]", "planted-value-1"))
    assert made["ok"] is True
    changes = await person.run("list_changes")
    assert "planted" not in json.dumps([made, changes]) + str(person.asked)
    assert await person.house.services.vault.names("ws_1") == frozenset()


OPENAPI = """
openapi: 3.0.3
info: {title: Shop, version: '1'}
servers: [{url: 'https://shop.example.com/v1'}]
paths:
  /orders/{id}:
    get:
      operationId: get_order
      summary: Look an order up.
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
    delete:
      operationId: cancel_order
      summary: Cancel an order.
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'204': {description: ok}}
"""


async def test_openapi_document_becomes_several_drafts_each_with_its_own_change(person: Person) -> None:
    trigger = await a_trigger(person)
    person.answer = YES
    made = await person.run("import_api_call", openapi=OPENAPI, assistant_id=trigger.assistant_id)
    assert [row["name"] for row in made["triggers"]] == ["get_order_2", "cancel_order"]
    assert len(person.asked[0].diff or []) == 2
    assert [change.id for change in person.recorded] == made["change_ids"]
    one = await person.run("import_api_call", openapi=OPENAPI, operations=["cancel_order"])
    assert one["trigger"]["name"] == "cancel_order_2"


async def test_import_says_what_it_could_not_read(person: Person) -> None:
    await an_assistant(person)
    for arguments in ({"curl": "hello"}, {"openapi": "hello"}, {}, {"curl": CURL, "openapi": OPENAPI}):
        assert (await person.run("import_api_call", **arguments))["ok"] is False
    assert person.asked == []


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


async def test_secret_form_is_filled_with_the_hosts_of_the_calls_that_use_it(person: Person) -> None:
    await a_trigger(person)
    person.answer = {"cancelled": True}
    assert (await person.run("set_secret", name="$erp_token"))["cancelled"] is True
    [question] = person.asked
    assert (question.kind, question.form_kind) == ("form", "secret")
    assert question.prefill == {"name": "erp_token", "hosts": ["erp.example.com"], "set": False}
    assert question.schema["properties"].keys() == {"secret_name", "cancelled"}


async def test_only_the_name_of_a_secret_comes_back_from_its_form(person: Person) -> None:
    await a_secret(person)
    person.answer = {"secret_name": "erp_token"}
    result = await person.run("set_secret", name="erp_token", hosts=["ERP.example.com"])
    assert person.asked[0].prefill == {"name": "erp_token", "hosts": ["erp.example.com"], "set": True}
    assert result["secret"] == {"name": "erp_token", "hosts": ["erp.example.com"]}
    listed = await person.run("list_secrets")
    assert listed["secrets"] == [{"name": "erp_token", "hosts": ["erp.example.com"]}]
    assert "planted" not in json.dumps([result, listed])


async def test_form_that_saved_nothing_is_not_believed(person: Person) -> None:
    person.answer = {"secret_name": "erp_token"}
    assert (await person.run("set_secret", name="erp_token"))["ok"] is False
    await a_secret(person)
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    for answer in ({"secret_name": "other"}, {"secret_name": "erp_token", "asked_at": later}):
        person.answer = answer
        assert (await person.run("set_secret", name="erp_token"))["ok"] is False


@pytest.mark.parametrize("name", ["9lives", "a-b", "session", "images", ""])
async def test_secret_needs_a_name_that_templates_can_use(person: Person, name: str) -> None:
    assert (await person.run("set_secret", name=name))["ok"] is False
    assert person.asked == []


async def test_another_workspace_s_triggers_and_assistants_do_not_exist(person: Person) -> None:
    trigger = await a_trigger(person)
    person.workspace_id = "ws_2"
    for name in ("get_trigger", "delete_trigger", "test_trigger"):
        assert (await person.run(name, trigger_id=trigger.id))["ok"] is False
    assert (await person.run("edit_assistant", assistant_id=trigger.assistant_id, name="Mine"))["ok"] is False
    assert (await person.run("list_triggers"))["triggers"] == []
    assert (await person.run("list_calls"))["calls"] == []
    assert person.asked == []
