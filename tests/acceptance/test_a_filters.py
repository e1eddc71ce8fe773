"""Conversation automations, rows A07 to A09: filters, tags, tests."""

from typing import Any

import pytest

from tests.acceptance.talk import Talk
from tests.serving import Api, Receiver

pytestmark = pytest.mark.both_databases

CONVERSATIONS: dict[str, dict[str, Any]] = {
    "untagged": {},
    "pricing": {"tags": ["pricing"]},
    "both": {"tags": ["churn", "pricing", "praise"]},
    "69.9": {"trust_score": 69.9},
    "70": {"trust_score": 70},
    "90": {"trust_score": 90},
    "90.1": {"trust_score": 90.1},
    "null": {"trust_score": None},
    "pricing 80": {"tags": ["pricing"], "trust_score": 80},
    "pricing 10": {"tags": ["pricing"], "trust_score": 10},
}
TRUSTED = {"70", "90", "90.1", "pricing 80"}
PRICED = {"pricing", "both", "pricing 80", "pricing 10"}


async def passing(api: Api, perspective: str) -> set[str]:
    """End every conversation, and name those that made a delivery."""
    ends = {await api.end_conversation(perspective, name, **said): name for name, said in CONVERSATIONS.items()}
    made = (await api.get("/v1/deliveries", limit=200))["items"]
    return {ends[delivery["event_id"]] for delivery in made}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"tag_filter": {"match": "any", "tags": ["pricing", "support"]}}, PRICED),
        ({"tag_filter": {"match": "all", "tags": ["pricing", "churn"]}}, {"both"}),
        ({"tag_filter": {"match": "any", "tags": ["support"]}}, set()),
        ({"trust_score": {"min": 70}}, TRUSTED),
        ({"trust_score": {"max": 70}}, {"69.9", "70", "pricing 10"}),
        ({"trust_score": {"min": 70, "max": 90}}, TRUSTED - {"90.1"}),
        ({"trust_score": {"min": 0}}, TRUSTED | {"69.9", "pricing 10"}),
        ({"tag_filter": {"tags": ["pricing"]}, "trust_score": {"min": 70}}, {"pricing 80"}),
    ],
)
async def test_a07_every_filter_must_pass(api: Api, endpoint: str, filters: dict[str, Any], expected: set[str]):
    perspective = await api.perspective()
    await api.webhook(endpoint, perspective_id=perspective, **filters)
    assert await passing(api, perspective) == expected


async def test_a07_missing_trust_score_never_passes(api: Api, endpoint: str):
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective, trust_score={"min": 0, "max": 100})
    for cid, ending in {"none": {}, "null": {"trust_score": None}}.items():
        event_id = await api.end_conversation(perspective, cid, **ending)
        assert (await api.get("/v1/deliveries", event_id=event_id))["total"] == 0
    sample = {"mode": "filters", "event_type": "interview.completed", "event": {"tags": []}}
    report = await api.post(f"/v1/webhooks/{webhook['id']}/test", sample)
    assert report["matched"] is False
    assert "There is no trust score" in report["trust_score"]["reason"]


async def test_a07_filters_are_set_by_talking(api: Api, endpoint: str):
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective)
    talk = Talk(api, perspective)
    assert "at least 70" in await talk.say("only when trust is at least 70")
    assert "at least 80" in await talk.say("make that 80")
    assert "any of pricing, churn" in await talk.say("and only when tagged pricing or churn")
    stored = await api.get(f"/v1/webhooks/{webhook['id']}")
    assert stored["trust_score"] == {"min": 80, "max": None}
    assert stored["tag_filter"] == {"match": "any", "tags": ["pricing", "churn"]}
    assert await passing(api, perspective) == {"pricing 80"}


async def test_a07_removing_a_filter_by_talking_asks_first_because_it_sends_more(api: Api, endpoint: str):
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective, trust_score={"min": 70})
    talk = Talk(api, perspective)
    await talk.say("remove the trust filter")
    assert talk.asked["kind"] == "approval"
    assert [change["field"] for change in talk.asked["diff"]] == ["trust_score"]
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["trust_score"] is not None
    await talk.answer(approved=True)
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["trust_score"] is None


async def test_a08_tags_depend_on_the_kind_and_each_says_when_it_applies(api: Api):
    kinds = ("interviewer", "concierge", "evaluator", "advocate")
    tags = {kind: (await api.get(f"/v1/perspectives/{await api.perspective(kind)}/tags"))["tags"] for kind in kinds}
    names = {kind: frozenset(tag["name"] for tag in tags[kind]) for kind in kinds}
    assert len(set(names.values())) == 4
    assert all(
        tag["description"].endswith(".") and len(tag["description"]) > 20 for kind in kinds for tag in tags[kind]
    )


@pytest.mark.parametrize("kind", ["interviewer", "concierge"])
async def test_a08_which_tags_are_available_is_answered_with_their_meaning(api: Api, kind: str):
    perspective = await api.perspective(kind)
    said = await Talk(api, perspective).say("which tags are available for this perspective?")
    for tag in (await api.get(f"/v1/perspectives/{perspective}/tags"))["tags"]:
        assert f"{tag['name']}: {tag['description']}" in said


async def test_a08_unknown_tag_is_refused_with_the_near_matches(api: Api, endpoint: str):
    perspective = await api.perspective()
    unknown = {"tag_filter": {"tags": ["praise", "pricng"]}}
    new = {"name": "CRM", "url": endpoint, "perspective_id": perspective, **unknown}
    [error] = await api.refused("POST", "/v1/webhooks", new)
    assert error["field"] == "tag_filter.tags.1"
    assert "`pricng`" in error["message"]
    assert "Did you mean `pricing`" in error["message"]
    assert (await api.get("/v1/webhooks"))["total"] == 0
    webhook = await api.webhook(endpoint, perspective_id=perspective)
    assert await api.refused("PATCH", f"/v1/webhooks/{webhook['id']}", unknown) == [error]
    [of_other_kind] = await api.refused(
        "PATCH", f"/v1/webhooks/{webhook['id']}", {"tag_filter": {"tags": ["strong_fit"]}}
    )
    assert "There is no tag `strong_fit` for this kind of perspective." in of_other_kind["message"]


async def test_a08_unknown_tag_is_refused_in_the_chat_too(api: Api, endpoint: str):
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective)
    talk = Talk(api, perspective)
    said = await talk.say('only when tagged "pricng"')
    assert "pricing" in said
    assert any("pricing" in suggestion for suggestion in talk.reply["suggestions"])
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["tag_filter"] is None


async def failing(api: Api, receiver: Receiver, endpoint: str) -> tuple[str, str]:
    """Make a webhook on a new perspective that has just failed."""
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective, auth_header={"name": "X-Key", "value": "planted"})
    receiver.status = 401
    await api.end_conversation(perspective)
    await api.webhook_until(webhook["id"], lambda found: found["state"] == "failing")
    return perspective, webhook["id"]


async def test_a09_run_a_test_sends_a_real_request_and_clears_the_error_state(
    api: Api, receiver: Receiver, endpoint: str
):
    perspective, webhook_id = await failing(api, receiver, endpoint)
    receiver.status = 204
    talk = Talk(api, perspective)
    said = await talk.say("run a test of the automation")
    assert "HTTP 204" in said
    assert talk.result("test_webhook")["ok"] is True
    body = receiver.received[-1].json
    assert (body["test"], body["event"], body["status"]) == (True, "interview.completed", "COMPLETE")
    webhook = await api.get(f"/v1/webhooks/{webhook_id}")
    assert (webhook["state"], webhook["health"]["last_error"]) == ("healthy", None)
    assert webhook["health"]["consecutive_failures"] == 0


async def test_a09_a_test_that_fails_leaves_the_error_state_and_says_why(api: Api, receiver: Receiver, endpoint: str):
    perspective, webhook_id = await failing(api, receiver, endpoint)
    before = (await api.get(f"/v1/webhooks/{webhook_id}"))["health"]
    said = await Talk(api, perspective).say("run a test of the automation")
    assert "401" in said
    tested = await api.post(f"/v1/webhooks/{webhook_id}/test", {"event_type": "interview.partial"})
    assert (tested["ok"], tested["status_code"], tested["error"]) == (False, 401, "HTTP 401")
    assert receiver.received[-1].json["status"] == "PARTIAL"
    assert (await api.get(f"/v1/webhooks/{webhook_id}"))["health"] == before


async def test_a09_a_test_is_no_delivery_and_ignores_filters_and_the_off_switch(
    api: Api, receiver: Receiver, endpoint: str
):
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective, trust_score={"min": 100}, enabled=False)
    own = {"event": "interview.completed", "test": False, "trust_score": 1}
    tested = await api.post(f"/v1/webhooks/{webhook['id']}/test", {"event": own})
    assert tested["ok"] is True
    assert receiver.received[0].json == {**own, "test": True}
    assert (await api.get("/v1/deliveries"))["total"] == 0
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["health"]["total"] == 0
