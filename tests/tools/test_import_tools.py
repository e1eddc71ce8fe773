"""The tool that makes triggers of a curl line or an OpenAPI document."""

import json

from tests.tools.conftest import Person
from tests.tools.orders import NO, YES, a_trigger, an_assistant

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
