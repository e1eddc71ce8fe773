"""Which tools ask a person first; asked in code, whatever the model says."""

from typing import Any

import pytest

from tests.tools.conftest import Person

NOW: dict[str, Any] = {
    "event_filter": {"mode": "include", "events": ["purchase", "page_view"]},
    "conditions": [{"field": "value", "operator": "gte", "value": 50}],
    "trust_score": {"min": 50},
}

NARROWER = [
    ("set_enabled", {"enabled": False}),
    ("set_event_filter", {"mode": "include", "events": ["purchase"]}),
    ("set_event_filter", {"mode": "exclude", "events": []}),
    ("set_conditions", {"conditions": [{"field": "value", "operator": "gte", "value": 80}]}),
    ("set_trust_filter", {"min": 80}),
    ("set_tag_filter", {"match": "any", "tags": ["pricing"]}),
    ("edit_webhook", {"name": "New name"}),
    ("edit_webhook", {"timeout_ms": 3000}),
    ("edit_webhook", {"max_retries": 2}),
    ("edit_webhook", {"auto_disable_hours": 24}),
    ("edit_webhook", {"auto_disable_hours": 0}),
    ("edit_webhook", {"rate_limit_per_second": 5}),
    ("edit_webhook", {"max_in_flight": 2}),
    ("edit_webhook", {"circuit_breaker": {"consecutive_failures": 3, "failure_share": 0.5}}),
    ("edit_webhook", {"retry": {"schedule": [1, 2]}}),
]
WIDER = [
    ("delete_webhook", {}),
    ("edit_webhook", {"url": "https://other.example.com/"}),
    ("set_event_filter", {"mode": "include", "events": []}),
    ("set_event_filter", {"mode": "include", "events": ["purchase", "signup"]}),
    ("set_event_filter", {"mode": "exclude", "events": ["purchase"]}),
    ("set_conditions", {"conditions": []}),
    ("set_conditions", {"conditions": [{"field": "value", "operator": "gte", "value": 10}]}),
    ("set_trust_filter", {"min": 20}),
    ("set_trust_filter", {}),
    ("replay_deliveries", {"since": "2026-01-01T00:00:00Z"}),
]


@pytest.mark.parametrize(("name", "arguments"), NARROWER)
async def test_small_changes_apply_at_once_with_a_record(person: Person, name: str, arguments: dict[str, Any]) -> None:
    webhook = await person.house.webhook(**NOW)
    result = await person.run(name, webhook_id=webhook.id, **arguments)
    assert result["ok"] is True, result
    assert person.asked == []
    assert result["undo"] is True
    assert [change.id for change in person.recorded] == [result["change_id"]]
    assert person.recorded[0].actor == "assistant:cht_test"


@pytest.mark.parametrize(("name", "arguments"), NARROWER[:3])
async def test_small_changes_ask_once_untrusted_content_is_about(
    person: Person, name: str, arguments: dict[str, Any]
) -> None:
    webhook = await person.house.webhook(**NOW)
    person.tainted, person.answer = True, {"approved": False}
    result = await person.run(name, webhook_id=webhook.id, **arguments)
    assert result["declined"] is True
    assert person.recorded == []


@pytest.mark.parametrize(("name", "arguments"), WIDER)
async def test_consequential_changes_ask_and_a_no_changes_nothing(
    person: Person, name: str, arguments: dict[str, Any]
) -> None:
    webhook = await person.house.webhook(**NOW)
    person.answer = {"approved": False, "note": "no"}
    result = await person.run(name, webhook_id=webhook.id, **arguments)
    assert result == {"ok": False, "declined": True, "note": "no"}
    assert len(person.asked) == 1
    assert person.asked[0].diff
    after = await person.house.get(webhook.id)
    assert after.as_dict() == webhook.as_dict()


@pytest.mark.parametrize("answer", [{}, {"approved": None}, {"approved": "true"}, {"approved": 1}, {"cancelled": True}])
async def test_only_a_plain_yes_is_a_yes(person: Person, answer: dict[str, Any]) -> None:
    webhook = await person.house.webhook()
    person.answer = answer
    assert (await person.run("delete_webhook", webhook_id=webhook.id))["ok"] is False
    assert await person.house.get(webhook.id)


@pytest.mark.parametrize(("name", "arguments"), WIDER)
async def test_consequential_changes_happen_after_a_yes(person: Person, name: str, arguments: dict[str, Any]) -> None:
    webhook = await person.house.webhook(**NOW)
    person.answer = {"approved": True}
    result = await person.run(name, webhook_id=webhook.id, **arguments)
    assert result["ok"] is True, result


async def test_change_that_changes_nothing_says_so(person: Person) -> None:
    webhook = await person.house.webhook(**NOW)
    result = await person.run("set_enabled", webhook_id=webhook.id, enabled=True)
    assert result["ok"] is True
    assert result["changed"] == []
    assert "change_id" not in result


@pytest.mark.parametrize(("url", "told"), [("https://other.example.com/", True), ("https://example.com/v2", False)])
async def test_approval_says_when_the_auth_header_goes_to_another_host(person: Person, *, url: str, told: bool) -> None:
    webhook = await person.house.webhook(auth_header={"name": "Authorization", "value": "Token planted"})
    person.answer = {"approved": False}
    await person.run("edit_webhook", webhook_id=webhook.id, url=url)
    lines = [line for line in person.asked[0].diff or [] if line["field"] == "auth_header"]
    assert bool(lines) is told
    assert all("other.example.com" in line["after"] and "planted" not in str(line) for line in lines)
