"""The console's main job, in a real browser, over the real server and a real receiver."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from server.receiver import Receiver
from tests.console.conftest import Console, Open
from tests.serving import Api

IMAGES = Path(__file__).parents[2] / "docs" / "images"
RIGHT, WRONG = "Bearer planted-right-5d1c", "Bearer planted-wrong-77aa"


async def picture(console: Console, name: str) -> None:
    """Write a screenshot for the documentation, when asked to."""
    if os.environ.get("HOOKWRIGHT_SCREENSHOTS") != "1":
        return
    IMAGES.mkdir(parents=True, exist_ok=True)
    await console.page.wait_for_timeout(400)
    await console.page.screenshot(path=IMAGES / f"{name}.png")


@pytest.fixture
async def scenery() -> AsyncIterator[Callable[[Api, str], Awaitable[None]]]:
    """Give the picture some more webhooks, with a history; nothing when no picture is asked for."""
    other = Receiver()
    async with other.serve() as url:

        async def add(api: Api, perspective: str) -> None:
            if os.environ.get("HOOKWRIGHT_SCREENSHOTS") != "1":
                return
            shared = {"perspective_id": perspective, "url": f"{url}/hooks"}
            leads = {"name": "Slack: high-value leads", "tag_filter": {"match": "any", "tags": ["pricing"]}}
            await api.post("/v1/webhooks", {**shared, **leads, "profile": "standard", "trust_score": {"min": 60}})
            conditions = [{"field": "trust_score", "operator": "gte", "value": 70}]
            await api.post("/v1/webhooks", {**shared, "name": "Warehouse export", "conditions": conditions})
            await api.post("/v1/webhooks", {**shared, "name": "Old ticket bridge", "enabled": False})
            for number in range(26):
                other.delay_seconds = 0.01 + 0.09 * ((number * 7) % 5) / 5
                other.status = 400 if number == 11 else 200
                await api.end_conversation(perspective, f"s{number}", tags=["pricing"], trust_score=80)
                await api.deliveries(2 * number + 1, "delivered" if number < 11 else None)
                await asyncio.sleep(0.15)

        yield add


async def set_up_by_chat(console: Console, perspective: str, url: str, name: str, value: str) -> None:
    await console.choose_perspective(perspective)
    await console.say("set up a webhook on this perspective")
    form = console.dialog()
    await form.get_by_label("Name", exact=True).fill("CRM sync")
    await form.get_by_label("Endpoint URL").fill(url)
    await form.get_by_label("Header name").fill(name)
    await form.get_by_label("Value", exact=True).fill(value)
    await form.get_by_role("button", name="Create webhook").click()
    await expect(form).to_have_count(0)


async def test_a02_a10_talk_deliver_break_fix_and_test_in_the_browser(
    console: Console,
    api: Api,
    receiver: Receiver,
    endpoint: str,
    scenery: Callable[[Api, str], Awaitable[None]],
) -> None:
    perspective = await api.perspective()
    await scenery(api, perspective)
    receiver.auth_header = ("Authorization", RIGHT)
    await console.page.reload()
    await set_up_by_chat(console, perspective, endpoint, "Authorization", RIGHT)
    assert "CRM sync" in await console.answer()
    card = console.card("CRM sync")
    await expect(card.locator(".state")).to_have_text("No deliveries yet")

    for number in range(8):
        await api.end_conversation(perspective, f"c{number}", tags=["pricing"], trust_score=80)
    await expect(card.locator(".state")).to_have_text("Healthy")
    await expect(card).to_contain_text("100.0%")

    receiver.auth_header = ("Authorization", "Bearer something-else")
    for number in range(3):
        await api.end_conversation(perspective, f"d{number}", tags=["pricing"], trust_score=80)
    banner = console.page.locator("#banner")
    await expect(banner).to_contain_text("CRM sync is failing: 3 failures in a row")
    await expect(banner).to_contain_text("401")
    await expect(card.locator(".state")).to_have_text("Failing")
    await expect(card).to_contain_text("3 failures in a row")

    await banner.get_by_role("button", name="Fix CRM sync").click()
    found = await console.answer()
    assert "401" in found
    await picture(console, "console")
    await console.page.emulate_media(color_scheme="dark")
    await picture(console, "console-dark")
    await console.page.emulate_media(color_scheme="light")

    await card.get_by_role("button", name="Edit CRM sync").click()
    form = console.dialog()
    await form.get_by_label("Replace", exact=True).check()
    await form.get_by_label("Value", exact=True).fill("Bearer something-else")
    await form.get_by_role("button", name="Save changes").click()
    await expect(form).to_have_count(0)
    await console.say("test it again")
    await expect(banner).to_be_hidden()
    await expect(card.locator(".state")).to_have_text("Healthy")
    assert receiver.received[-1].json["test"] is True
    assert receiver.received[-1].verified is True


async def test_a02_the_secret_leaves_the_page_with_the_form(
    console: Console, api: Api, receiver: Receiver, endpoint: str
) -> None:
    perspective = await api.perspective()
    sent: list[tuple[str, str]] = []
    console.page.on("request", lambda request: sent.append((request.url, request.post_data or "")))
    await console.page.reload()
    await set_up_by_chat(console, perspective, endpoint, "X-Api-Key", WRONG)
    await console.answer()
    await console.page.reload()
    await console.page.locator("html[data-ready]").wait_for()
    await console.card("CRM sync").get_by_role("button", name="Edit CRM sync").click()
    await expect(console.dialog()).to_contain_text("Keep X-Api-Key")
    values = "[...document.querySelectorAll('input, textarea')].map((field) => field.value).join()"
    assert WRONG not in await console.page.content() + await console.page.evaluate(values)
    assert [url for url, body in sent if WRONG in body] == [f"{api.url}/v1/webhooks"]
    assert WRONG not in await console.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert receiver.received == []


async def test_a02_closing_the_form_cancels_and_saves_nothing(console: Console, api: Api) -> None:
    await console.choose_perspective("")
    await console.say("set up a webhook")
    await console.dialog().get_by_label("Endpoint URL").fill("https://example.com/never")
    await console.page.keyboard.press("Escape")
    await expect(console.page.locator(".ask .outcome")).to_have_text("Closed without saving.")
    await console.answer()
    assert (await api.get("/v1/webhooks"))["total"] == 0


async def test_a_secret_is_shown_once_and_then_gone(console: Console, api: Api, endpoint: str) -> None:
    await console.page.get_by_role("button", name="New webhook").click()
    form = console.dialog()
    await form.get_by_label("Name", exact=True).fill("Signed")
    await form.get_by_label("Endpoint URL").fill(endpoint)
    await form.get_by_role("button", name="Create webhook").click()
    shown = console.page.locator(".secret code")
    secret = await shown.inner_text()
    assert secret.startswith("whsec_")
    await console.page.get_by_role("button", name="I have stored it").click()
    await expect(shown).to_have_count(0)
    assert secret not in await console.page.content()
    assert (await api.get("/v1/webhooks"))["items"][0]["has_secret"] is True


async def test_refused_fields_are_named_where_they_are(console: Console, api: Api) -> None:
    console.expected_statuses.add(422)
    await console.page.get_by_role("button", name="New webhook").click()
    form = console.dialog()
    await form.get_by_label("Endpoint URL").fill("https://user:pw@example.com/")
    await form.get_by_text("Filters, retries and more").click()
    await form.get_by_label("Retries").fill("99")
    await form.get_by_text("Filters, retries and more").click()
    await form.get_by_role("button", name="Create webhook").click()
    retries = form.locator("[data-field='retry.max_retries']")
    await expect(retries.locator(".field-error")).to_contain_text("10")
    await form.get_by_label("Retries").fill("3")
    await form.get_by_role("button", name="Create webhook").click()
    await expect(form.locator("[data-field='url'] .field-error")).to_be_visible()
    await expect(form.get_by_label("Endpoint URL")).to_be_focused()
    await expect(form.get_by_label("Endpoint URL")).to_have_attribute("aria-invalid", "true")
    assert (await api.get("/v1/webhooks"))["total"] == 0


async def test_x02_a_change_shows_its_diff_and_can_be_undone(console: Console, api: Api, endpoint: str) -> None:
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective)
    await console.page.reload()
    await console.say("only fire CRM sync when the trust score is at least 70")
    chip = console.page.locator(".tool[data-tool=set_trust_filter]")
    await expect(chip).to_contain_text("at least 70")
    await expect(console.card("CRM sync")).to_contain_text("Trust at least 70")
    await chip.get_by_role("button", name="Undo").click()
    await expect(chip).to_contain_text("undone")
    await expect(console.card("CRM sync")).not_to_contain_text("Trust at least 70")
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["trust_score"] is None


async def test_x02_a_new_url_waits_for_approval_of_its_diff(console: Console, api: Api, endpoint: str) -> None:
    webhook = await api.webhook(endpoint)
    await console.page.reload()
    for decision, expected in (("Decline", endpoint), ("Approve", f"{endpoint}/v2")):
        await console.say(f"change the url of CRM sync to {endpoint}/v2")
        card = console.page.locator(".ask").last
        await expect(card.locator("del")).to_have_text(endpoint)
        await expect(card.locator("ins")).to_have_text(f"{endpoint}/v2")
        await card.get_by_role("button", name=decision).click()
        await expect(card.get_by_role("button")).to_have_count(0)
        await console.answer()
        assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["url"] == expected


async def test_an_approval_answered_in_words_shows_where_it_was_asked(
    console: Console, api: Api, endpoint: str
) -> None:
    await api.webhook(endpoint)
    await console.page.reload()
    asked, chip = console.page.locator(".ask"), console.page.locator(".tool[data-tool=delete_webhook]")
    for words, outcome, state in (
        ("no", "You declined this.", "waiting"),
        ("what does CRM sync send?", "Not answered.", "waiting"),
        ("yes", "You approved this.", "done"),
    ):
        await console.say("delete CRM sync")
        await expect(asked.last.get_by_role("button", name="Approve")).to_be_visible()
        await console.answer()
        await console.say(words)
        await expect(asked.last.locator(".outcome")).to_have_text(outcome)
        await console.answer()
        await expect(chip.last).to_have_attribute("data-status", state)
    await expect(chip.last.get_by_role("button", name="Undo")).to_be_visible()
    rows = ["NameCRM sync", re.compile("^URLhttp"), "Eventsall events", "Signing secretset"]
    await expect(chip.last.locator("tr")).to_have_text(rows)


async def test_hostile_texts_stay_texts(console: Console, api: Api, receiver: Receiver, endpoint: str) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\">"
    perspective = await api.perspective(name=hostile)
    receiver.status = 400
    await api.webhook(endpoint, name=f"{hostile} hook", description=hostile, perspective_id=perspective)
    await api.end_conversation(perspective, summary=hostile)
    await console.page.reload()
    await console.choose_perspective(perspective)
    await expect(console.page.locator("#banner")).to_contain_text("<img src=x")
    await console.say(f"which webhooks are there? {hostile} [click](javascript:alert(1)) **<b>bold</b>**")
    await console.answer()
    await console.card(f"{hostile} hook").get_by_role("button", name="Delivery log").click()
    await console.page.locator(".log-row").click()
    await console.page.locator(".attempt").wait_for()
    assert await console.page.locator("img, .prose b, a[href^=javascript]").count() == 0
    assert await console.page.title() == "Hookwright"


async def test_b09_the_log_filters_opens_and_retries(
    console: Console, api: Api, receiver: Receiver, endpoint: str
) -> None:
    perspective = await api.perspective()
    webhook = await api.webhook(endpoint, perspective_id=perspective, auth_header={"name": "X-Key", "value": WRONG})
    await api.end_conversation(perspective, "c1")
    await api.deliveries(1, "delivered")
    receiver.status = 422
    await api.end_conversation(perspective, "c2")
    await api.deliveries(1, "failed")
    await console.page.reload()
    await console.card("CRM sync").get_by_role("button", name="Delivery log of CRM sync").click()
    rows = console.page.locator(".log-row")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("HTTP 422")
    await console.page.get_by_label("Status").select_option("failed")
    await expect(rows).to_have_count(1)
    await rows.first.click()
    attempt = console.page.locator(".attempt")
    await expect(attempt).to_contain_text('{"error":')
    await expect(attempt).to_contain_text("X-Key")
    await expect(attempt).not_to_contain_text(WRONG)
    receiver.status = 200
    await console.page.get_by_role("button", name="Retry now").click()
    await api.deliveries(2, "delivered", webhook_id=webhook["id"])


async def test_b10_the_tester_says_which_filter_refused(console: Console, api: Api, endpoint: str) -> None:
    perspective = await api.perspective()
    await api.webhook(endpoint, perspective_id=perspective, trust_score={"min": 99.5})
    await console.page.reload()
    await console.page.get_by_role("button", name="CRM sync", exact=True).click()
    await console.page.get_by_role("tab", name="Test").click()
    await console.page.get_by_role("button", name="Check the filters").click()
    await expect(console.page.locator(".verdict").first).to_have_text("This event would not be delivered.")
    await expect(console.page.locator(".verdict[data-ok=false]").last).to_contain_text("99.5")
    await console.page.get_by_role("button", name="Send a test event").click()
    await expect(console.page.locator(".verdict").first).to_contain_text("Test passed: HTTP 200")


async def test_earlier_conversations_open_again(console: Console, api: Api, endpoint: str) -> None:
    await api.webhook(endpoint)
    await console.page.reload()
    await console.say("which webhooks are failing?")
    said = await console.answer()
    await console.page.get_by_role("button", name="New chat").click()
    await expect(console.page.locator(".turn")).to_have_count(0)
    await console.page.get_by_role("button", name="Earlier conversations").click()
    await console.page.locator(".chat-item").click()
    await expect(console.page.locator(".you")).to_contain_text("which webhooks are failing?")
    await expect(console.page.locator(".turn")).to_have_text(said, use_inner_text=True)


async def test_the_keyboard_alone_is_enough(open_console: Open, api: Api, endpoint: str) -> None:
    console = await open_console()
    page, press = console.page, console.page.keyboard.press
    await press("Tab")
    await expect(page.get_by_role("link", name="Skip to the assistant")).to_be_focused()
    await press("Enter")
    await expect(page.locator("#message")).to_be_focused()
    await page.get_by_role("button", name="New webhook").focus()
    await press("Enter")
    await expect(console.dialog().get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type("By keyboard")
    await press("Tab")
    await page.keyboard.type(endpoint)
    await press("Enter")
    await expect(page.get_by_role("button", name="Copy")).to_be_focused()
    await press("Tab")
    await press("Enter")
    await expect(page.get_by_role("button", name="New webhook")).to_be_focused()
    await page.get_by_role("button", name="By keyboard", exact=True).focus()
    await press("Enter")
    await page.get_by_role("tab", name="Deliveries").focus()
    await press("ArrowRight")
    await expect(page.get_by_role("tab", name="Test")).to_be_focused()
    await press("Escape")
    await expect(page.get_by_role("button", name="By keyboard", exact=True)).to_be_focused()
    await page.get_by_role("switch", name="By keyboard is enabled").focus()
    await press("Space")
    await expect(console.card("By keyboard").locator(".state")).to_have_text("Disabled")
    assert (await api.get("/v1/webhooks"))["items"][0]["enabled"] is False
