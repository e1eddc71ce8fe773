"""Open alerts in a real browser: the banner, and links that open Fix it (E07)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect

from rules.alerting import Topic
from store import alerts as store
from tests.console.conftest import Console, Open
from tests.serving import Api


async def open_alert(api: Api, webhook: dict[str, Any], topic: Topic, **details: Any) -> str:
    alert = {
        "workspace_id": api.platform.workspace_id,
        "topic": str(topic),
        "subject_id": webhook["id"],
        "webhook_id": webhook["id"],
        "cause": "server_error",
        "details": {"webhook_name": webhook["name"], **details},
    }
    async with api.platform.database.write() as connection:
        row = await store.open_(connection, alert, datetime.now(UTC))
    assert row is not None
    return str(row["id"])


async def test_e07_open_alerts_are_a_banner_with_the_worst_first(console: Console) -> None:
    api = console.api
    shop = await api.webhook("http://127.0.0.1:9/hook", name="Shop")
    crm = await api.webhook("http://127.0.0.1:9/hook", name="<img src=x onerror=alert(1)>")
    banner = console.page.locator("#banner")
    await expect(banner).to_be_hidden()
    ids = [
        await open_alert(api, crm, Topic.DISABLED, reason="gone", last_error="HTTP 410"),
        await open_alert(api, shop, Topic.RATE, success_rate=12.5, attempts=40),
    ]
    await expect(banner).to_contain_text("endpoint.disabled: “<img src=x onerror=alert(1)>” was disabled")
    await expect(banner).to_contain_text("1 other alert is open.")
    await console.check()
    await banner.get_by_role("button").click()
    await expect(console.page.locator("#chat-title")).to_have_text("Fix <img src=x onerror=alert(1)>")
    await console.answer()
    async with api.platform.database.write() as connection:
        for id_ in ids:
            await store.close(connection, id_, datetime.now(UTC))
    await expect(banner).to_be_hidden()


async def test_e07_a_link_in_a_mail_opens_fix_it_once(open_console: Open, api: Api) -> None:
    webhook = await api.webhook("http://127.0.0.1:9/hook", name="Shop")
    console = await open_console()
    await console.visit(f"/?from=mail#fix={webhook['id']}")
    await expect(console.page.locator("#chat-title")).to_have_text("Fix Shop")
    assert "#" not in console.page.url
    assert "Shop" in await console.answer()
    await console.page.reload()
    await console.page.locator("html[data-ready]").wait_for()
    await expect(console.page.locator("#chat-title")).to_have_text("Assistant")


async def signed_out_at(console: Console, fragment: str) -> Page:
    """Open a link of a mail in a browser that is signed out, in a tab of its own."""
    await console.page.context.clear_cookies()
    page = await console.page.context.new_page()
    await page.goto(f"{console.api.url}/{fragment}")
    await expect(page.get_by_role("heading")).to_have_text("You are signed out")
    return page


async def sign_in(console: Console) -> None:
    token = await console.api.platform.gatekeeper.create_link_token(console.api.platform.workspace_id)
    await console.visit(f"/login?token={token}")


async def test_e07_a_link_outlives_signing_in_also_in_another_tab(console: Console) -> None:
    shop = await console.api.webhook("http://127.0.0.1:9/hook", name="Shop")
    await signed_out_at(console, f"#fix={shop['id']}")
    await sign_in(console)
    await expect(console.page.locator("#chat-title")).to_have_text("Fix Shop")
    assert console.page.url == f"{console.api.url}/"
    assert "Shop" in await console.answer()
    await console.visit("/")
    await expect(console.page.locator("#chat-title")).to_have_text("Assistant")


@pytest.mark.parametrize(
    "fragment",
    [
        "#fix=//evil.example",
        "#fix=https://evil.example/wh_1",
        "#fix=wh_1/../../v1/keys",
        "#fix=javascript:alert(1)",
        "#fix=key_1",
        "#to=wh_1",
    ],
)
async def test_only_ids_of_webhooks_are_kept_over_signing_in(console: Console, fragment: str) -> None:
    page = await signed_out_at(console, fragment)
    assert await page.evaluate("localStorage.getItem('hookwright.fix')") is None
    # Even if something else had been stored, it is followed nowhere.
    await page.evaluate("(text) => localStorage.setItem('hookwright.fix', `${Date.now()} ${text}`)", fragment[5:])
    asked: list[str] = []
    console.page.on("request", lambda request: asked.append(request.url))
    await sign_in(console)
    await console.page.wait_for_function("localStorage.getItem('hookwright.fix') === null")
    await expect(console.page.locator("#chat-title")).to_have_text("Assistant")
    assert console.page.url == f"{console.api.url}/"
    assert not [url for url in asked if not url.startswith(console.api.url) or "/v1/webhooks/" in url]


async def test_a_link_of_long_ago_is_not_followed(console: Console) -> None:
    shop = await console.api.webhook("http://127.0.0.1:9/hook", name="Shop")
    page = await signed_out_at(console, f"#fix={shop['id']}")
    aged = "(id) => localStorage.setItem('hookwright.fix', `${Date.now() - 3_600_001} ${id}`)"
    await page.evaluate(aged, shop["id"])
    await sign_in(console)
    await console.page.wait_for_function("localStorage.getItem('hookwright.fix') === null")
    await expect(console.page.locator("#chat-title")).to_have_text("Assistant")


async def test_a_link_to_an_unknown_webhook_says_so(console: Console) -> None:
    console.expected_statuses = {404}
    await console.visit("/?from=mail#fix=wh_nothing")
    await expect(console.page.locator("#toasts")).to_contain_text("wh_nothing")
    await console.visit("/?again#fix=../../v1/keys")
    await expect(console.page.locator("#chat-title")).to_have_text("Assistant")
