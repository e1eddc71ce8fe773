"""Open alerts in a real browser: the banner, and links that open Fix it (E07)."""

from datetime import UTC, datetime
from typing import Any

from playwright.async_api import expect

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


async def test_a_link_to_an_unknown_webhook_says_so(console: Console) -> None:
    console.expected_statuses = {404}
    await console.visit("/?from=mail#fix=wh_nothing")
    await expect(console.page.locator("#toasts")).to_contain_text("wh_nothing")
    await console.visit("/?again#fix=../../v1/keys")
    await expect(console.page.locator("#chat-title")).to_have_text("Assistant")
