"""Row X11: a webhook sends what its template says, signed, previewed on a real event."""

from typing import Any

import standardwebhooks

from tests.serving import Api, Receiver, until

LEAD = {"profile": {"name": {"value": 'Ana "A" Smith', "title": "Name"}}, "summary": "Would <upgrade>\n"}
TEMPLATE = {"text": "New lead: $profile.name.value", "id": "$event.id"}


async def test_x11_the_rendered_bytes_are_sent_and_signed(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, payload_template=TEMPLATE)
    assert webhook["payload_template"] == TEMPLATE
    event = await api.event("new_lead", LEAD)
    received = await receiver.wait_for(1)
    assert received.json == {"text": 'New lead: Ana "A" Smith', "id": event["id"]}
    standardwebhooks.Webhook(webhook["secret"]).verify(received.body, received.headers)


async def test_x11_a_preset_is_a_template_and_can_be_taken_off_again(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, payload_preset="slack")
    path = f"/v1/webhooks/{webhook['id']}"
    await api.event("interview.completed", LEAD)
    received = await receiver.wait_for(1)
    assert received.json["text"] == "interview.completed"
    assert "Would <upgrade>\n" in [block.get("text", {}).get("text") for block in received.json["blocks"]]
    changed = await api.patch(path, {"payload_template": None})
    assert changed["payload_template"] is None
    await api.event("purchase", LEAD)
    assert (await receiver.wait_for(2)).json["data"] == LEAD
    await api.post(f"/v1/changes/{changed['change_id']}/undo")
    assert (await api.get(path))["payload_template"] == webhook["payload_template"]


async def test_x11_a_preview_shows_the_newest_real_event_and_sends_nothing(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, event_filter={"mode": "include", "events": ["nothing"]})
    path = f"/v1/webhooks/{webhook['id']}/preview"
    sample = await api.post(path, {"payload_preset": "discord"})
    assert sample["event_id"] is None
    event = await api.event("new_lead", LEAD)
    shown = await api.post(path, {"payload_template": TEMPLATE})
    assert shown == {
        "body": {"text": 'New lead: Ana "A" Smith', "id": event["id"]},
        "content_type": "application/json",
        "warnings": [],
        "event_id": event["id"],
    }
    lacking = await api.post(path, {"payload_template": {"t": "x $nope"}, "event": {}})
    assert (lacking["body"], len(lacking["warnings"])) == ({"t": "x "}, 1)
    await api.refused("POST", path, {})
    await api.refused("POST", path, {"payload_template": TEMPLATE, "event_id": "evt_none"}, status=404)
    assert receiver.received == []


async def test_x11_what_cannot_be_a_template_is_refused_with_the_place(api: Api, endpoint: str):
    bad: list[tuple[Any, str]] = [
        ('{"a": $x,}', "column"),
        ("New lead: $name", "JSON"),
        ('{"a": 1, "a": 2}', "a"),
    ]
    for template, words in bad:
        [error] = await api.refused(
            "POST", "/v1/webhooks", {"name": "x", "url": endpoint, "payload_template": template}
        )
        assert error["field"] == "payload_template"
        assert words in error["message"], error
    both = {"name": "x", "url": endpoint, "payload_template": TEMPLATE, "payload_preset": "slack"}
    await api.refused("POST", "/v1/webhooks", both)
    await api.refused("POST", "/v1/webhooks", {"name": "x", "url": endpoint, "payload_preset": "pager"})


async def test_x11_an_event_that_cannot_be_filled_in_fails_by_name(api: Api, receiver: Receiver, endpoint: str):
    template = '{"$a": 1, "$b": 2}'
    webhook = await api.webhook(endpoint, payload_template=template, retry={"max_retries": 0})
    await api.event("purchase", {"a": "twin-value", "b": "twin-value"})
    [delivery] = await api.deliveries(1, status="failed")
    assert delivery["attempts"][0]["cause"] == "payload_template"
    assert "twin-value" not in delivery["attempts"][0]["error"]
    assert receiver.received == []

    async def diagnosed() -> dict[str, Any] | None:
        found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis", probe=False)
        return found if found["cause"] == "payload_template" else None

    assert "preview" in (await until(diagnosed))["fixes"][0]["text"].lower()
