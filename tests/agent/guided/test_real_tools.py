"""The guided model in the real agent: real graph, tools, registry and database."""

from agent.assistant import Assistant
from agent.guided.model import GuidedModel
from tests.agent.conftest import House, collect
from tools.catalogue import toolbox


async def guided(house: House) -> str:
    """Give the house a guided assistant and a perspective; returns the perspective's id."""
    house.assistant = Assistant(house.database, toolbox(house.services), GuidedModel)
    perspective = await house.services.perspectives.create(house.workspace, "Churn study", "interviewer")
    return str(perspective["id"])


async def test_a02_set_up_by_chat_opens_the_form_and_reports_what_was_saved(house: House):
    perspective_id = await guided(house)
    reply = await house.say("set up a webhook on this perspective", perspective_id=perspective_id)
    assert reply["interrupt"]["kind"] == "form"
    assert reply["interrupt"]["prefill"]["perspective_id"] == perspective_id
    saved = await house.webhook(name="CRM", perspective_id=perspective_id)
    after = await house.resume(reply, {"webhook_id": saved.id})
    assert "“CRM”" in after["reply"]
    assert 'Test "CRM"' in after["suggestions"]
    tested = await house.say("now test it", after["conversation_id"])
    assert tested["tool_calls"][0]["name"] == "test_webhook"
    assert "passed" in tested["reply"]


async def test_a03_the_pencil_s_form_opens_for_a_secret_typed_into_the_chat(house: House):
    await guided(house)
    await house.webhook(name="CRM")
    reply = await house.say("set the auth header of CRM to Bearer sk-verysecret99")
    assert reply["interrupt"]["kind"] == "form"
    assert "verysecret" not in str(reply)


async def test_a07_trust_filter_by_talk_follows_and_widening_is_approved(house: House):
    await guided(house)
    webhook = await house.webhook(name="CRM")
    reply = await house.say("only when trust is at least 70")
    assert (await house.get(webhook.id)).trust_score == {"min": 70, "max": None}
    reply = await house.say("make that 60", reply["conversation_id"])
    assert reply["interrupt"]["kind"] == "approval"
    assert (await house.get(webhook.id)).trust_score == {"min": 70, "max": None}
    reply = await house.resume(reply, {"approved": True})
    assert "at least 70 → at least 60" in reply["reply"]
    reply = await house.say("undo that", reply["conversation_id"])
    assert "Undone" in reply["reply"]
    assert (await house.get(webhook.id)).trust_score == {"min": 70, "max": None}


async def test_x02_the_change_list_names_the_webhook_what_changed_and_who_did_it(house: House):
    await guided(house)
    await house.webhook(name="CRM")
    reply = await house.say("only when trust is at least 70")
    told = (await house.say("what did you change?", reply["conversation_id"]))["reply"]
    assert "1. changed “CRM” · trust score no trust filter → at least 70 · by the assistant · 20" in told
    assert "2. created “CRM” · " in told


async def test_a08_an_unknown_tag_is_refused_with_the_near_one(house: House):
    perspective_id = await guided(house)
    webhook = await house.webhook(name="CRM", perspective_id=perspective_id)
    reply = await house.say("only with the tag pricng", perspective_id=perspective_id)
    assert reply["suggestions"][0] == 'Only send conversations with the tag "pricing" to "CRM"'
    await house.say(reply["suggestions"][0], reply["conversation_id"])
    assert (await house.get(webhook.id)).tag_filter == {"match": "any", "tags": ["pricing"]}


async def test_two_steps_with_an_approval_in_the_middle_are_both_done_and_reported(house: House):
    await guided(house)
    first, second = await house.webhook(name="CRM"), await house.webhook(name="Orders")
    reply = await house.say("delete Orders and disable CRM")
    assert reply["interrupt"]["kind"] == "approval"
    reply = await house.resume(reply, {"approved": True})
    assert not (await house.get(first.id)).enabled
    assert "“Orders” is deleted" in reply["reply"]
    assert "“CRM”: state enabled → disabled" in reply["reply"]
    assert second.id


async def test_a10_fix_it_explains_and_opens_the_form_when_told(house: House):
    await guided(house)
    webhook = await house.webhook(name="CRM")
    reply = await collect(await house.assistant.fix(house.workspace, webhook.id))
    assert "unauthorized" in reply["reply"]
    assert reply["tool_calls"] == []
    reply = await house.say("apply fix 1", reply["conversation_id"])
    assert reply["interrupt"]["kind"] == "form"
