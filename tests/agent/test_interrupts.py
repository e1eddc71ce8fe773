import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from sqlalchemy import text

from agent import transcript
from agent.checkpoint import TurnSaver
from rules.errors import Conflict, InvalidInput, NotFound
from rules.webhook_spec import WebhookDraft, WebhookPatch
from store import conversations as store
from tests.agent.conftest import OWNER, House, collect
from tests.agent.scripted import call, calls


async def frozen(house: House) -> int:
    async with house.database.read() as connection:
        query = text("SELECT count(*) FROM interruptions WHERE checkpoint IS NOT NULL")
        return int((await connection.execute(query)).scalar_one())


async def test_form_saved_over_rest_is_reported_with_its_change(house: House) -> None:
    house.script(call("create_webhook", name="CRM"), AIMessage("I've created CRM. Shall I test it?"))
    reply = await house.say("set up a webhook")
    assert reply["interrupt"]["kind"] == "form"
    assert reply["interrupt"]["prefill"]["name"] == "CRM"
    created = await house.services.registry.create(
        house.workspace, WebhookDraft(name="CRM", url="https://example.com/in"), OWNER
    )
    after = await house.resume(reply, {"webhook_id": created.webhook.id})
    assert after["tool_calls"][0]["result"]["webhook"]["url"] == "https://example.com/in"
    assert after["changes"] == [created.change.id]
    assert after["interrupt"] is None


async def test_cancelled_form_changes_nothing(house: House) -> None:
    house.script(call("create_webhook"), AIMessage("No webhook was created."))
    reply = await house.say("set up a webhook")
    after = await house.resume(reply, {"cancelled": True})
    assert after["tool_calls"][0]["result"]["cancelled"] is True
    assert after["changes"] == []


async def test_form_prefill_takes_kind_and_filters_of_the_perspective(house: House) -> None:
    perspective = await house.services.perspectives.create(house.workspace, "Churn study", "interviewer")
    house.script(call("create_webhook", trust_score={"min": 70}), AIMessage("ok"))
    reply = await house.say("set one up for trust above 70", perspective_id=perspective["id"])
    prefill = reply["interrupt"]["prefill"]
    assert prefill["perspective_id"] == perspective["id"]
    assert prefill["profile"] == "perspective"
    assert prefill["trust_score"] == {"min": 70}
    assert "interview.completed" in prefill["event_filter"]["events"]


async def test_unknown_tag_is_refused_before_the_form_opens(house: House) -> None:
    perspective = await house.services.perspectives.create(house.workspace, "Churn study", "interviewer")
    house.script(call("create_webhook", tag_filter={"tags": ["pricng"]}), AIMessage("There is no such tag."))
    reply = await house.say("only pricng", perspective_id=perspective["id"])
    assert reply["interrupt"] is None
    assert "pricing" in reply["tool_calls"][0]["result"]["error"]


async def test_form_answer_must_name_a_webhook_of_this_workspace(house: House) -> None:
    house.script(call("create_webhook"), AIMessage("Nothing was created."))
    reply = await house.say("set up a webhook")
    foreign = (
        await house.services.registry.create("ws_2", WebhookDraft(name="X", url="https://example.com/x"), OWNER)
    ).webhook
    for wrong in ("wh_nothing", foreign.id):
        with pytest.raises(NotFound):
            await house.resume(reply, {"webhook_id": wrong})
    after = await house.resume(reply, {"cancelled": True})
    assert after["reply"] == "Nothing was created."


async def test_answer_that_does_not_fit_is_refused_and_the_question_stays(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id), AIMessage("It was kept."))
    reply = await house.say("delete it")
    for wrong in ({}, {"approved": "yes"}, {"approved": True, "more": 1}, {"webhook_id": webhook.id}):
        with pytest.raises(InvalidInput):
            await house.resume(reply, wrong)
    assert (await house.resume(reply, {"approved": False}))["reply"] == "It was kept."


async def test_second_answer_conflicts(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id), AIMessage("I deleted the CRM webhook."))
    reply = await house.say("delete it")
    await house.resume(reply, {"approved": True})
    with pytest.raises(Conflict):
        await house.resume(reply, {"approved": True})


async def test_two_answers_at_once_carry_it_out_once(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id), AIMessage("I deleted the CRM webhook."))
    reply = await house.say("delete it")
    results = await asyncio.gather(*(house.resume(reply, {"approved": True}) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, dict) for result in results) == 1
    assert all(isinstance(result, (dict, Conflict)) for result in results)


async def test_question_survives_a_restart_and_its_state_is_dropped_after(house: House) -> None:
    webhook = await house.webhook()
    house.script(
        calls(
            ("set_enabled", {"webhook_id": webhook.id, "enabled": False}),
            ("delete_webhook", {"webhook_id": webhook.id}),
        ),
        AIMessage("I deleted the CRM webhook."),
    )
    reply = await house.say("disable and delete it")
    assert await frozen(house) == 1
    house.restart()
    after = await house.resume(reply, {"approved": True})
    assert [made["name"] for made in after["tool_calls"]] == ["delete_webhook"]
    results = [message for message in house.model.seen[-1] if isinstance(message, ToolMessage)]
    assert len(results) == 2
    assert await frozen(house) == 0


async def test_other_message_dismisses_the_question_and_leaves_no_open_call(house: House) -> None:
    webhook = await house.webhook()
    house.script(
        calls(("delete_webhook", {"webhook_id": webhook.id}), ("list_webhooks", {})),
        AIMessage("There is one webhook."),
    )
    reply = await house.say("delete it and list them")
    after = await house.say("no wait, how many are there?", reply["conversation_id"])
    assert after["reply"] == "There is one webhook."
    assert await house.get(webhook.id)
    sent = house.model.seen[-1]
    asked = {made["id"] for message in sent if isinstance(message, AIMessage) for made in message.tool_calls}
    answered = {message.tool_call_id for message in sent if isinstance(message, ToolMessage)}
    assert asked == answered
    assert asked
    assert await frozen(house) == 0
    with pytest.raises(Conflict):
        await house.resume(reply, {"approved": True})
    shown = await transcript.show(house.database, house.workspace, reply["conversation_id"])
    assert {"dismissed": True} in [message.get("value") for message in shown["messages"]]


async def test_approval_holds_for_the_diff_that_was_shown_only(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("edit_webhook", webhook_id=webhook.id, url="https://new.example.com/"), AIMessage("Kept."))
    reply = await house.say("change the url")
    other = WebhookPatch(url="https://elsewhere.example.com/")
    await house.services.registry.update(house.workspace, webhook.id, other, OWNER)
    again = await house.resume(reply, {"approved": True})
    assert again["interrupt"]["diff"][0]["before"] == "https://elsewhere.example.com/"
    assert again["interrupt"]["id"] != reply["interrupt"]["id"]
    assert (await house.get(webhook.id)).url == "https://elsewhere.example.com/"
    await house.resume(again, {"approved": True})
    assert (await house.get(webhook.id)).url == "https://new.example.com/"


async def test_conversation_of_another_workspace_is_not_found(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id))
    reply = await house.say("delete it")
    with pytest.raises(NotFound):
        await house.assistant.resume("ws_2", reply["conversation_id"], reply["interrupt"]["id"], {"approved": True})
    with pytest.raises(NotFound):
        await house.assistant.say("ws_2", "hello", conversation_id=reply["conversation_id"])
    with pytest.raises(NotFound):
        await transcript.show(house.database, "ws_2", reply["conversation_id"])


async def test_transcript_shows_the_waiting_question_without_internals(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id))
    reply = await house.say("delete it")
    shown = await transcript.show(house.database, house.workspace, reply["conversation_id"])
    assert shown["interrupt"] == reply["interrupt"]
    assert not any(key.startswith("_") for key in shown["interrupt"])
    page = await transcript.index(house.database, house.workspace, limit=10, offset=0)
    assert page.items[0]["title"] == "delete it"


async def test_second_message_while_the_first_is_answered_conflicts(house: House) -> None:
    house.script(AIMessage("one"), AIMessage("two"))
    first = await house.say("hello")
    house.model.gate = asyncio.Event()
    running = await house.assistant.say(house.workspace, "a", conversation_id=first["conversation_id"])
    with pytest.raises(Conflict):
        await house.assistant.say(house.workspace, "b", conversation_id=first["conversation_id"])
    house.model.gate.set()
    assert (await collect(running))["reply"] == "two"


async def test_turn_goes_on_and_is_stored_when_nobody_listens_any_more(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("set_enabled", webhook_id=webhook.id, enabled=False), AIMessage("I've disabled CRM."))
    events = await house.assistant.say(house.workspace, "disable CRM")
    first = await anext(events)
    await events.aclose()  # type: ignore[attr-defined]
    await house.assistant.aclose()
    assert not (await house.get(webhook.id)).enabled
    shown = await transcript.show(house.database, house.workspace, first.conversation_id)
    assert shown["messages"][-1]["text"] == "I've disabled CRM."
    assert shown["answering"] is False


async def test_declined_call_is_not_run_even_if_it_would_no_longer_ask(house: House) -> None:
    webhook = await house.webhook(trust_score={"min": 80})
    house.script(call("set_trust_filter", webhook_id=webhook.id, min=50), AIMessage("It stays as it is."))
    reply = await house.say("trust at least 50")
    assert reply["interrupt"]["kind"] == "approval"
    other = WebhookPatch.model_validate({"trust_score": {"min": 10}})
    await house.services.registry.update(house.workspace, webhook.id, other, OWNER)
    after = await house.resume(reply, {"approved": False})
    assert after["tool_calls"][0]["result"]["declined"] is True
    assert ((await house.get(webhook.id)).trust_score or {})["min"] == 10


@pytest.mark.parametrize(("minutes", "free"), [(-1, True), (5, False)])
async def test_turn_of_a_dead_process_blocks_only_until_its_time_is_up(house: House, minutes: int, free: bool) -> None:  # noqa: FBT001
    house.script(AIMessage("one"), AIMessage("two"))
    first = await house.say("hello")
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    async with house.database.write() as connection:
        held = {"run_id": "run_dead", "run_until": until}
        await connection.execute(store.CONVERSATIONS.update().values(**held))
    if free:
        assert (await house.say("again", first["conversation_id"]))["reply"] == "two"
    else:
        with pytest.raises(Conflict):
            await house.say("again", first["conversation_id"])


async def test_frozen_turn_holds_plain_data_and_messages_only(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id))
    await house.say("delete it")
    async with house.database.read() as connection:
        blob = (await connection.execute(text("SELECT checkpoint FROM interruptions"))).scalar_one()
    saver = TurnSaver()
    saver.thaw("run_1", blob)
    assert saver.freeze("run_1") == blob
    assert b"TurnContext" not in blob
    assert b"agent." not in blob
    saver.forget("run_1")
    assert await saver.aget_tuple({"configurable": {"thread_id": "run_1"}}) is None


@pytest.mark.parametrize(("typed", "deleted"), [("yes", True), ("Go ahead!", True), ("no", False), ("Don’t.", False)])
async def test_typed_yes_or_no_answers_the_approval(house: House, typed: str, deleted: bool) -> None:  # noqa: FBT001
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id), AIMessage("That is settled."))
    reply = await house.say("delete it")
    after = await house.say(typed, reply["conversation_id"])
    assert after["tool_calls"][0]["result"]["ok"] is deleted
    assert (await house.services.registry.list(house.workspace)).total == (0 if deleted else 1)


async def test_typed_yes_fills_in_no_form_but_no_closes_it(house: House) -> None:
    house.script(
        call("create_webhook"), AIMessage("Please use the form."), call("create_webhook"), AIMessage("Closed.")
    )
    reply = await house.say("set one up")
    after = await house.say("yes", reply["conversation_id"])
    assert after["reply"] == "Please use the form."
    again = await house.say("set one up", reply["conversation_id"])
    assert again["interrupt"]["kind"] == "form"
    closed = await house.say("never mind", reply["conversation_id"])
    assert closed["tool_calls"][0]["result"]["cancelled"] is True


async def test_yes_with_a_condition_is_a_new_request(house: House) -> None:
    webhook = await house.webhook()
    house.script(call("delete_webhook", webhook_id=webhook.id), AIMessage("I kept it."))
    reply = await house.say("delete it")
    await house.say("yes, but tell me first what it does", reply["conversation_id"])
    assert await house.get(webhook.id)


async def test_conversation_follows_the_person_to_another_perspective(house: House) -> None:
    first = await house.services.perspectives.create(house.workspace, "First", "interviewer")
    second = await house.services.perspectives.create(house.workspace, "Second", "funnel")
    house.script(AIMessage("a"), AIMessage("b"), AIMessage("c"))
    reply = await house.say("hi", perspective_id=first["id"])
    await house.say("hi", reply["conversation_id"], perspective_id=second["id"])
    await house.say("hi", reply["conversation_id"])
    prompts = [messages[0].text for messages in house.model.seen]
    assert first["id"] in prompts[0]
    assert second["id"] in prompts[1]
    assert second["id"] in prompts[2]
