"""The form sets what happens to a busy or failing endpoint (X06)."""

import pytest
from playwright.async_api import Locator, expect

from rules.breaker import BreakerPolicy
from tests.console.conftest import Console
from tests.serving import Api

TYPED = {
    "Retries": "2",
    "Timeout (ms)": "3000",
    "Requests per second": "2.5",
    "Requests at a time": "3",
    "Pause after failures in a row": "4",
    "First pause (s)": "60",
    "Pause from % failing": "55",
    "Attempts before % counts": "7",
    "Disable after failing (h)": "24",
}


async def form_of(console: Console, api: Api, **fields: object) -> tuple[str, Locator]:
    webhook = await api.webhook("https://example.com/hook", **fields)
    await console.page.reload()
    await console.card("CRM sync").get_by_role("button", name="Edit CRM sync").click()
    form = console.dialog()
    await form.get_by_text("Filters, retries and more").click()
    return str(webhook["id"]), form


async def save(form: Locator) -> None:
    await form.get_by_role("button", name="Save changes").click()
    await expect(form).to_have_count(0)


async def test_x06_every_number_of_the_form_is_stored_and_shown_again(console: Console, api: Api) -> None:
    webhook_id, form = await form_of(console, api)
    for label, text in TYPED.items():
        await form.get_by_label(label).fill(text)
    await save(form)
    webhook = await api.get(f"/v1/webhooks/{webhook_id}")
    assert webhook["retry"]["max_retries"] == 2
    assert [webhook[name] for name in ("timeout_ms", "rate_limit_per_second", "max_in_flight")] == [3000, 2.5, 3]
    assert webhook["auto_disable_hours"] == 24
    assert webhook["circuit_breaker"] == BreakerPolicy(4, 60, 0.55, 7).as_dict()

    await console.card("CRM sync").get_by_role("button", name="Edit CRM sync").click()
    for label, text in TYPED.items():
        await expect(console.dialog().get_by_label(label)).to_have_value(text)


async def test_x06_zero_means_never_and_nothing_else_changes(console: Console, api: Api) -> None:
    webhook_id, form = await form_of(console, api, rate_limit_per_second=5)
    before = await api.get(f"/v1/webhooks/{webhook_id}")
    await form.get_by_label("Disable after failing (h)").fill("0")
    await form.get_by_label("Requests per second").fill("")
    await save(form)
    after = await api.get(f"/v1/webhooks/{webhook_id}")
    changed = {name for name in after if after[name] != before[name]} - {"updated_at"}
    assert changed == {"auto_disable_hours", "rate_limit_per_second"}
    assert (after["auto_disable_hours"], after["rate_limit_per_second"]) == (None, None)


async def test_x06_one_number_of_the_breaker_leaves_the_others(console: Console, api: Api) -> None:
    webhook_id, form = await form_of(console, api, circuit_breaker={"failure_share": 0.5, "minimum_attempts": 40})
    await expect(form.get_by_label("Attempts before % counts")).to_have_value("40")
    await form.get_by_label("Attempts before % counts").fill("50")
    await save(form)
    webhook = await api.get(f"/v1/webhooks/{webhook_id}")
    assert webhook["circuit_breaker"] == BreakerPolicy(failure_share=0.5, minimum_attempts=50).as_dict()


@pytest.mark.parametrize(
    ("label", "text", "said"),
    [
        ("Pause after failures in a row", "101", "from 0 to 100"),
        ("Attempts before % counts", "0", "from 1 to 10000"),
        ("Attempts before % counts", "2.5", "whole number"),
    ],
)
async def test_x06_a_refused_number_is_named_where_it_is(
    console: Console, api: Api, label: str, text: str, said: str
) -> None:
    _, form = await form_of(console, api)
    console.expected_statuses.add(422)
    await form.get_by_label(label).fill(text)
    await form.get_by_role("button", name="Save changes").click()
    field = form.get_by_label(label)
    await expect(field).to_have_attribute("aria-invalid", "true")
    home = form.locator(".field", has=console.page.get_by_label(label))
    await expect(home.locator(".field-error")).to_contain_text(said)
