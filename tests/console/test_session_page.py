"""The page of one session: everything that a response holds is hostile, and everything that was sent is shown."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
from playwright.async_api import Locator, expect

from store import sessions as store
from tests.acceptance.stub import Answer
from tests.console.conftest import Console, Open
from tests.console.shop import SECRET, Shop

HOSTILE = "<img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>"
BIDI = "invoice\u202efdp.exe\u202c\u200b\u200b"
WIDE = "document.documentElement.scrollWidth > innerWidth"
CALLS = 1_000


async def opened(console: Console, session: str) -> Locator:
    """Open the page of a session and the newest call in it."""
    await console.visit(f"/console/sessions/{session}")
    await console.page.locator(".call-row").first.click()
    return console.page.locator(".call-detail").first


async def add_calls(shop: Shop, session: str, count: int, **values: Any) -> None:
    """Write calls into the log as the executor does."""
    workspace, now = shop.api.platform.workspace_id, datetime.now(UTC)
    async with shop.api.platform.database.write() as connection:
        for number in range(count):
            row = {
                "id": f"call_{number:04}",
                "workspace_id": workspace,
                "session_id": session,
                "trigger_id": shop.order_status,
                "trigger_name": "order_status",
                "method": "GET",
                "url": f"https://erp.company.com/api/orders/{number}",
                "request": {"headers": {}, "body": None},
                "variables": {},
                "warnings": [],
                "status": 200,
                "response_headers": {},
                "response_body": None,
                "error": None,
                "attempts": 1,
                "duration_ms": number,
                "at": now + timedelta(milliseconds=number),
            }
            await store.add_call(connection, {**row, **values})


async def test_a_session_of_another_workspace_is_not_there(shop: Shop) -> None:
    session = await shop.session()
    gatekeeper = shop.api.platform.gatekeeper
    _, key = await gatekeeper.create_key(await gatekeeper.create_workspace("Other"), "other")
    async with shop.api.as_caller(key) as other:
        for path in (session, "nothing", quote("<img src=x>", safe="")):
            answer = await other.get(f"/console/sessions/{path}")
            assert answer.status_code == 404
            assert "There is no such session" in answer.text
            assert "<img" not in answer.text
    assert (await shop.api.client.get(f"/console/sessions/{session}")).status_code == 200


async def test_a_call_opens_into_request_response_and_variables(console: Console, shop: Shop) -> None:
    shop.stub.says({"status": "in_transit", "id": 12345678901234567890, "token": SECRET}, **{"x-kind": "reply"})
    session = await shop.session(client_data={"plan": "enterprise"})
    await shop.look_up(session)
    detail = await opened(console, session)
    row = console.page.locator(".call-row")
    await expect(row).to_contain_text("200")
    await expect(row).to_contain_text("order_status")
    await expect(detail.locator("[data-part=request]")).to_contain_text(
        f"GET {shop.stub.url}/api/orders/A-1001?plan=enterprise"
    )
    await expect(detail.locator("[data-part=response] pre")).to_contain_text('"id": 12345678901234567890')
    await detail.get_by_text("response header").click()
    await expect(detail.locator("[data-part=response]")).to_contain_text("x-kind")
    lines = await detail.locator("tbody tr").all_inner_texts()
    told = {tuple(line.split()) for line in lines}
    assert told == {
        ("$order_number", "Argument", "A-1001"),
        ("$plan", "Client", "data", "enterprise"),
        ("$erp_token", "Secret", "••••••"),
    }
    assert SECRET not in await console.page.content()


async def test_an_error_and_warnings_are_on_the_row(console: Console, shop: Shop) -> None:
    shop.stub.says({"error": "no such order"}, 404)
    session = await shop.session()
    await shop.look_up(session)
    detail = await opened(console, session)
    await expect(console.page.locator(".call-row .state")).to_have_text("404")
    await expect(console.page.locator(".call-row")).to_contain_text("1 warning")
    await expect(detail.locator("[data-part=response]")).to_contain_text("HTTP 404 Not found")
    await expect(detail.locator("[data-part=warnings]")).to_contain_text("$plan")


async def test_a_call_that_was_not_sent_says_so(console: Console, shop: Shop) -> None:
    session = await shop.session()
    await shop.api.call("PUT", "/v1/secrets/erp_token", {"value": SECRET, "hosts": ["erp.company.com"]})
    body = {"arguments": {"order_number": "A-1"}, "session_id": session}
    await shop.api.refused("POST", f"/v1/triggers/{shop.order_status}/run", body)
    detail = await opened(console, session)
    await expect(console.page.locator(".call-row .state")).to_have_text("No answer")
    await expect(detail.locator("[data-part=response]")).to_contain_text("Nothing was sent")


async def test_hostile_responses_stay_text(console: Console, shop: Shop) -> None:
    asked: list[str] = []
    console.page.on("request", lambda request: asked.append(request.url))
    shop.stub.answer = lambda _seen: Answer(
        {"session": {"client_data": {"note": HOSTILE, "file": BIDI, "deep": {HOSTILE: HOSTILE}}}},
        headers={"X-Evil": "<img onerror=alert(3)>"},
    )
    session = await shop.session(images=["https://evil.example/photo.jpg?<script>"], client_data={"plan": HOSTILE})
    await shop.look_up(session)
    detail = await opened(console, session)
    await expect(detail.locator("[data-part=response] pre")).to_contain_text(HOSTILE)
    await expect(console.page.locator("#client-data")).to_contain_text(HOSTILE)
    await expect(console.page.locator("#client-data")).to_contain_text("invoiceU+202Efdp.exeU+202CU+200B ×2")
    link = console.page.locator("#images a")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert await console.page.locator("img, iframe, object, embed, main script").count() == 0
    assert "\u202e" not in await console.page.locator("main").inner_text()
    assert {url for url in asked if not url.startswith(shop.api.url)} == set()


async def test_a_plain_text_answer_in_html_stays_text(console: Console, shop: Shop) -> None:
    shop.stub.answer = lambda _seen: Answer(HOSTILE.encode(), headers={"Content-Type": "text/html"})
    session = await shop.session()
    await shop.look_up(session)
    detail = await opened(console, session)
    await expect(detail.locator("[data-part=response] pre")).to_have_text(HOSTILE)


async def test_no_body_and_null_are_told_apart(console: Console, shop: Shop) -> None:
    session = await shop.session()
    shop.stub.answer = lambda _seen: Answer(b"", 204)
    await shop.look_up(session)
    shop.stub.answer = lambda _seen: Answer(None)
    await shop.look_up(session)
    await console.visit(f"/console/sessions/{session}")
    rows = console.page.locator(".call-row")
    for index in (0, 1):
        await rows.nth(index).click()
    null, nothing = (console.page.locator(".call-detail [data-part=response]").nth(index) for index in (0, 1))
    await expect(null.locator("pre")).to_have_text("null")
    await expect(nothing).to_contain_text("The response has no body.")


async def test_one_long_line_is_cut_and_wraps(open_console: Open, shop: Shop) -> None:
    shop.stub.answer = lambda _seen: Answer(b"y" * 16_384)
    session = await shop.session(client_data={"k" * 60: "v" * 3_000})
    await shop.look_up(session)
    for width in (1360, 390):
        console = await open_console(width, 800)
        detail = await opened(console, session)
        body = detail.locator("[data-part=response] pre")
        assert len(await body.inner_text()) == 8_192
        await detail.get_by_role("button", name="Show more: 8,192 characters left").click()
        assert len(await body.inner_text()) == 16_384
        assert not await console.page.evaluate(WIDE)


async def test_a_thousand_calls_are_read_a_page_at_a_time(console: Console, shop: Shop) -> None:
    session = await shop.session()
    await add_calls(shop, session, CALLS)
    await console.visit(f"/console/sessions/{session}")
    rows, place = console.page.locator(".call-row"), console.page.locator("#range")
    await expect(place).to_have_text("1–50 of 1,000")
    await expect(rows).to_have_count(50)
    await expect(rows.first).to_contain_text("/orders/999")
    await expect(console.page.get_by_role("button", name="Newer")).to_be_disabled()
    await console.page.get_by_role("button", name="Older").click()
    await expect(place).to_have_text("51–100 of 1,000")
    await expect(rows.first).to_contain_text("/orders/949")
    await expect(rows).to_have_count(50)
    await console.page.get_by_role("button", name="Newer").click()
    await expect(place).to_have_text("1–50 of 1,000")


async def test_new_calls_appear_and_leave_open_rows_open(console: Console, shop: Shop) -> None:
    session = await shop.session()
    await console.visit(f"/console/sessions/{session}")
    await expect(console.page.get_by_role("heading", name="No calls yet")).to_be_visible()
    await shop.look_up(session, "FIRST-1")
    rows = console.page.locator(".call-row")
    await rows.first.click()
    await shop.look_up(session, "SECOND-2")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("SECOND-2")
    await expect(rows.nth(1)).to_have_attribute("aria-expanded", "true")
    await expect(console.page.locator(".call-detail")).to_contain_text("FIRST-1")
    await expect(console.page.locator("#live")).to_have_text("Live")


async def test_a_hidden_page_asks_nothing_and_catches_up_when_seen(console: Console, shop: Shop) -> None:
    session = await shop.session()
    await console.page.clock.install()
    await console.visit(f"/console/sessions/{session}")
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    await console.page.evaluate(hide, True)  # noqa: FBT003 - an argument of the page's function
    asked: list[str] = []
    console.page.on("request", lambda request: asked.append(request.url))
    await console.page.clock.run_for(120_000)
    assert asked == []
    await shop.look_up(session)
    await console.page.evaluate(hide, False)  # noqa: FBT003 - as above
    await expect(console.page.locator(".call-row")).to_have_count(1)


async def test_rows_work_from_the_keyboard(console: Console, shop: Shop) -> None:
    session = await shop.session()
    await shop.look_up(session)
    await console.visit(f"/console/sessions/{session}")
    row = console.page.locator(".call-row")
    for _ in range(12):
        await console.page.keyboard.press("Tab")
        if await row.evaluate("(it) => it === document.activeElement"):
            break
    await console.page.keyboard.press("Enter")
    await expect(row).to_have_attribute("aria-expanded", "true")
    await expect(console.page.locator(".call-detail")).to_be_visible()
    await console.page.keyboard.press("Space")
    await expect(console.page.locator(".call-detail")).to_have_count(0)
    await expect(row).to_be_focused()


async def test_the_conversation_is_told_with_its_calls(console: Console, shop: Shop) -> None:
    shop.stub.says({"status": "in_transit"})
    session = await shop.session(client_data={"plan": "basic"})
    await shop.api.post(f"/session/{session}/messages", {"message": f"Where is my order A-1001? {HOSTILE}"})
    await console.visit(f"/console/sessions/{session}")
    talk = console.page.locator("#talk")
    await expect(talk.locator(".said.you")).to_contain_text(f"Where is my order A-1001? {HOSTILE}")
    await expect(talk.locator(".said.reply").last).not_to_be_empty()
    await expect(console.page.locator(".crumbs")).to_contain_text("Shop assistant")


async def test_a_call_that_waits_for_the_person_is_marked(console: Console, shop: Shop) -> None:
    session = await shop.session()
    reply: dict[str, Any] = {}
    for message in ("Open a support ticket", "Broken lamp", "high"):
        reply = await shop.api.post(f"/session/{session}/messages", {"message": message})
    assert reply["interrupt"]
    await console.visit(f"/console/sessions/{session}")
    waiting = console.page.locator(".talk-line[data-outcome=alert]")
    await expect(waiting).to_contain_text("Waits for an answer")
    await shop.api.post(
        f"/session/{session}/resume", {"interrupt_id": reply["interrupt"]["id"], "value": {"approved": False}}
    )
    await expect(waiting).to_have_count(0)
    await expect(console.page.locator("#talk")).to_contain_text("declined")
    assert shop.stub.seen == []


async def test_a_session_that_ends_elsewhere_leads_back_to_the_link(console: Console, shop: Shop) -> None:
    console.expected_statuses.add(401)
    session = await shop.session()
    await console.visit(f"/console/sessions/{session}")
    await console.page.evaluate("fetch('/logout', {method: 'POST', headers: {'X-Hookwright-Csrf': '1'}})")
    await expect(console.page.get_by_role("heading", name="You are signed out")).to_be_visible()


async def test_what_does_not_load_says_so(console: Console, shop: Shop) -> None:
    console.expected_statuses.add(503)
    session = await shop.session()
    problem = json.dumps({"title": "The store does not answer now."})

    await console.page.route("**/session/*/logs?*", lambda route: route.fulfill(status=503, body=problem))
    await console.visit(f"/console/sessions/{session}")
    await expect(console.page.get_by_role("alert")).to_contain_text("The store does not answer now.")
    await console.page.unroute("**/session/*/logs?*")
    await console.page.get_by_role("button", name="Try again").click()
    await expect(console.page.get_by_role("heading", name="No calls yet")).to_be_visible()


async def test_the_log_of_nobody_is_for_nobody(shop: Shop) -> None:
    session = await shop.session()
    async with httpx2.AsyncClient(base_url=shop.api.url) as anyone:
        for path in (f"/session/{session}", f"/session/{session}/logs", "/sessions"):
            assert (await anyone.get(path)).status_code == 401
