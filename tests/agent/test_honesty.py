import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agent.claims import unbacked
from agent.honesty import HONEST, NO_ANSWER
from tests.agent.conftest import House
from tests.agent.scripted import call


async def test_claim_without_a_deed_is_corrected_by_the_model(house: House) -> None:
    webhook = await house.webhook()
    house.script(
        AIMessage("Sure. I've disabled the webhook."),
        call("set_enabled", webhook_id=webhook.id, enabled=False),
        AIMessage("I've disabled CRM."),
    )
    reply = await house.say("disable CRM")
    assert "disabled CRM" in reply["reply"]
    assert "I've disabled the webhook" not in reply["reply"]
    assert not (await house.get(webhook.id)).enabled
    correction = house.model.seen[1][-1]
    assert isinstance(correction, HumanMessage)
    assert "I've disabled the webhook." in correction.text


async def test_stubborn_claim_is_replaced_by_an_honest_sentence(house: House) -> None:
    house.script(AIMessage("Done! Deleted."), AIMessage("It has been deleted."))
    assert (await house.say("delete it"))["reply"] == HONEST


async def test_claim_is_not_backed_by_a_refused_call(house: House) -> None:
    house.script(
        call("set_enabled", webhook_id="wh_none", enabled=False),
        AIMessage("The webhook has now been disabled. I've disabled it."),
        AIMessage("There is no such webhook, so nothing was disabled."),
    )
    assert (await house.say("disable it"))["reply"] == "There is no such webhook, so nothing was disabled."


async def test_claim_after_a_declined_approval_is_caught(house: House) -> None:
    webhook = await house.webhook()
    house.script(
        call("delete_webhook", webhook_id=webhook.id),
        AIMessage("I've deleted the webhook."),
        AIMessage("You declined, so CRM stays."),
    )
    reply = await house.say("delete it")
    after = await house.resume(reply, {"approved": False})
    assert after["reply"] == "You declined, so CRM stays."


async def test_claim_beside_a_call_is_left_out(house: House) -> None:
    webhook = await house.webhook()
    premature = call("set_enabled", webhook_id=webhook.id, enabled=False)
    premature.content = "I've disabled it."
    house.script(premature, AIMessage("CRM is disabled now."))
    assert (await house.say("disable"))["reply"] == "CRM is disabled now."


async def test_later_turn_may_speak_of_an_earlier_deed(house: House) -> None:
    webhook = await house.webhook()
    house.script(
        call("set_enabled", webhook_id=webhook.id, enabled=False),
        AIMessage("I've disabled CRM."),
        AIMessage("Yes, I already disabled it earlier."),
    )
    reply = await house.say("disable it")
    after = await house.say("did you?", reply["conversation_id"])
    assert after["reply"] == "Yes, I already disabled it earlier."


async def test_empty_answer_becomes_a_sentence(house: House) -> None:
    house.script(AIMessage(""))
    assert (await house.say("hm"))["reply"] == NO_ANSWER


@pytest.mark.parametrize(
    "sentence",
    [
        "I've deleted the webhook.",
        "I have now updated the trust filter to 80; you can undo it.",
        "Done!",
        "All done.",
        "Deleted.",
        "Successfully deleted **CRM**.",
        "The webhook CRM has been disabled.",
        "The webhook is now enabled.",
        "Sure! I just tested the webhook.",
        "I resent the delivery.",
        "Ich habe den Webhook gelöscht.",
        "J'ai supprimé le webhook.",
        "He desactivado el webhook.",
    ],
)
def test_claims_are_found(sentence: str) -> None:
    assert unbacked(sentence, set()) == sentence or unbacked(sentence, set())
    assert unbacked(sentence, {"delete_webhook", "set_enabled", "test_webhook", "retry_delivery"}) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Nothing has been changed.",
        "It is disabled.",
        "Shall I delete it?",
        "Once you've saved the form, it goes live.",
        "You can delete it at any time.",
        "I was not able to delete it.",
        "I haven't updated anything.",
        "The webhook was created on Monday.",
        "Disabled webhooks deliver nothing.",
        "Enabled: yes",
        "If you approve, the webhook is deleted.",
        "An edited URL asks for approval.",
    ],
)
def test_honest_sentences_pass(sentence: str) -> None:
    assert unbacked(sentence, set()) is None


def test_disabling_does_not_stand_behind_deleting() -> None:
    assert unbacked("I've deleted the webhook.", {"set_enabled"})
    assert unbacked("I've deleted the tag filter.", {"set_tag_filter"}) is None
