"""A real browser on the real console; whatever the browser complains about fails the test."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, async_playwright

from tests.acceptance.stub import StubApi
from tests.console.shop import Shop, open_shop
from tests.serving import Api

# What headless Chromium needs on a machine without a display or a way out.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""


@dataclass
class Console:
    """A signed-in page, and what its browser complained about."""

    page: Page
    api: Api
    complaints: list[str] = field(default_factory=list)
    expected_statuses: set[int] = field(default_factory=set)

    def watch(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        refusal = any(
            f"the server responded with a status of {status}" in message.text for status in self.expected_statuses
        )
        if message.type in {"error", "warning"} and not refusal:
            self.complaints.append(message.text)

    async def check(self) -> None:
        """Fail on script errors and on anything that the Content-Security-Policy stopped."""
        assert self.complaints == []
        assert await self.page.evaluate("window.violations") == []

    async def visit(self, path: str) -> None:
        await self.page.goto(f"{self.api.url}{path}")
        await self.page.locator("html[data-ready]").wait_for()

    def card(self, name: str) -> Locator:
        return self.page.locator(".card").filter(has=self.page.get_by_role("button", name=name, exact=True))

    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")

    async def choose_perspective(self, perspective_id: str) -> None:
        await self.page.select_option("#perspective", perspective_id)

    async def say(self, message: str) -> None:
        await self.page.fill("#message", message)
        await self.page.keyboard.press("Enter")

    async def answer(self) -> str:
        """Wait until the assistant has finished and return its last answer."""
        await self.page.locator("#transcript[aria-busy=false]").wait_for()
        return await self.page.locator(".turn").last.inner_text()


Open = Callable[..., Awaitable[Console]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium where there is one, else Playwright's own."""
    async with async_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_console(browser: Browser, api: Api) -> AsyncIterator[Open]:
    """Open signed-in consoles; each is checked for complaints at the end."""
    opened: list[tuple[BrowserContext, Console]] = []

    async def open_one(width: int = 1440, height: int = 900, **options: Any) -> Console:
        context = await browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(15_000)
        await context.add_init_script(WATCH_POLICY)
        console = Console(await context.new_page(), api)
        console.watch()
        opened.append((context, console))
        token = await api.platform.gatekeeper.create_link_token(api.platform.workspace_id)
        await console.page.goto(f"{api.url}/login?token={token}")
        await console.page.locator("html[data-ready]").wait_for()
        return console

    yield open_one
    for context, console in opened:
        await console.check()
        await context.close()


@pytest.fixture
async def console(open_console: Open) -> Console:
    """One console in the usual size."""
    return await open_console()


@pytest.fixture
async def shop(api: Api) -> AsyncIterator[Shop]:
    """An assistant that calls a shop's API."""
    async with StubApi().serve() as stub:
        yield await open_shop(api, stub)
