"""What the tools answer."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.calls import holds_untrusted
from rules.diagnosis import Diagnosis
from rules.findings import Evidence
from rules.outcomes import Cause
from rules.probe_report import ProbeReport, Stage
from store import deliveries as store
from tests.tools.conftest import Person
from tools.catalogue import TOOLS
from webhooks.intake import Intake, NewEvent
from webhooks.wakeup import Wakeup

NAMES = {
    "list_webhooks", "get_webhook", "create_webhook", "edit_webhook", "edit_endpoint", "set_enabled", "delete_webhook",
    "set_event_filter", "set_conditions", "set_tag_filter", "set_trust_filter", "list_tags", "list_event_types",
    "list_perspectives", "test_webhook", "dry_run_filters", "diagnose_webhook", "list_deliveries",
    "list_alerts", "get_delivery", "retry_delivery", "replay_deliveries", "list_changes", "undo_change",
    "list_assistants", "create_assistant",
    "edit_assistant", "delete_assistant", "list_triggers", "get_trigger", "create_trigger", "import_api_call",
    "edit_trigger", "delete_trigger", "test_trigger", "list_calls", "list_secrets", "set_secret",
}  # fmt: skip


def test_every_tool_is_there_and_described() -> None:
    assert {tool.name for tool in TOOLS} == NAMES
    for tool in TOOLS:
        assert tool.description.endswith(".")
        text = json.dumps(tool.schema)
        assert "$ref" not in text
        assert '"null"' not in text
        assert tool.schema["additionalProperties"] is False


async def test_tag_that_does_not_exist_is_refused_with_near_matches(person: Person) -> None:
    perspective = await person.house.services.perspectives.create("ws_1", "Study", "interviewer")
    webhook = await person.house.webhook(perspective_id=perspective["id"])
    result = await person.run("set_tag_filter", webhook_id=webhook.id, tags=["pricng"])
    assert result["ok"] is False
    assert "pricing" in result["error"]
    assert (await person.house.get(webhook.id)).tag_filter is None


async def test_tags_of_the_present_perspective_are_listed(person: Person) -> None:
    missing = await person.run("list_tags")
    assert missing["ok"] is False
    perspective = await person.house.services.perspectives.create("ws_1", "Study", "interviewer")
    person.perspective_id = perspective["id"]
    listed = await person.run("list_tags")
    assert "pricing" in [tag["name"] for tag in listed["tags"]]
    assert all(tag["description"] for tag in listed["tags"])


async def test_unknown_kind_of_event_types_is_refused(person: Person) -> None:
    assert (await person.run("list_event_types", kind="interviwer"))["ok"] is False
    assert len((await person.run("list_event_types", kind="interviewer"))["event_types"]) == 3
    assert len((await person.run("list_event_types"))["event_types"]) > 20


async def test_misspelt_event_type_is_set_but_remarked(person: Person) -> None:
    webhook = await person.house.webhook()
    result = await person.run("set_event_filter", webhook_id=webhook.id, mode="include", events=["purchas"])
    assert result["ok"] is True
    assert "purchase" in result["note"]


async def test_test_reports_what_came_back(person: Person) -> None:
    webhook = await person.house.webhook()
    passed = await person.run("test_webhook", webhook_id=webhook.id)
    assert (passed["ok"], passed["tested"], passed["status_code"]) == (True, True, 200)
    assert passed["response_body"] == {"untrusted": "thanks"}
    person.house.endpoint.status = 401
    refused = await person.run("test_webhook", webhook_id=webhook.id)
    assert (refused["ok"], refused["tested"], refused["cause"]) == (False, True, "unauthorized")


async def test_dry_run_explains_and_sends_nothing(person: Person) -> None:
    webhook = await person.house.webhook(trust_score={"min": 70})
    report = await person.run("dry_run_filters", webhook_id=webhook.id, event={"trust_score": 20})
    assert report["ok"] is True
    assert report["matched"] is False
    assert "20" in report["trust_score"]["reason"]
    assert person.house.endpoint.requests == []


async def test_webhook_that_does_not_exist_is_an_error_to_correct(person: Person) -> None:
    for name in ("get_webhook", "delete_webhook", "test_webhook", "edit_endpoint"):
        result = await person.run(name, webhook_id="wh_none")
        assert result["ok"] is False
        assert "wh_none" in result["error"]


async def test_retry_makes_one_delivery_due(person: Person) -> None:
    result = await person.run("retry_delivery", delivery_id="dlv_none")
    assert result["ok"] is False
    assert (await person.run("get_delivery", delivery_id="dlv_none"))["ok"] is False
    assert (await person.run("list_deliveries"))["deliveries"] == []


async def test_single_delivery_shows_responses_only_as_untrusted_and_capped(person: Person) -> None:
    webhook = await person.house.webhook()
    database = person.house.database
    await Intake(database, Wakeup()).accept("ws_1", [NewEvent("purchase", {})])
    page = await person.house.services.insights.deliveries("ws_1")
    delivery_id = page.items[0]["id"]
    row = {
        "id": "att_1",
        "workspace_id": "ws_1",
        "webhook_id": webhook.id,
        "delivery_id": delivery_id,
        "event_id": page.items[0]["event_id"],
        "event_type": "purchase",
        "number": 1,
        "status": "failed",
        "status_code": 500,
        "duration_ms": 5,
        "cause": "server_error",
        "error": "HTTP 500",
        "attempted_at": datetime.now(UTC),
        "delivered_at": None,
        "request_headers": "{}",
        "response_headers": '{"x-note": "planted"}',
        "response_body": "planted " * 200,
    }
    async with database.write() as connection:
        await store.log(connection, [row])
    retried = await person.run("retry_delivery", delivery_id=delivery_id)
    assert retried["delivery"]["attempts"] == 1
    assert "planted" not in json.dumps(retried)
    shown = (await person.run("get_delivery", delivery_id=delivery_id))["delivery"]
    [attempt] = shown.pop("attempts_log")
    assert "planted" not in json.dumps(shown)
    assert len(attempt.pop("response_body")["untrusted"]) == 600
    assert "planted" not in json.dumps(attempt)


async def test_probe_in_a_diagnosis_is_the_endpoints_word(person: Person) -> None:
    class ProbingDoctor:
        async def diagnose(self, *_: Any, **__: Any) -> Diagnosis:
            probe = ProbeReport(http=Stage(ok=True, ms=1, detail={"status": 200, "server": "planted"}))
            return Diagnosis(Cause.HEALTHY, "All is well.", (Evidence("probe", "HTTP: answers 200"),), (), probe)

    person.house.services = replace(person.house.services, doctor=ProbingDoctor())  # type: ignore[arg-type]
    result = await person.run("diagnose_webhook", webhook_id="wh_1")
    assert result["probe"]["untrusted"]["http"]["server"] == "planted"
    assert result["evidence"][0]["untrusted"] is True
    assert holds_untrusted(result)


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01", "2026-01-01T00:00:00"])
async def test_replay_needs_a_time_with_a_zone(person: Person, since: str) -> None:
    webhook = await person.house.webhook()
    result = await person.run("replay_deliveries", webhook_id=webhook.id, since=since)
    assert result["errors"][0]["field"] == "since"


async def test_undo_takes_back_the_own_last_change(person: Person) -> None:
    webhook = await person.house.webhook(trust_score={"min": 50})
    await person.run("set_enabled", webhook_id=webhook.id, enabled=False)
    result = await person.run("undo_change")
    assert result["ok"] is True
    assert (await person.house.get(webhook.id)).enabled is True
    assert person.asked == []


async def test_undo_of_narrowing_asks_because_it_widens(person: Person) -> None:
    webhook = await person.house.webhook(trust_score={"min": 50})
    await person.run("set_trust_filter", webhook_id=webhook.id, min=80)
    person.answer = {"approved": True}
    result = await person.run("undo_change")
    assert result["ok"] is True
    [question] = person.asked
    assert question.diff
    assert question.diff[0]["field"] == "trust_score"
    assert ((await person.house.get(webhook.id)).trust_score or {})["min"] == 50


async def test_undo_of_a_deletion_brings_the_webhook_back_after_a_yes(person: Person) -> None:
    webhook = await person.house.webhook()
    person.answer = {"approved": True}
    gone = await person.run("delete_webhook", webhook_id=webhook.id)
    assert gone["deleted"] is True
    back = await person.run("undo_change", change_id=gone["change_id"])
    assert back["webhook"]["id"] == webhook.id
    assert await person.house.get(webhook.id)
    again = await person.run("undo_change", change_id=gone["change_id"])
    assert again["ok"] is False
    anew = await person.run("undo_change", change_id=back["change_id"])
    assert anew["deleted"] is True
    assert (await person.run("list_webhooks"))["total"] == 0


async def test_undo_of_a_creation_deletes_after_a_yes_only(person: Person) -> None:
    webhook = await person.house.webhook()
    changes = await person.run("list_changes", webhook_id=webhook.id)
    created = changes["changes"][0]
    assert created["action"] == "create"
    person.answer = {"approved": False}
    assert (await person.run("undo_change", change_id=created["id"]))["declined"] is True
    person.answer = {"approved": True}
    assert (await person.run("undo_change", change_id=created["id"]))["deleted"] is True
    assert (await person.run("list_webhooks"))["total"] == 0


async def test_undo_of_nothing_and_of_another_workspace_is_refused(person: Person) -> None:
    assert (await person.run("undo_change"))["ok"] is False
    webhook = await person.house.webhook()
    change: Any = (await person.run("list_changes", webhook_id=webhook.id))["changes"][0]
    person.workspace_id = "ws_2"
    assert (await person.run("undo_change", change_id=change["id"]))["ok"] is False
    assert (await person.run("list_changes"))["changes"] == []


async def test_many_webhooks_are_listed_short_and_whole(person: Person) -> None:
    for number in range(40):
        await person.house.webhook(name=f"Hook {number}", url=f"https://example.com/{'x' * 100}/{number}")
    listed = await person.run("list_webhooks")
    assert listed["total"] == 40
    assert len(json.dumps(listed)) < 16_000
    assert len(listed["webhooks"]) >= 30
