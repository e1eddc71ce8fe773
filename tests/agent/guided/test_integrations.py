"""Integrations by plain words, with the real tools, store and agent."""

from typing import Any

import pytest
from test_fuzz import NEGATIONS

from agent.guided.integrations import read
from agent.guided.memory import Memory
from rules.integration_spec import AssistantDraft, SecretDraft, TriggerDraft
from tests.agent.conftest import OWNER, House

CURL = """curl -X POST https://erp.example.com/orders/4711/notes \\
  -H 'Authorization: Bearer sk-verysecret99' \\
  -H 'Content-Type: application/json' -d '{"text": "Hello"}'"""
ORDER: dict[str, Any] = {
    "name": "get_order",
    "description": "Look an order up by its number.",
    "parameters": {
        "type": "object",
        "properties": {"order_number": {"type": "string", "description": "The order's number."}},
        "required": ["order_number"],
    },
    "integration": {
        "url": "https://erp.example.com/orders/$order_number",
        "headers": [{"key": "Authorization", "value": "Bearer $erp_token"}],
        "responseDirective": "Say when it arrives.",
    },
}


async def an_assistant(house: House, name: str = "Shop") -> str:
    return (await house.services.assistants.create("ws_1", AssistantDraft(name=name), OWNER)).assistant.id


async def get_order(house: House, **fields: Any) -> str:
    assistant_id = await an_assistant(house)
    draft = TriggerDraft.model_validate({**ORDER, **fields})
    return (await house.services.triggers.create("ws_1", assistant_id, draft, OWNER)).trigger.id


def names(reply: dict[str, Any]) -> list[str]:
    return [call["name"] for call in reply["tool_calls"]]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("list my assistants", "“Shop”, 1 API call"),
        ("which assistants are there?", "“Shop”"),
        ("list the api calls", "get_order → GET https://erp.example.com/orders/$order_number"),
        ("show me my triggers please", "get_order"),
        ("list my integrations", "get_order"),
        ("What API calls do we have?", "get_order"),
        ("list the triggers of the assistant Shop", "get_order"),
        ("what secrets are there", "erp_token: may be sent to erp.example.com"),
        ("show get_order", "$erp_token is a secret that may be sent to erp.example.com"),
        ("what does the get_order call do?", "With the response: Say when it arrives."),
        ("show the call log", "No calls have been made yet."),
        ("show the log of get_order", "No calls have been made yet."),
    ],
)
async def test_what_there_is_is_shown(guided: House, said: str, told: str):
    await get_order(guided)
    await guided.services.vault.put("ws_1", "erp_token", SecretDraft(value="planted", hosts=["erp.example.com"]))
    reply = await guided.say(said)
    assert told in reply["reply"]
    assert "planted" not in str(reply)
    assert reply["changes"] == []


async def test_empty_workspace_says_how_to_begin(guided: House):
    for said in ("list my assistants", "list my triggers", "what secrets are there?"):
        assert "yet" in (await guided.say(said))["reply"]


async def test_curl_line_makes_the_first_assistant_asks_and_leads_to_the_secret_and_a_test(guided: House):
    reply = await guided.say(f"add this: {CURL}")
    assert names(reply) == ["list_assistants", "create_assistant", "import_api_call"]
    assert reply["interrupt"]["kind"] == "approval"
    assert "verysecret" not in str(reply)
    reply = await guided.resume(reply, {"approved": True})
    [trigger] = (await guided.services.triggers.list("ws_1")).items
    assert f"“Assistant” can now make the call “{trigger.name}”" in reply["reply"]
    set_it = reply["suggestions"][0]
    assert set_it.startswith("Set the secret ")
    reply = await guided.say(set_it, reply["conversation_id"])
    assert (reply["interrupt"]["kind"], reply["interrupt"]["form"]) == ("form", "secret")
    name = reply["interrupt"]["prefill"]["name"]
    await guided.services.vault.put("ws_1", name, SecretDraft(value="planted", hosts=["erp.example.com"]))
    reply = await guided.resume(reply, {"secret_name": name})
    assert f"The secret {name} is stored" in reply["reply"]
    assert "planted" not in str(reply)


@pytest.mark.parametrize("pasted", [CURL, "curl -F file=@orders.csv https://erp.example.com/orders"])
async def test_assistant_that_was_made_for_a_call_that_was_not_is_told(guided: House, pasted: str):
    reply = await guided.say(f"add this: {pasted}")
    if reply["interrupt"]:
        reply = await guided.resume(reply, {"approved": False})
    assert (await guided.services.assistants.list("ws_1")).total == 1
    assert "The assistant “Assistant” was made for it and stays, without an API call." in reply["reply"]
    assert "othing was changed" not in reply["reply"]
    reply = await guided.say(reply["suggestions"][0], reply["conversation_id"])
    await guided.resume(reply, {"approved": True})
    assert (await guided.services.assistants.list("ws_1")).total == 0


async def test_call_that_was_declined_for_an_assistant_that_was_there_changes_nothing(guided: House):
    await an_assistant(guided)
    reply = await guided.resume(await guided.say(CURL), {"approved": False})
    assert reply["reply"] == "You declined, so nothing was changed."


async def test_call_for_one_of_several_assistants_is_asked_about(guided: House):
    await an_assistant(guided, "Shop")
    desk = await an_assistant(guided, "Help desk")
    reply = await guided.say(CURL)
    assert "Which assistant" in reply["reply"]
    assert reply["suggestions"] == ["Shop", "Help desk"]
    reply = await guided.say("Help desk", reply["conversation_id"])
    assert reply["interrupt"]["title"] == "Let “Help desk” call an API"
    await guided.resume(reply, {"approved": True})
    assert (await guided.services.triggers.list("ws_1", desk)).total == 1


async def test_openapi_document_is_read_from_the_chat(guided: House):
    await an_assistant(guided)
    document = (
        "openapi: 3.0.3\ninfo: {title: Shop, version: '1'}\nservers: [{url: 'https://shop.example.com'}]\n"
        "paths:\n  /orders:\n    get:\n      operationId: list_orders\n      summary: List orders.\n"
        "      responses: {'200': {description: ok}}\n"
    )
    reply = await guided.say(f"import this openapi document:\n{document}")
    assert reply["interrupt"]["kind"] == "approval"
    reply = await guided.resume(reply, {"approved": True})
    assert "“list_orders”" in reply["reply"]
    reply = await guided.say("undo that", reply["conversation_id"])
    assert "delete this trigger" in reply["interrupt"]["title"]
    reply = await guided.resume(reply, {"approved": True})
    assert "“list_orders” is gone again" in reply["reply"]


async def test_call_is_tried_with_the_arguments_that_were_said(guided: House):
    await get_order(guided)
    guided.endpoint.body = b'{"status": "sent"}'
    reply = await guided.say("test the get_order call with order_number 1042")
    assert "answered HTTP 200" in reply["reply"]
    assert "sent" in reply["reply"]
    assert [url for url, _, _ in guided.endpoint.requests] == ["https://erp.example.com/orders/1042"]


async def test_dry_run_sends_nothing(guided: House):
    await get_order(guided)
    reply = await guided.say("dry run get_order with order number 1042")
    assert "would send GET https://erp.example.com/orders/1042" in reply["reply"]
    assert guided.endpoint.requests == []


async def test_missing_argument_is_asked_for(guided: House):
    await get_order(guided)
    reply = await guided.say("test the get_order call")
    assert "Which order number?" in reply["reply"]
    assert guided.endpoint.requests == []
    await guided.say("A-77", reply["conversation_id"])
    assert [url for url, _, _ in guided.endpoint.requests] == ["https://erp.example.com/orders/A-77"]


async def test_call_that_writes_shows_its_request_first(guided: House):
    await get_order(guided, integration={**ORDER["integration"], "method": "DELETE"})
    reply = await guided.say("test get_order with order_number 7")
    assert reply["interrupt"]["kind"] == "approval"
    reply = await guided.resume(reply, {"approved": False})
    assert "nothing was sent" in reply["reply"]
    assert guided.endpoint.requests == []


async def test_call_is_deleted_after_a_yes_and_comes_back_by_undo(guided: House):
    trigger_id = await get_order(guided)
    reply = await guided.say("delete the get_order call")
    assert reply["interrupt"]["title"] == "Delete “get_order”"
    reply = await guided.resume(reply, {"approved": True})
    assert "“get_order” is deleted" in reply["reply"]
    reply = await guided.say("undo", reply["conversation_id"])
    reply = await guided.resume(reply, {"approved": True})
    assert "“get_order” is back" in reply["reply"]
    assert (await guided.services.triggers.get("ws_1", trigger_id)).name == "get_order"


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ("rename get_order to look_up_order", "name", "look_up_order"),
        ("change the description of the get_order call to Find an order", "description", "Find an order"),
    ],
)
async def test_call_is_edited_in_a_sentence(guided: House, said: str, field: str, value: str):
    trigger_id = await get_order(guided)
    reply = await guided.say(said)
    assert value in reply["reply"]
    assert getattr(await guided.services.triggers.get("ws_1", trigger_id), field) == value
    await guided.say("undo that", reply["conversation_id"])
    assert getattr(await guided.services.triggers.get("ws_1", trigger_id), field) == ORDER[field]


async def test_new_url_of_a_call_asks(guided: House):
    await get_order(guided)
    reply = await guided.say("change the url of get_order to https://erp.example.com/v2/$order_number")
    assert reply["interrupt"]["title"] == "Change the URL of “get_order”"


async def test_it_is_the_call_that_was_just_spoken_of_and_never_a_webhook(guided: House):
    webhook = await guided.webhook(name="CRM")
    await get_order(guided)
    thread = (await guided.say("show get_order"))["conversation_id"]
    reply = await guided.say("delete it", thread)
    assert reply["interrupt"]["title"] == "Delete “get_order”"
    await guided.resume(reply, {"approved": False})
    for said in ("disable it", "pause this", "only send it when trust is at least 70"):
        reply = await guided.say(said, thread)
        assert reply["changes"] == []
        assert "API call" in reply["reply"]
    assert await guided.get(webhook.id) == webhook


async def test_unknown_call_is_named_with_the_nearest(guided: House):
    await get_order(guided)
    reply = await guided.say("delete the get_ordr call")
    assert reply["suggestions"] == ["Delete the get_order call"]
    assert reply["interrupt"] is None


async def test_value_typed_for_a_secret_is_not_used(guided: House):
    reply = await guided.say("set the secret erp_token to abc123verysecret")
    assert reply["interrupt"]["form"] == "secret"
    assert "verysecret" not in str(reply)


@pytest.mark.parametrize(
    "said",
    [
        "don't delete the get_order call",
        "should I delete the get_order call?",
        "delete the get_order call?",
        "what happens if I delete get_order?",
        "he said to delete get_order",
        "delete the get_order call tomorrow",
        "if it fails, delete the get_order call",
        '"delete the get_order call"',
        "test the get_order call and delete everything",
        "delete the get_order call, never mind",
        f"don't add this: {CURL}",
        "create an assistant?",
        "how do I set the secret erp_token?",
        "never test get_order with order_number 7",
    ],
)
async def test_what_is_no_plain_wish_changes_and_sends_nothing(guided: House, said: str):
    trigger_id = await get_order(guided)
    reply = await guided.say(said)
    assert reply["interrupt"] is None
    assert reply["changes"] == []
    assert guided.endpoint.requests == []
    assert (await guided.services.triggers.get("ws_1", trigger_id)).name == "get_order"


WISHES = (
    "delete the get_order call",
    "delete it",
    "test get_order with order_number 7",
    "set the secret erp_token",
    "create an assistant called Bob",
    "delete the assistant Bob",
    "rename get_order to find_order",
    "change the url of get_order to https://x.example.com/y",
    "change the method of get_order to delete",
    "add this: curl https://x.example.com/orders",
    "add this to Shop helper: curl https://x.example.com/orders",
    "make get_order ask first",
    "ask before calling get_order",
    "stop asking before get_order",
)


@pytest.mark.parametrize("frame", [frame for frame in NEGATIONS if frame != "{} tomorrow"])
def test_negated_hypothetical_and_quoted_wishes_are_none(frame: str):
    memory = Memory(triggers={"trg_1": {"id": "trg_1", "name": "get_order"}}, trigger="trg_1")
    for wish in WISHES:
        assert read(wish, memory) is not None
        assert read(frame.format(wish), memory) is None, frame.format(wish)


@pytest.mark.parametrize("wish", [wish for wish in WISHES if "curl" not in wish])
def test_wish_for_later_is_none(wish: str):
    memory = Memory(triggers={"trg_1": {"id": "trg_1", "name": "get_order"}}, trigger="trg_1")
    assert read(f"{wish} tomorrow", memory) is None


@pytest.mark.parametrize(
    "said",
    ["test the webhook", "show wh_1", "delete CRM", "call this webhook Sales", "rotate the secret", "show page_view",
     "list the webhooks", "replace the api key", "run a test", "delete it", "test it", "show the last deliveries"],
)  # fmt: skip
def test_what_is_about_webhooks_is_not_read_as_an_api_call(said: str):
    assert read(said, Memory()) is None
