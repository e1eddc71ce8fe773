"""The page of integrations: what each assistant may call, what is missing for it, and the test button."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.async_api import Locator, Route, expect

from tests.acceptance.stub import Answer
from tests.console.conftest import Console, Open
from tests.console.shop import SECRET, Shop
from tests.serving import Api

PAGE = "/console/integrations"
WIDE = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
async def anyone(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key or cookie."""
    async with httpx2.AsyncClient(base_url=api.url) as client:
        yield client


def trigger(console: Console, name: str) -> Locator:
    return console.page.locator(".trigger").filter(has=console.page.get_by_role("heading", name=name, exact=True))


async def try_out(console: Console, name: str) -> Locator:
    await trigger(console, name).get_by_role("button", name=f"Try {name}").click()
    return console.page.get_by_role("dialog", name=f"Try {name}")


async def test_who_is_not_signed_in_learns_how_to(shop: Shop, anyone: httpx2.AsyncClient) -> None:
    session = await shop.session()
    for path in (PAGE, f"/console/sessions/{session}", "/console/sessions/nothing"):
        page = await anyone.get(path)
        assert page.status_code == 401
        assert "You are signed out" in page.text
        assert session not in page.text
    assert (await anyone.get(f"/console/assistants/{shop.assistant}/triggers")).status_code == 401


async def test_pages_allow_nothing_but_our_own_files(shop: Shop, anyone: httpx2.AsyncClient) -> None:
    front = await anyone.get("/")
    session = await shop.session()
    for path in (PAGE, f"/console/sessions/{session}", "/console/sessions/nothing"):
        page = await shop.api.client.get(path)
        for name in ("content-security-policy", "cache-control", "x-frame-options", "referrer-policy"):
            assert page.headers[name] == front.headers[name]


async def test_triggers_of_another_workspace_are_not_there(shop: Shop) -> None:
    gatekeeper = shop.api.platform.gatekeeper
    _, key = await gatekeeper.create_key(await gatekeeper.create_workspace("Other"), "other")
    async with shop.api.as_caller(key) as other:
        answer = await other.get(f"/console/assistants/{shop.assistant}/triggers")
        assert answer.status_code == 404
        assert (await other.get(PAGE)).status_code == 200


async def test_the_first_page_leads_to_the_integrations_on_every_screen(open_console: Open) -> None:
    for width in (1360, 390):
        console = await open_console(width, 800)
        await console.page.get_by_role("link", name="Integrations").click()
        await expect(console.page.get_by_role("heading", name="No assistants yet")).to_be_visible()
        await console.page.get_by_role("link", name="Hookwright").click()
        await expect(console.page.get_by_role("heading", name="All webhooks")).to_be_visible()


async def test_a_trigger_shows_what_it_calls_and_what_it_lacks(console: Console, shop: Shop) -> None:
    await console.visit(PAGE)
    order, ticket = trigger(console, "order_status"), trigger(console, "create_ticket")
    await expect(order).to_contain_text("/api/orders/$order_number?plan=$plan")
    await expect(order.locator(".chip[data-state=ok][data-source=secret]")).to_have_text("$erp_token")
    await expect(order.locator(".problems")).to_have_count(0)
    await expect(ticket).to_contain_text("Asks first")
    await expect(ticket).to_contain_text("Silent")
    await expect(ticket.locator(".chip[data-state=missing]")).to_have_text("$helpdesk_key not set")
    await expect(ticket.locator(".problems")).to_contain_text("$helpdesk_key is not in the vault")
    assert SECRET not in await console.page.content()
    assert shop.stub.seen == []


async def test_a_secret_that_may_not_go_to_the_host_is_marked(console: Console, shop: Shop) -> None:
    await shop.api.call("PUT", "/v1/secrets/erp_token", {"value": SECRET, "hosts": ["erp.company.com"]})
    await console.visit(PAGE)
    order = trigger(console, "order_status")
    await expect(order.locator(".chip[data-state=elsewhere]")).to_have_text("$erp_token not for this host")
    await expect(order.locator(".problems")).to_contain_text("may be sent to erp.company.com only, not to 127.0.0.1")


async def test_a_missing_secret_is_stored_from_here_and_not_seen_again(console: Console, shop: Shop) -> None:
    sent: list[tuple[str, str]] = []
    console.page.on("request", lambda request: sent.append((request.url, request.post_data or "")))
    await console.visit(PAGE)
    await console.page.get_by_role("button", name="Store $helpdesk_key").click()
    form = console.page.get_by_role("dialog", name="Store $helpdesk_key")
    await expect(form.get_by_label("May be sent to")).to_have_value(urlsplit(shop.stub.url).netloc)
    await form.get_by_label("Value").fill("planted-helpdesk-9931")
    await form.get_by_role("button", name="Save secret").click()
    ticket = trigger(console, "create_ticket")
    await expect(ticket.locator(".chip[data-state=ok]").filter(has_text="$helpdesk_key")).to_be_visible()
    await expect(ticket.locator(".problems")).to_have_count(0)
    assert [url for url, body in sent if "planted-helpdesk" in body] == [f"{shop.api.url}/v1/secrets/helpdesk_key"]
    assert "planted-helpdesk" not in await console.page.content()


async def test_a_credential_written_into_a_url_is_not_shown(console: Console, shop: Shop) -> None:
    url = f"{shop.stub.url}/x?api_key=planted-in-url"
    await shop.api.patch(f"/v1/triggers/{shop.order_status}", {"integration": {"url": url}})
    await console.visit(PAGE)
    await expect(trigger(console, "order_status")).to_contain_text("/x?api_key=••••••")
    assert "planted-in-url" not in await console.page.content()


async def test_preview_shows_the_masked_request_and_sends_nothing(console: Console, shop: Shop) -> None:
    await console.visit(PAGE)
    dialog = await try_out(console, "create_ticket")
    await dialog.get_by_label("issue_title").fill('It "broke"')
    await dialog.get_by_label("priority").select_option("high")
    await dialog.get_by_label("urgent").select_option("true")
    await dialog.get_by_label("count").fill("3")
    await dialog.get_by_label("extra").fill('{"a": 12345678901234567890}')
    await dialog.get_by_role("button", name="Preview").click()
    request = dialog.locator("[data-part=request]")
    await expect(request).to_contain_text(f"POST {shop.stub.url}/api/tickets")
    await expect(request).to_contain_text('"title": "It \\"broke\\""')
    await expect(request).to_contain_text('"urgent": "true"')
    await expect(request).to_contain_text('"token": "••••••"')
    await expect(dialog.locator("[data-part=warnings]")).to_contain_text("$helpdesk_key")
    assert shop.stub.seen == []
    assert SECRET not in await console.page.content()


async def test_sending_a_write_asks_first(console: Console, shop: Shop) -> None:
    shop.stub.says({"ticket": "T-77"}, 201)
    await console.visit(PAGE)
    dialog = await try_out(console, "create_ticket")
    await dialog.get_by_label("issue_title").fill("Broken")
    await dialog.get_by_label("priority").select_option("low")
    await dialog.get_by_role("button", name="Send").click()
    question = console.page.get_by_role("dialog", name="Send a real POST?")
    await question.get_by_role("button", name="Cancel").click()
    await expect(question).to_have_count(0)
    assert shop.stub.seen == []
    await dialog.get_by_role("button", name="Send").click()
    await question.get_by_role("button", name="Send POST").click()
    response = dialog.locator("[data-part=response]")
    await expect(response).to_contain_text("HTTP 201 Created")
    await expect(response).to_contain_text('"ticket": "T-77"')
    assert [seen.json["title"] for seen in shop.stub.seen] == ["Broken"]
    assert shop.stub.seen[0].json["token"] == SECRET


async def test_sending_a_read_shows_response_directive_and_time(console: Console, shop: Shop) -> None:
    shop.stub.says({"status": "in_transit", "session": {"client_data": {"last_order": "A-1"}}})
    session = await shop.session(client_data={"plan": "enterprise"})
    await console.visit(PAGE)
    dialog = await try_out(console, "order_status")
    await dialog.get_by_label("order_number").fill("A-1")
    await dialog.get_by_text("Session, client data and images").click()
    await dialog.get_by_label("Session", exact=True).select_option(session)
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.locator("[data-part=response] .verdict")).to_have_text(re.compile(r"HTTP 200 OK\d+ ms"))
    await expect(dialog).to_contain_text("Inform the customer of the order status clearly.")
    await expect(dialog.locator("[data-part='client data after the call']")).to_contain_text('"last_order": "A-1"')
    assert shop.stub.seen[0].target == "/api/orders/A-1?plan=enterprise"
    await dialog.get_by_role("link", name="this session").click()
    await expect(console.page.locator(".call-row")).to_have_count(1)


async def test_a_wrong_argument_is_shown_at_its_field(console: Console, shop: Shop) -> None:
    console.expected_statuses.add(422)
    await console.visit(PAGE)
    dialog = await try_out(console, "order_status")
    await dialog.get_by_role("button", name="Preview").click()
    field = dialog.get_by_label("order_number")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_be_focused()
    await dialog.get_by_text("Session, client data and images").click()
    await dialog.get_by_label("Client data").fill("{oops")
    await dialog.get_by_role("button", name="Preview").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("client_data: this is not valid JSON.")
    assert shop.stub.seen == []


async def test_no_answer_is_an_error_in_words(console: Console, shop: Shop) -> None:
    url = "http://127.0.0.1:9/$order_number"
    await shop.api.patch(f"/v1/triggers/{shop.order_status}", {"integration": {"url": url}})
    await console.visit(PAGE)
    dialog = await try_out(console, "order_status")
    await dialog.get_by_label("order_number").fill("A-1")
    await dialog.get_by_role("button", name="Send").click()
    error = dialog.locator("[data-part=response] .form-error")
    await expect(error).to_contain_text("Nothing accepts connections at 127.0.0.1:9.")
    await expect(dialog.locator("[data-part=request]")).to_contain_text("http://127.0.0.1:9/A-1")


async def test_sessions_are_listed_newest_first_and_on_demand_all(console: Console, shop: Shop) -> None:
    ids = [await shop.session(client_data={"number": number}) for number in range(23)]
    await console.visit(PAGE)
    rows = console.page.locator(".session-row code")
    assert await rows.all_inner_texts() == ids[:2:-1]
    await console.page.get_by_role("button", name="Show older sessions").click()
    await expect(rows).to_have_count(23)
    assert await rows.all_inner_texts() == ids[::-1]
    await expect(console.page.get_by_role("button", name="Show older sessions")).to_be_hidden()


async def test_the_address_chooses_among_assistants(console: Console, shop: Shop) -> None:
    other = (await shop.api.post("/v1/assistants", {"name": "Clinic"}))["id"]
    await console.visit(f"{PAGE}#{other}")
    await expect(console.page.get_by_role("heading", name="No triggers yet")).to_be_visible()
    await console.page.get_by_role("navigation", name="Assistants").get_by_role("link", name="Shop assistant").click()
    await expect(trigger(console, "order_status")).to_be_visible()


async def test_what_does_not_load_says_so_and_can_be_tried_again(console: Console, shop: Shop) -> None:
    console.expected_statuses.add(503)
    broken = {"value": True}

    async def fail(route: Route) -> None:
        await (route.fulfill(status=503, body="{}") if broken["value"] else route.continue_())

    await console.page.route("**/v1/assistants?*", fail)
    await console.visit(PAGE)
    await expect(console.page.get_by_role("heading", name="This did not load")).to_be_visible()
    broken["value"] = False
    await console.page.get_by_role("button", name="Try again").click()
    await expect(trigger(console, "order_status")).to_be_visible()
    assert shop.stub.seen == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_shows_it_without_sideways_scrolling(open_console: Open, shop: Shop, scheme: str) -> None:
    name = "n" + "a" * 63
    await shop.api.patch(f"/v1/triggers/{shop.order_status}", {"name": name})
    shop.stub.answer = lambda _seen: Answer(b"x" * 16_384)
    console = await open_console(360, 740, color_scheme=scheme)
    await console.visit(PAGE)
    assert not await console.page.evaluate(WIDE)
    dialog = await try_out(console, name)
    await dialog.get_by_label("order_number").fill("A-1")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.locator("[data-part=response]")).to_contain_text("Show more: 8,192 characters left")
    assert await dialog.evaluate("(it) => it.getBoundingClientRect().width <= innerWidth")
    assert await dialog.locator(".modal-body").evaluate("(it) => it.scrollWidth <= it.clientWidth")
