"""The API reference: whole, true, and shown without a way out."""

import asyncio
import os
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect

from rules.validation import parse
from server.reference import METHODS, reference
from server.request_bodies import REQUEST_BODIES
from tests.console.conftest import WATCH_POLICY
from tests.serving import Api

BODILESS = {
    ("post", "/v1/deliveries/{delivery_id}/retry"),
    ("post", "/v1/changes/{change_id}/undo"),
    ("post", "/v1/webhooks/{webhook_id}/fix"),
}
PROMISED = """
    GET /docs · GET /openapi.json · GET /healthz · GET /readyz
    POST /v1/perspectives · GET /v1/perspectives/{perspective_id}/tags · GET /v1/event-types
    POST /v1/perspectives/{perspective_id}/conversations/{conversation_id}/end
    POST /v1/events · GET /v1/events/{event_id} · POST /v1/webhooks · PATCH /v1/webhooks/{webhook_id}
    POST /v1/webhooks/{webhook_id}/test · POST /v1/webhooks/{webhook_id}/rotate-secret
    GET /v1/webhooks/{webhook_id}/diagnosis · POST /v1/webhooks/{webhook_id}/fix
    POST /v1/webhooks/{webhook_id}/replay · GET /v1/deliveries · POST /v1/deliveries/{delivery_id}/retry
    GET /v1/changes · POST /v1/changes/{change_id}/undo · POST /v1/chat · POST /v1/chat/{conversation_id}/resume
    POST /v1/assistants · POST /v1/assistants/{assistant_id}/triggers · GET /v1/triggers/{trigger_id}
    PATCH /v1/triggers/{trigger_id} · DELETE /v1/triggers/{trigger_id} · POST /v1/triggers/{trigger_id}/run
    POST /v1/assistants/{assistant_id}/triggers/import · PUT /v1/secrets/{name} · GET /v1/secrets
    DELETE /v1/secrets/{name} · POST /session · PUT /session/{session_id} · GET /session/{session_id}
    POST /session/{session_id}/messages · GET /session/{session_id}/logs
"""


@pytest.fixture
async def page(browser: Browser, api: Api) -> AsyncIterator[Page]:
    """The reference, opened by somebody who is not signed in; complaints of the browser fail the test."""
    context = await browser.new_context()
    await context.add_init_script(WATCH_POLICY)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{api.url}/docs")
    await page.locator("html[data-ready]").wait_for()
    yield page
    assert complaints == []
    assert await page.evaluate("window.violations") == []
    await context.close()


async def test_it_shows_without_any_request_leaving_the_host(page: Page, api: Api) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload()
    await expect(page.get_by_role("heading", name="API reference")).to_be_visible()
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith(api.url)] == []


async def test_its_policy_is_the_console_s(api: Api) -> None:
    async with httpx2.AsyncClient(base_url=api.url) as anyone:
        console, docs = await anyone.get("/"), await anyone.get("/docs")
    assert docs.status_code == 200
    assert docs.headers["content-security-policy"] == console.headers["content-security-policy"]
    assert "hwk_01" not in docs.text


async def test_every_route_is_on_it(page: Page, api: Api) -> None:
    document = await api.get("/openapi.json")
    routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    promised = {tuple(each.split()) for each in re.split(r"·|\n", PROMISED) if each.strip()}
    shown = {tuple(each.split("\n")[:2]) for each in await page.locator(".operation summary").all_inner_texts()}
    assert shown >= routes | promised


async def test_every_body_is_described(api: Api) -> None:
    document = await api.get("/openapi.json")
    writing = {
        (method, path) for path, methods in document["paths"].items() for method in methods if method in METHODS[1:4]
    }
    assert writing - BODILESS == set(REQUEST_BODIES)
    for method, path in REQUEST_BODIES:
        assert document["paths"][path][method]["requestBody"]["content"]["application/json"]["example"]


async def test_the_key_that_makes_a_request_repeatable_is_described_with_its_refusal(api: Api) -> None:
    document = await api.get("/openapi.json")
    accepting = document["paths"]["/v1/events"]["post"]
    [header] = [each for each in accepting["parameters"] if each["in"] == "header"]
    assert (header["name"], header["required"], header["schema"]["maxLength"]) == ("Idempotency-Key", False, 255)
    assert "Idempotency-Replayed" in accepting["responses"]["202"]["headers"]
    refused = accepting["responses"]["409"]
    assert refused["content"]["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Problem"
    first = {"type": "purchase", "payload": {"n": 1}}
    for event, status in ((first, 202), ({**first, "payload": {"n": 2}}, 409)):
        answer = await api.client.post("/v1/events", json=event, headers={header["name"]: "order-1"})
        assert answer.status_code == status
    assert set(answer.json()) == set(document["components"]["schemas"]["Problem"]["properties"])


async def test_headers_and_refusals_are_shown(page: Page) -> None:
    operation = page.locator("#post-v1-events")
    await operation.locator("summary").click()
    await expect(operation.get_by_role("row").filter(has_text="header, string")).to_contain_text("1 to 255 characters")
    await expect(operation.get_by_role("row").filter(has_text="409")).to_contain_text("another body")


@pytest.mark.parametrize("route", REQUEST_BODIES, ids=" ".join)
def test_every_example_would_be_accepted(route: tuple[str, str]) -> None:
    parse(REQUEST_BODIES[route].model, REQUEST_BODIES[route].example)


async def test_every_reference_in_the_document_leads_somewhere(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).text
    schemas = (await api.get("/openapi.json"))["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', document)) <= set(schemas)
    assert "#/$defs" not in document


async def test_an_example_does_what_it_says(page: Page, api: Api) -> None:
    operation = page.locator("#post-v1-assistants")
    await operation.locator("summary").click()
    line = await operation.locator("pre.curl").inner_text()
    environment = {**os.environ, "HOOKWRIGHT_URL": api.url, "HOOKWRIGHT_KEY": api.key}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"{line} --silent --fail", env=environment, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0
    assert b"Shop assistant" in answer
    assert (await api.get("/v1/assistants"))["total"] == 1


async def test_fields_of_nested_objects_are_named(page: Page) -> None:
    operation = page.locator("#post-v1-assistants-assistant-id-triggers")
    await operation.locator("summary").click()
    row = operation.get_by_role("row").filter(has_text="integration.method")
    await expect(row).to_contain_text('"GET" | "POST" | "PUT" | "DELETE" | "PATCH"')
    await expect(operation.get_by_role("row").filter(has_text="integration.headers[].key")).to_contain_text("required")


async def test_search_finds_by_path_text_and_field(page: Page) -> None:
    await page.keyboard.press("/")
    field = page.get_by_role("searchbox")
    await expect(field).to_be_focused()
    for words, found in (("logs session", "/session/{session_id}/logs"), ("timeout_ms get post", "_id}/triggers")):
        await field.fill(words)
        await expect(page.locator(".operation:visible").filter(has_text=found).first).to_be_visible()
        assert await page.locator(".operation:visible").count() < 8
    await field.fill("zzz")
    await expect(page.locator("#found")).to_have_text("Nothing matches. Try fewer words.")
    await field.fill("")
    await expect(page.locator(".operation:visible").first).to_be_visible()


async def test_an_address_opens_what_it_names(page: Page, api: Api) -> None:
    await page.goto(f"{api.url}/docs#put-v1-secrets-name")
    await expect(page.locator("#put-v1-secrets-name")).to_have_attribute("open", "")
    await expect(page.locator("#put-v1-secrets-name summary")).to_be_in_viewport()


async def test_a_phone_shows_it_without_sideways_scrolling(page: Page) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_document_says_cannot_become_markup_or_break_the_curl_line() -> None:
    evil = "<script>alert(1)</script>"
    media = {"application/json": {"schema": {"properties": {evil: {"type": "string"}}}, "example": {"a": "it's $(id)"}}}
    operation = {"description": evil, "requestBody": {"content": media}}
    [group, _operations] = reference({"paths": {"/x": {"post": operation}}})
    assert group.operations[0].fields[0].name == evil
    assert """'{\n  "a": "it'"'"'s $(id)"\n}'""" in group.operations[0].curl
