"""What only we do, rows X02, X03 and X04: changes with a diff and an undo, computed diagnosis, published signatures."""

from typing import Any

import pytest
import standardwebhooks
import svix.webhooks

from tests.acceptance.talk import Talk
from tests.serving import Api, Receiver


async def changes(api: Api) -> list[dict[str, Any]]:
    return (await api.get("/v1/changes"))["items"]


async def test_x02_a_harmless_change_is_made_at_once_with_its_diff_recorded_and_undone(api: Api):
    perspective = await api.perspective()
    webhook = await api.webhook("http://127.0.0.1:9/", perspective_id=perspective)
    talk = Talk(api, perspective)
    await talk.say("only when trust is at least 70")
    diff = [{"field": "trust_score", "before": None, "after": {"min": 70, "max": None}}]
    assert talk.result("set_trust_filter")["changed"] == diff
    [change, created] = await changes(api)
    assert talk.reply["changes"] == [change["id"]]
    assert change["actor"] == f"assistant:{talk.conversation}"
    assert (change["action"], change["diff"], change["undoable"]) == ("update", diff, True)
    assert (created["action"], created["actor"].split(":")[0]) == ("create", "api_key")
    await talk.say("undo that")
    assert talk.asked["diff"] == [{"field": "trust_score", "before": {"min": 70, "max": None}, "after": None}]
    await talk.answer(approved=True)
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["trust_score"] is None
    [undo, undone, _] = await changes(api)
    assert (undo["action"], undone["undoable"]) == ("undo", False)
    assert (undo["before"], undo["after"]) == ({"trust_score": {"min": 70, "max": None}}, {"trust_score": None})


ASKING = {
    "delete it": ("webhook", None),
    "change the url to http://127.0.0.1:9/new": ("url", "http://127.0.0.1:9/new"),
    "remove the trust filter": ("trust_score", None),
    "remove the tag filter": ("tag_filter", None),
}


@pytest.mark.parametrize("wording", ASKING)
async def test_x02_what_destroys_or_widens_shows_a_diff_and_waits_for_approval(api: Api, wording: str):
    perspective = await api.perspective()
    filters = {"trust_score": {"min": 70}, "tag_filter": {"tags": ["pricing"]}}
    webhook = await api.webhook("http://127.0.0.1:9/", perspective_id=perspective, **filters)
    before = await api.get(f"/v1/webhooks/{webhook['id']}")
    field, after = ASKING[wording]
    talk = Talk(api, perspective)

    await talk.say(wording)
    assert talk.asked["kind"] == "approval"
    [entry] = talk.asked["diff"]
    assert (entry["field"], entry["after"]) == (field, after)
    assert entry["before"]
    assert (await api.get(f"/v1/webhooks/{webhook['id']}")) == before

    assert "nothing was changed" in await talk.answer(approved=False)
    assert len(await changes(api)) == 1
    assert (await api.get(f"/v1/webhooks/{webhook['id']}")) == before

    await talk.say(wording)
    await talk.answer(approved=True)
    [change, _] = await changes(api)
    assert talk.reply["changes"] == [change["id"]]
    undone = await api.post(f"/v1/changes/{change['id']}/undo")
    moving = ("updated_at",)
    assert {k: v for k, v in undone["webhook"].items() if k not in moving} == {
        k: v for k, v in before.items() if k not in moving
    }


async def test_x02_an_answer_counts_once_and_a_new_message_dismisses_the_question(api: Api):
    perspective = await api.perspective()
    webhook = await api.webhook("http://127.0.0.1:9/", perspective_id=perspective)
    talk = Talk(api, perspective)
    await talk.say("delete it")
    path, asked = f"/v1/chat/{talk.conversation}/resume", talk.asked["id"]
    for value in ({}, {"approved": "yes"}, {"approved": True, "extra": 1}, {"webhook_id": webhook["id"]}):
        errors = await api.refused("POST", path, {"interrupt_id": asked, "value": value})
        assert {error["field"].split(".")[0] for error in errors} == {"value"}
    await talk.say("list the webhooks")
    await api.refused("POST", path, {"interrupt_id": asked, "value": {"approved": True}}, 409)
    assert (await api.get("/v1/webhooks"))["total"] == 1
    await talk.say("delete it")
    asked = talk.asked["id"]
    await talk.answer(approved=True)
    await api.refused("POST", path, {"interrupt_id": asked, "value": {"approved": True}}, 409)
    assert (await api.get("/v1/webhooks"))["total"] == 0


async def test_x02_undo_is_refused_when_the_field_changed_again(api: Api):
    webhook = await api.webhook("http://127.0.0.1:9/")
    path = f"/v1/webhooks/{webhook['id']}"
    first = (await api.patch(path, {"name": "Second"}))["change_id"]
    await api.patch(path, {"name": "Third"})
    await api.refused("POST", f"/v1/changes/{first}/undo", {}, 409)
    assert (await api.get(path))["name"] == "Third"
    assert (await api.patch(path, {"name": "Third"}))["change_id"] is None


async def test_x02_undo_of_a_setting_is_refused_while_the_webhook_is_deleted(api: Api):
    webhook = await api.webhook("http://127.0.0.1:9/")
    path = f"/v1/webhooks/{webhook['id']}"
    renamed = (await api.patch(path, {"name": "Second"}))["change_id"]
    await api.client.delete(path)
    await api.refused("POST", f"/v1/changes/{renamed}/undo", {}, 409)
    [deletion, _, _] = await changes(api)
    await api.post(f"/v1/changes/{deletion['id']}/undo")
    await api.post(f"/v1/changes/{renamed}/undo")
    assert (await api.get(path))["name"] == webhook["name"]


async def test_x02_a_secret_that_changed_is_called_replaced_and_undo_brings_the_old_one_back(
    api: Api, receiver: Receiver, endpoint: str
):
    webhook = await api.webhook(endpoint, auth_header={"name": "X-Key", "value": "planted-old"})
    path = f"/v1/webhooks/{webhook['id']}"
    change = await api.patch(path, {"auth_header": {"name": "X-Key", "value": "planted-new"}})
    [recorded, _] = await changes(api)
    assert recorded["after"] == {"auth_header": {"name": "X-Key", "set": True, "replaced": True}}
    await api.post(f"{path}/test")
    await api.post(f"/v1/changes/{change['change_id']}/undo")
    await api.post(f"{path}/test")
    assert [received.headers["x-key"] for received in receiver.received] == ["planted-new", "planted-old"]
    assert "planted" not in str(await changes(api))


async def test_x03_diagnosis_holds_cause_evidence_fix_and_a_staged_probe(api: Api, receiver: Receiver, endpoint: str):
    receiver.status = 503
    webhook = await api.webhook(endpoint, retry={"max_retries": 0}, trust_score={"min": 70})
    await api.event("interview.completed", {"trust_score": 90})
    await api.event("interview.completed", {"trust_score": 10})
    await api.webhook_until(webhook["id"], lambda found: found["state"] == "failing")
    found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis")
    assert found["cause"] == "server_error"
    assert found["summary"]
    evidence = {item["kind"]: item["text"] for item in found["evidence"]}
    assert "HTTP 503" in evidence["attempts"]
    assert "probe" in evidence
    assert all(fix["text"] for fix in found["fixes"])
    probe = found["probe"]
    assert probe.keys() == {"dns", "tcp", "tls", "http"}
    assert (probe["dns"]["ok"], probe["tcp"]["ok"], probe["tls"]) == (True, True, None)
    assert len(receiver.received) == 2, "a probe delivers nothing: it is an OPTIONS request"


async def test_x03_a_fix_can_be_applied_as_it_is(api: Api, endpoint: str, receiver: Receiver):
    webhook = await api.webhook(endpoint, enabled=False)
    path = f"/v1/webhooks/{webhook['id']}"
    found = await api.get(f"{path}/diagnosis")
    assert found["cause"] == "disabled"
    [patch] = [fix["change"]["patch"] for fix in found["fixes"] if "patch" in (fix.get("change") or {})]
    await api.patch(path, patch)
    await api.event()
    assert await receiver.wait_for(1)
    assert (await api.get(f"{path}/diagnosis"))["cause"] in {"healthy", "no_events_yet"}


async def test_x03_without_a_probe_the_endpoint_is_left_alone(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint)
    found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis", probe=False)
    assert (found["probe"], receiver.received) == (None, [])


BODIES: dict[str, dict[str, Any]] = {
    "text": {"text": 'Grüße 🎉 \u2028 " \\ </script>'},
    "numbers": {"big": 2**70, "tiny": 1e-300, "list": list(range(500))},
    "nothing": {"empty": {}, "null": None},
}


async def test_x04_the_default_is_verified_by_the_published_libraries(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint)
    assert (webhook["profile"], webhook["has_secret"]) == ("standard", True)
    for event_id, payload in BODIES.items():
        await api.event("order.created", payload, id=event_id)
    await receiver.wait_for(len(BODIES))
    for received in receiver.received:
        seen = standardwebhooks.Webhook(webhook["secret"]).verify(received.body, received.headers)
        svix.webhooks.Webhook(webhook["secret"]).verify(received.body, received.headers)
        event_id = received.headers["webhook-id"]
        assert (seen["id"], seen["type"], seen["data"]) == (event_id, "order.created", BODIES[event_id])


async def test_x04_a_changed_body_or_another_secret_does_not_verify(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint)
    other = await api.webhook("http://127.0.0.1:9/")
    await api.event()
    received = await receiver.wait_for(1)
    for secret, body in ((webhook["secret"], received.body + b" "), (other["secret"], received.body)):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(body, received.headers)
        with pytest.raises(svix.webhooks.WebhookVerificationError):
            svix.webhooks.Webhook(secret).verify(body, received.headers)


async def test_x04_the_id_is_stable_and_the_signature_fresh_across_retries(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, retry={"schedule": [1], "jitter": 0}, secret="whsec_" + "QUJD" * 10)
    receiver.status = 500
    await api.event(id="order-7")
    await receiver.wait_for(2)
    first, second = receiver.received
    assert webhook["secret"] == "whsec_" + "QUJD" * 10
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "order-7"
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    for received in (first, second):
        standardwebhooks.Webhook(webhook["secret"]).verify(received.body, received.headers)
