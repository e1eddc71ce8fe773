"""Answers to our own questions about API calls, and questions about the call that was just made."""

import json
from typing import Any

import pytest
from test_integrations import an_assistant, get_order, names

from rules.integration_spec import SecretDraft, TriggerDraft
from tests.agent.conftest import OWNER, House

NOTE: dict[str, Any] = {
    "name": "create_order_note",
    "description": "Writes a note on an order.",
    "parameters": {
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "description": "The number on the receipt."},
            "reason": {"type": "string"},
            "urgent": {"type": "boolean"},
        },
        "required": ["order_id", "reason"],
    },
    "integration": {"url": "https://erp.example.com/orders/$order_id/notes?r=$reason", "method": "GET"},
}


async def order_note(house: House, **fields: Any) -> str:
    assistant_id = await an_assistant(house, "Shop helper")
    draft = TriggerDraft.model_validate({**NOTE, **fields})
    return (await house.services.triggers.create("ws_1", assistant_id, draft, OWNER)).trigger.id


async def talk(house: House, *lines: str) -> dict[str, Any]:
    reply: dict[str, Any] = {"conversation_id": None}
    for line in lines:
        reply = await house.say(line, reply["conversation_id"])
    return reply


def sent(house: House) -> list[str]:
    return [url for url, _, _ in house.endpoint.requests]


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        (["order id is 1042, reason broken"], "1042/notes?r=broken"),
        (["order_id: 1042, reason: it came late"], "1042/notes?r=it%20came%20late"),
        (["it's 1042", "broken"], "1042/notes?r=broken"),
        (["1042", "remove it from the list, please"], "1042/notes?r=remove%20it%20from%20the%20list"),
        (["what do you need?", "A-77", "the reason is rain"], "A-77/notes?r=rain"),
        (["yes", "order id 5512 and reason is a broken zip"], "5512/notes?r=a%20broken%20zip"),
    ],
)
async def test_an_answer_to_our_question_is_read_as_that_answer(guided: House, lines: list[str], url: str):
    await order_note(guided)
    reply = await talk(guided, "test create_order_note", *lines)
    assert sent(guided) == [f"https://erp.example.com/orders/{url}"]
    assert "webhook" not in reply["reply"]


async def test_a_question_back_is_answered_with_what_the_argument_is(guided: House):
    await order_note(guided)
    reply = await talk(guided, "test create_order_note", "why?")
    assert "order_id (The number on the receipt)" in reply["reply"]
    assert "Which order id?" in reply["reply"]


@pytest.mark.parametrize("said", ["never mind", "no", "list the webhooks", "delete the webhook", "undo", "thanks"])
async def test_what_is_no_answer_is_not_sent(guided: House, said: str):
    await order_note(guided)
    await talk(guided, "test create_order_note", said)
    assert sent(guided) == []


@pytest.mark.parametrize(
    "said",
    [
        "why did the last call fail?",
        "what went wrong?",
        "Why did it fail?",
        "what happened?",
        "did it work?",
        "any errors?",
    ],
)
async def test_a_question_right_after_a_call_is_about_the_call(guided: House, said: str):
    await guided.webhook(name="CRM")
    await get_order(guided)
    guided.endpoint.status = 401
    reply = await talk(guided, "test get_order with order_number 1042", said)
    assert names(reply)[-1] == "list_calls"
    assert "“get_order”" in reply["reply"]
    assert "answered HTTP 401: the credentials were refused" in reply["reply"]


async def test_the_last_call_is_explained_in_a_fresh_conversation(guided: House):
    await get_order(guided)
    assert "No call" in (await talk(guided, "why did the last call fail?"))["reply"]
    guided.endpoint.status = 503
    await talk(guided, "test get_order with order_number 1042")
    assert "HTTP 503: the other side failed" in (await talk(guided, "why did the last api call fail?"))["reply"]


async def test_try_again_after_a_call_is_about_the_call(guided: House):
    await get_order(guided)
    reply = await talk(guided, "test get_order with order_number 1", "try again")
    assert "“get_order” needs order_number" in reply["reply"]
    await guided.say("2", reply["conversation_id"])
    await guided.say("test it again with order_number 3", reply["conversation_id"])
    assert [url.rpartition("/")[2] for url in sent(guided)] == ["1", "2", "3"]


async def test_after_a_webhook_was_spoken_of_the_question_is_about_it(guided: House):
    await guided.webhook(name="CRM")
    await get_order(guided)
    reply = await talk(guided, "test get_order with order_number 1", "show CRM", "what went wrong?")
    assert "list_calls" not in names(reply)


@pytest.mark.parametrize(
    "said",
    [
        "add this: curl https://a.example.com/orders/1042 to Shop helper",
        "add this: curl https://a.example.com/orders/1042 to the assistant “shop helper” please",
        "add this to Shop helper: curl https://a.example.com/orders/1042",
        "import this for the Shop helper assistant: curl https://a.example.com/orders/1042",
    ],
)
async def test_the_assistant_that_is_named_gets_the_call(guided: House, said: str):
    await an_assistant(guided, "Shop")
    await an_assistant(guided, "Shop helper")
    reply = await talk(guided, said)
    assert reply["interrupt"]["title"] == "Let “Shop helper” call an API"
    assert "https://a.example.com/orders/$order_id" in json.dumps(reply["interrupt"]["diff"])


@pytest.mark.parametrize(
    "said", ["2", "the second one", "to Shop helper", "helper", "the shop helper assistant please"]
)
async def test_an_unknown_assistant_is_asked_about_and_the_answer_is_understood(guided: House, said: str):
    await an_assistant(guided, "Shop")
    await an_assistant(guided, "Shop helper")
    asked = await talk(guided, "add this to Shopp: curl https://a.example.com/orders/1042")
    assert asked["reply"] == (
        "There is no assistant called “Shopp”. Which assistant is it for: 1. Shop; 2. Shop helper?"
    )
    reply = await guided.say(said, asked["conversation_id"])
    assert reply["interrupt"]["title"] == "Let “Shop helper” call an API"


@pytest.mark.parametrize(
    "said", ["make create_order_note ask first", "please make the create_order_note call ask the customer first",
             "ask before calling create_order_note", "turn on confirmation for create_order_note"],
)  # fmt: skip
async def test_a_call_is_made_to_ask_first_and_no_longer(guided: House, said: str):
    trigger_id = await order_note(guided)
    reply = await talk(guided, said)
    assert (await guided.services.triggers.get("ws_1", trigger_id)).confirm
    reply = await guided.say("make it not ask first", reply["conversation_id"])
    assert reply["interrupt"]["kind"] == "approval"


@pytest.mark.parametrize(
    "said", ["which API calls does Shop helper have", "what calls can the assistant Shop helper make?"]
)
async def test_the_calls_of_one_assistant_are_listed(guided: House, said: str):
    await get_order(guided)
    assert "“Shop helper” has no API calls" in (await _with_helper(guided, said))["reply"]
    await order_note(guided)
    reply = await talk(guided, "which API calls does Shop helper 2 have")
    assert "There is no assistant" in reply["reply"]


async def _with_helper(house: House, said: str) -> dict[str, Any]:
    await an_assistant(house, "Shop helper")
    return await talk(house, said)


async def test_the_only_call_with_the_words_is_tried(guided: House):
    await get_order(guided)
    await talk(guided, "test the order call with order_number 1042")
    assert sent(guided) == ["https://erp.example.com/orders/1042"]


@pytest.mark.parametrize("answers", [["1"], ["get_order"], ["the get_order one"], ["y", "1"], ["the first one"]])
async def test_which_of_several_calls_is_meant_is_asked_and_what_was_said_with_it_is_kept(
    guided: House, answers: list[str]
):
    await get_order(guided)
    await order_note(guided)
    asked = await talk(guided, "test the order call with order_number 1042")
    assert "Which one do you mean: 1. get_order; 2. create_order_note?" in asked["reply"]
    assert asked["suggestions"][0] == "Test the get_order call with order_number 1042"
    await talk(guided, "test the order call with order_number 1042", *answers)
    assert sent(guided) == ["https://erp.example.com/orders/1042"]


async def test_a_yes_takes_the_only_call_that_was_offered(guided: House):
    await get_order(guided)
    reply = await talk(guided, "test the get_ordr call with order_number 7", "y")
    assert "answered HTTP 200" in reply["reply"]


async def test_deleting_by_a_word_of_the_name_is_asked_about(guided: House):
    await get_order(guided)
    reply = await talk(guided, "delete the order call")
    assert reply["interrupt"] is None
    assert reply["suggestions"] == ["Delete the get_order call"]


async def test_undo_in_a_fresh_conversation_says_whose_change_it_is_and_asks(guided: House):
    trigger_id = await get_order(guided)
    await guided.services.triggers.get("ws_1", trigger_id)
    asked = await talk(guided, "undo")
    assert asked["interrupt"] is None
    assert "I changed nothing in this conversation" in asked["reply"]
    assert "created “get_order” · with an API key · 20" in asked["reply"]
    assert "left everything as it was" in (await talk(guided, "undo", "n"))["reply"]
    reply = await guided.say("yes", asked["conversation_id"])
    assert reply["interrupt"]["title"] == "Undo the creation: delete this trigger"


async def test_a_secret_that_is_set_is_not_offered_to_be_set(guided: House):
    await get_order(guided)
    await guided.services.vault.put("ws_1", "erp_token", SecretDraft(value="planted", hosts=["erp.example.com"]))
    for said in ("what secrets are there?", "show get_order"):
        assert not [one for one in (await talk(guided, said))["suggestions"] if "ecret" in one]
