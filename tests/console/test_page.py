"""The page itself: how it is served, how big it is, how it looks on other screens."""

import re
from collections import Counter
from pathlib import Path

import httpx2
from playwright.async_api import Browser, expect

from server.ui.assets import AssetPack
from tests.console.conftest import Open
from tests.serving import Api

UI = Path(__file__).parents[2] / "server" / "ui"
BUDGET_BYTES = 40 * 1024
OFF_SCREEN = "(all) => all.filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map(String)"
# What has been asked of the API until the page was interactive, and what began it.
ASKED = """() => {
  const ready = performance.getEntriesByName("hookwright-interactive")[0].startTime;
  return performance.getEntriesByType("resource")
    .filter((entry) => entry.startTime < ready && entry.name.includes("/v1/"))
    .map((entry) => ({ path: entry.name.slice(location.origin.length), by: entry.initiatorType }));
}"""
TOP_NAMES = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


async def test_without_a_session_the_page_says_how_to_get_one(browser: Browser, api: Api) -> None:
    page = await browser.new_page()
    await page.goto(api.url)
    await expect(page.get_by_role("heading")).to_have_text("You are signed out")
    await expect(page.locator("body")).to_contain_text("hookwright console-link")
    await expect(page.locator("body")).to_contain_text("hookwright demo")
    await page.close()


async def test_a_spent_link_leads_a_browser_to_the_page_and_a_program_to_the_problem(
    open_console: Open, api: Api
) -> None:
    console = await open_console()
    token = await api.platform.gatekeeper.create_link_token(api.platform.workspace_id)
    for _ in range(2):  # the second time the link is spent, but this browser is signed in
        await console.page.goto(f"{api.url}/login?token={token}")
        await console.page.locator("html[data-ready]").wait_for()
    async with httpx2.AsyncClient(base_url=api.url) as anyone:
        led = await anyone.get("/login", params={"token": token}, headers={"Accept": "text/html"})
        refused = await anyone.get("/login", params={"token": token})
    assert (led.status_code, led.headers["location"]) == (303, "/")
    assert "set-cookie" not in led.headers
    assert refused.status_code == 401


async def test_the_policy_allows_nothing_but_our_own_files(api: Api) -> None:
    async with httpx2.AsyncClient(base_url=api.url) as anyone:
        page = await anyone.get("/")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["trusted-types"] == policy["base-uri"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_files_are_kept_for_ever_under_their_version(api: Api) -> None:
    async with httpx2.AsyncClient(base_url=api.url) as anyone:
        version = re.search(r"/static/([0-9a-f]{12})/", (await anyone.get("/")).text)
        assert version
        for name, kind in (("app.js", "text/javascript"), ("console.css", "text/css"), ("icon.svg", "image/svg+xml")):
            fresh = await anyone.get(f"/static/{version[1]}/{name}")
            assert fresh.headers["content-type"].startswith(kind)
            assert "immutable" in fresh.headers["cache-control"]
            assert fresh.headers["content-encoding"] == "gzip"
            assert len(fresh.content) > 300
            old = await anyone.get(f"/static/000000000000/{name}")
            assert old.headers["cache-control"] == "no-store"
        # dom.js is a part of shared.js: served beside it, it would be there twice.
        for path in ("nothing.js", "dom.js", "..%2ftemplates%2fconsole.html", "__init__.py"):
            assert (await anyone.get(f"/static/{version[1]}/{path}")).status_code == 404


async def test_the_first_page_fits_its_budget(open_console: Open) -> None:
    console = await open_console()
    devtools = await console.page.context.new_cdp_session(console.page)
    received: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    await devtools.send("Network.enable")
    await devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await console.page.reload()
    await console.page.locator("html[data-ready]").wait_for()
    assert len(received) in {9, 10}  # page, theme, styles, two modules, four answers; the icon may come later
    assert sum(received) < BUDGET_BYTES, f"{sum(received):.0f} bytes, headers and API answers included"


async def test_the_page_asks_for_its_data_before_its_modules_run_and_only_once(open_console: Open) -> None:
    console = await open_console()
    asked = await console.page.evaluate(ASKED)
    assert sorted(entry["path"] for entry in asked) == [
        "/v1/alerts?open=true",
        "/v1/me",
        "/v1/perspectives?limit=200",
        "/v1/webhooks?limit=200",
    ]
    assert {entry["by"] for entry in asked} == {"link"}


def test_modules_that_share_a_file_share_no_name() -> None:
    joined = re.findall(r"^// (\w+\.js)$", AssetPack(UI / "static").files["shared.js"].body.decode(), re.MULTILINE)
    assert {"dom.js", "api.js", "chat.js"} < set(joined)
    names = [name for module in joined for name in TOP_NAMES.findall((UI / "static" / module).read_text())]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_modules_may_import_each_other(tmp_path: Path) -> None:
    imports = {"app": ["egg"], "egg": ["hen", "app"], "hen": ["egg"], "page": ["cat"], "cat": ["dog"], "dog": ["cat"]}
    for name, wanted in imports.items():
        lines = [f'import {{ {each} }} from "./{each}.js";\n' for each in wanted]
        (tmp_path / f"{name}.js").write_text("".join(lines) + f"export const {name} = 1;\n")
    pack = AssetPack(tmp_path)
    assert pack.modules_of("page.js") == ["dog.js", "cat.js", "page.js"]
    assert pack.modules_of("app.js") == ["shared.js", "app.js"]
    shared = pack.files["shared.js"].body.decode()
    assert re.findall(r"^(?:import|export) .*$", shared, re.MULTILINE) == [
        "export const hen = 1;",
        'import { app } from "./app.js";',
        "export const egg = 1;",
    ]


def test_no_module_makes_markup_from_a_string() -> None:
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|setHTML|\.style\b"
    for path in (UI / "static").glob("*.js"):
        assert not re.search(sinks, path.read_text()), path.name
    for path in (UI / "templates").glob("*.html"):
        assert not re.search(
            r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|https?://(?!example)", path.read_text()
        ), path.name


async def test_the_page_is_interactive_in_half_a_second(open_console: Open) -> None:
    console = await open_console()
    times = []
    for _ in range(3):
        await console.page.reload()
        await console.page.locator("html[data-ready]").wait_for()
        mark = "performance.getEntriesByName('hookwright-interactive')[0].startTime"
        times.append(await console.page.evaluate(mark))
    assert min(times) < 500, times


async def test_colours_follow_the_system_and_the_switch(open_console: Open) -> None:
    console = await open_console(color_scheme="dark")
    dark = await console.page.evaluate(BACKGROUND)
    switch = console.page.locator("#theme")
    await switch.click()
    light = await console.page.evaluate(BACKGROUND)
    assert light != dark
    await console.page.reload()
    await console.page.locator("html[data-ready]").wait_for()
    assert await console.page.evaluate(BACKGROUND) == light
    await switch.click()
    assert await console.page.evaluate(BACKGROUND) == dark
    await expect(switch).to_have_attribute("title", "Theme: dark")


async def test_a_phone_shows_one_view_at_a_time_without_sideways_scrolling(
    open_console: Open, api: Api, endpoint: str
) -> None:
    await api.webhook(endpoint, name="A webhook with quite a long name that must wrap somewhere sensible")
    console = await open_console(360, 740)
    page = console.page
    for view, other in (("Assistant", "#webhooks"), ("Webhooks", "#assistant")):
        await page.get_by_role("navigation").get_by_role("button", name=view).click()
        await expect(page.locator(other)).to_be_hidden()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("document.querySelector('#webhooks').scrollWidth <= innerWidth")
    await page.get_by_role("button", name="New webhook").click()
    await console.dialog().wait_for()
    assert await page.evaluate("document.querySelector('dialog').getBoundingClientRect().width <= innerWidth")


async def test_motion_stops_for_those_who_ask(open_console: Open, api: Api, endpoint: str) -> None:
    await api.webhook(endpoint)
    console = await open_console(reduced_motion="reduce")
    await console.page.locator(".card").wait_for()
    duration = "getComputedStyle(document.querySelector('.button')).transitionDuration"
    assert float((await console.page.evaluate(duration)).split("s")[0]) < 0.001


async def test_a_session_that_ends_leads_back_to_the_link(open_console: Open) -> None:
    console = await open_console()
    console.expected_statuses.add(401)
    await console.page.locator("#list-empty:not([hidden])").wait_for()
    await console.page.evaluate("fetch('/logout', {method: 'POST', headers: {'X-Hookwright-Csrf': '1'}})")
    await expect(console.page.get_by_role("heading", name="You are signed out")).to_be_visible()


async def test_long_words_push_nothing_off_the_screen(open_console: Open, api: Api, endpoint: str) -> None:
    name = "W" + "o" * 119
    await api.webhook(endpoint, name=name)
    for width in (1360, 390):
        console = await open_console(width, 800)
        if width < 860:
            await console.page.get_by_role("button", name="Assistant", exact=True).click()
        await console.say(f"what does {name} send to {endpoint}/{'long' * 60} and why would it do so at all?")
        await console.answer()
        for button in ("Send", "New chat", "Earlier conversations"):
            await expect(console.page.get_by_role("button", name=button)).to_be_in_viewport(ratio=1)
        parts = console.page.locator("#assistant *:visible")
        assert await parts.evaluate_all(OFF_SCREEN) == []
