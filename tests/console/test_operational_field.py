"""The form says whether a webhook hears of alerts in place of events (E07)."""

import pytest
from playwright.async_api import Locator, expect

from tests.console.conftest import Console
from tests.serving import Api
from webhooks.operational_webhooks import MAX_ENABLED

LABEL = "Send alerts instead of events"
URL = "https://example.com/hook"


async def opened(console: Console, button: str) -> Locator:
    await console.page.get_by_role("button", name=button, exact=True).click()
    form = console.dialog()
    await form.get_by_text("Filters, retries and more").click()
    return form


async def save(form: Locator, button: str = "Save changes") -> None:
    await form.get_by_role("button", name=button).click()
    await expect(form.get_by_role("button", name=button)).to_have_count(0)


async def test_e07_it_is_ticked_stored_shown_again_and_taken_back(console: Console, api: Api) -> None:
    before = await api.webhook(URL)
    await console.page.reload()
    for wanted in (True, False):
        form = await opened(console, "Edit CRM sync")
        await expect(form.get_by_label(LABEL)).to_be_checked(checked=not wanted)
        await form.get_by_label(LABEL).set_checked(wanted)
        await save(form)
        after = await api.get(f"/v1/webhooks/{before['id']}")
        changed = {name for name in after if after[name] != before[name]} - {"updated_at"}
        assert changed == ({"operational"} if wanted else set())


async def test_e07_a_new_one_hears_every_alert(console: Console, api: Api) -> None:
    form = await opened(console, "New webhook")
    await form.get_by_label("Name", exact=True).fill("On call")
    await form.get_by_label("Endpoint URL").fill(URL)
    await expect(form.get_by_label(LABEL)).not_to_be_checked()
    await form.get_by_label(LABEL).check()
    await expect(form.get_by_text("Nothing chosen: every alert is delivered.")).to_be_visible()
    await form.get_by_role("button", name="Create webhook").click()
    await console.page.get_by_role("button", name="I have stored it").click()
    [made] = (await api.get("/v1/webhooks"))["items"]
    assert (made["operational"], made["event_filter"]) == (True, {"mode": "include", "events": []})


async def test_e07_alerts_can_be_chosen_in_place_of_events_and_the_card_says_so(console: Console, api: Api) -> None:
    await api.webhook(URL, event_filter={"mode": "include", "events": ["purchase"]})
    await console.page.reload()
    form = await opened(console, "Edit CRM sync")
    await expect(form.get_by_label("purchase", exact=True)).to_be_checked()
    await form.get_by_label(LABEL).check()
    await expect(form.get_by_label("purchase", exact=True)).to_have_count(0)
    await form.get_by_label("endpoint.disabled").check()
    await save(form)
    [changed] = (await api.get("/v1/webhooks"))["items"]
    assert (changed["operational"], changed["event_filter"]["events"]) == (True, ["endpoint.disabled"])
    await expect(console.card("CRM sync").get_by_label("What is sent")).to_have_text("Alerts: endpoint.disabled")


@pytest.mark.parametrize(("others", "said"), [(MAX_ENABLED, "the limit is 20"), (0, "create another one")])
async def test_e07_a_refusal_is_told_where_it_is(console: Console, api: Api, others: int, said: str) -> None:
    await api.webhook(URL)
    for _ in range(others):
        await api.webhook(URL, name="On call", operational=True)
    if not others:
        await api.event()
    console.expected_statuses.add(422)
    await console.page.reload()
    form = await opened(console, "Edit CRM sync")
    await form.get_by_label(LABEL).check()
    await form.get_by_role("button", name="Save changes").click()
    await expect(form.locator("[data-field='operational'] .field-error")).to_contain_text(said)
    await expect(form.get_by_label(LABEL)).to_have_attribute("aria-invalid", "true")
