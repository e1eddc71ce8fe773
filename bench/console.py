"""The console's first page in a real Chromium: bytes on the wire and time to interactive.

    python -m bench.console [--runs 5]

Headers and API answers are counted, too. The cache is off, and each run is a context of its own. Interactive is when
the page's own mark says that its handlers are there and its data is shown. Between the runs the same browser loads an
answer of one line from the same server: what is left of the time when there is next to no page.
"""

import shutil
import statistics

import uvloop
from playwright.async_api import Browser, async_playwright

from bench.figures import Figure, arguments, tell
from bench.servers import SQLITE, Server, serving, store

GOAL_KB, GOAL_MS = 40, 500
_MARK = "performance.getEntriesByName('hookwright-interactive')[0].startTime"
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


async def _visit(browser: Browser, url: str, cookies: list[dict[str, str]]) -> tuple[float, float, int]:
    """Load the page as somebody who comes for the first time; returns bytes, milliseconds and requests."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    await context.add_cookies(cookies)  # type: ignore[arg-type]  # they are what Playwright gave
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    received: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    await devtools.send("Network.enable")
    await devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await page.goto(url)
    await page.locator("html[data-ready]").wait_for()
    found = sum(received), float(await page.evaluate(_MARK)), len(received)
    await context.close()
    return found


async def _visit_nothing(browser: Browser, url: str) -> float:
    """Load an answer of one line; returns the milliseconds until the browser has loaded it."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(f"{url}/healthz")
    loaded = float(await page.evaluate(_LOADED))
    await context.close()
    return loaded


async def _sign_in(browser: Browser, server: Server, token: str) -> list[dict[str, str]]:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{server.url}/login?token={token}")
    await page.locator("html[data-ready]").wait_for()
    cookies = await context.cookies()
    await context.close()
    return cookies  # type: ignore[return-value]


async def _link_token(database_url: str) -> str:
    """Make a login link's token as `hookwright console-link` does, in this process."""
    from server.auth import Gatekeeper  # noqa: PLC0415 - the server's, not the bench's own
    from store.session import Database  # noqa: PLC0415

    database = Database(database_url)
    gatekeeper = Gatekeeper(database)
    token = await gatekeeper.create_link_token(await gatekeeper.default_workspace())
    await database.close()
    return token


async def main() -> None:
    """Measure and print medians."""
    parser = arguments(__doc__)
    options = parser.parse_args()
    async with store(SQLITE, None) as database_url, serving(database_url) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        cookies = await _sign_in(browser, server, await _link_token(database_url))
        visits, floors = [], []
        for _ in range(options.runs):
            floors.append(await _visit_nothing(browser, server.url))
            visits.append(await _visit(browser, server.url, cookies))
        major = browser.version.partition(".")[0]
        await browser.close()
    size, time_ms = (statistics.median(visit[column] for visit in visits) for column in (0, 1))
    figure = Figure(
        "console first page",
        f"≤ {GOAL_KB} KB on the wire, interactive < {GOAL_MS / 1000} s",
        f"{size / 1024:.1f} KB in {visits[0][2]} requests, interactive in {time_ms:.0f} ms, "
        f"an answer of one line in {statistics.median(floors):.0f} ms (Chromium {major})",
        met=size <= GOAL_KB * 1024 and time_ms < GOAL_MS,
    )
    tell([figure], as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
