"""Every setting of a webhook's deliveries can be set by an assistant, as over REST (X06)."""

from typing import Any

import pytest

from rules.breaker import BreakerPolicy
from rules.webhook_spec import WebhookDraft
from tests.tools.conftest import Person

SETTINGS: dict[str, Any] = {
    "retry": {"schedule": [1.0, 60.0], "max_retries": 2, "strategy": "schedule"},
    "timeout_ms": 3_000,
    "rate_limit_per_second": 2.5,
    "max_in_flight": 3,
    "auto_disable_hours": 24,
    "circuit_breaker": {"consecutive_failures": 3, "failure_share": 0.5},
}


def held(webhook: dict[str, Any]) -> dict[str, Any]:
    """What a webhook has of the settings, in their own shape."""
    return {
        name: {key: webhook[name][key] for key in value} if isinstance(value, dict) else webhook[name]
        for name, value in SETTINGS.items()
    }


async def test_x06_an_assistant_sets_every_setting_and_reads_it_back(person: Person) -> None:
    webhook = await person.house.webhook()
    changed = await person.run("edit_webhook", webhook_id=webhook.id, **SETTINGS)
    assert {change["field"] for change in changed["changed"]} == set(SETTINGS)
    shown = await person.run("get_webhook", webhook_id=webhook.id)
    assert held(shown["webhook"]) == SETTINGS


@pytest.mark.parametrize("name", ["rate_limit_per_second", "max_in_flight", "auto_disable_hours"])
async def test_x06_zero_removes_a_limit(person: Person, name: str) -> None:
    webhook = await person.house.webhook(**{name: 5})
    assert (await person.run("edit_webhook", webhook_id=webhook.id, **{name: 0}))["ok"]
    assert getattr(await person.house.get(webhook.id), name) is None


async def test_x06_a_new_webhook_s_form_starts_with_what_was_said(person: Person) -> None:
    person.answer = {"webhook_id": None}
    await person.run("create_webhook", max_retries=1, **{**SETTINGS, "retry": {"base_seconds": 3.0}})
    [question] = person.asked
    assert question.prefill is not None
    assert question.prefill["retry"] == {"base_seconds": 3.0, "max_retries": 1}
    draft = WebhookDraft(url="https://example.com/", **{name: question.prefill[name] for name in ("name", *SETTINGS)})
    assert draft.circuit_breaker is not None
    assert draft.circuit_breaker.consecutive_failures == 3


async def test_x06_what_the_api_refuses_is_refused_here_and_named(person: Person) -> None:
    webhook = await person.house.webhook()
    for fields in ({"max_in_flight": 1_001}, {"circuit_breaker": {"consecutive_failures": 101}}):
        refused = await person.run("edit_webhook", webhook_id=webhook.id, **fields)
        assert refused["ok"] is False
        assert next(iter(fields)) in str(refused)
    kept = await person.house.get(webhook.id)
    assert (kept.max_in_flight, kept.circuit_breaker) == (None, BreakerPolicy().as_dict())
