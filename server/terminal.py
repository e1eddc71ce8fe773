"""`hookwright chat`: the assistant in a terminal, over the same REST calls and events as the console.

What is secret is typed hidden and sent to /v1/webhooks or /v1/secrets by this program itself; the conversation never
sees it.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.guided.wording import value_text
from server.cleaning import clean
from server.keyboard import Keyboard, Person, Prompts
from server.terminal_forms import Forms, gone, problem_of

_WORD = re.compile(r"\S*\s")
_YES, _NO = frozenset({"y", "yes"}), frozenset({"", "n", "no"})


class Flow:
    """Text that arrives in pieces, broken between words at the width of a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._column = 0
        self._rest = ""

    def add(self, text: str) -> None:
        """Show every word that is complete by now."""
        text = self._rest + text
        end = 0
        for word in _WORD.finditer(text):
            self._show(word[0])
            end = word.end()
        self._rest = text[end:]

    def end(self) -> None:
        """Show what is left, and end the line."""
        self._show(self._rest)
        self._console.print()
        self._column, self._rest = 0, ""

    def _show(self, word: str) -> None:
        if self._console.is_terminal:
            word = self._fitted(word)
        self._console.print(Text(word), end="", soft_wrap=True)
        self._column = 0 if word.endswith("\n") else self._column + cell_len(word)

    def _fitted(self, word: str) -> str:
        """Begin a new line for a word that does not fit; a space that does not fit is left out."""
        if self._column and cell_len(word.rstrip()) > self._console.width - self._column:
            self._console.print()
            self._column = 0
        return word.rstrip(" ") if cell_len(word) > self._console.width - self._column else word


async def converse(base_url: str, key: str, *, perspective_id: str | None = None) -> None:
    """Talk until the person leaves.

    Args:
        base_url: The running server.
        key: An API key of it.
        perspective_id: What to talk about, if it is one perspective.

    """
    console = Console()
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=base_url, headers=headers, timeout=httpx2.Timeout(10, read=360)) as client:
        terminal = Terminal(client, console, Keyboard(console), perspective_id=perspective_id)
        await terminal.run()


class Terminal:
    """One conversation in a terminal."""

    def __init__(
        self, client: httpx2.AsyncClient, console: Console, person: Person, *, perspective_id: str | None = None
    ) -> None:
        self._client = client
        self._console = console
        self._prompts = Prompts(person, self._line)
        self._forms = Forms(client, self._prompts, self._line)
        self._flow = Flow(console)
        self._perspective_id = perspective_id
        self._conversation_id: str | None = None
        self._suggestions: list[str] = []
        self._interrupt: dict[str, Any] | None = None

    async def run(self) -> None:
        """Ask, send, show; until the person leaves."""
        self._console.print(
            "Hookwright. Ask for a webhook, paste a curl command for an API call, or ask what is wrong. "
            "/quit leaves, at any question.",
            style="dim",
        )
        while not self._prompts.left:
            try:
                line = (await self._prompts.ask("\nyou> ")).strip()
            except (EOFError, KeyboardInterrupt):
                return
            if line:
                await self._exchange(self._chosen(line))

    def _chosen(self, line: str) -> str:
        number = int(line) if line.isascii() and line.isdigit() else 0
        if not 0 < number <= len(self._suggestions):
            return line
        self._line(f"→ {self._suggestions[number - 1]}", "cyan")
        return self._suggestions[number - 1]

    async def _exchange(self, message: str) -> None:
        body = {"message": message, "conversation_id": self._conversation_id, "perspective_id": self._perspective_id}
        await self._show("/v1/chat", {name: value for name, value in body.items() if value is not None})
        while self._interrupt is not None and not self._prompts.left:
            interrupt = self._interrupt
            value = await self._answer(interrupt, message)
            path = f"/v1/chat/{self._conversation_id}/resume"
            await self._show(path, {"interrupt_id": interrupt["id"], "value": value})
        for number, suggestion in enumerate(() if self._prompts.left else self._suggestions, 1):
            self._line(f"  {number}. {suggestion}", "cyan")

    async def _answer(self, interrupt: Mapping[str, Any], said: str) -> dict[str, Any]:
        """Let the person answer what came of a message; who leaves, has declined."""
        approval = interrupt["kind"] == "approval"
        declined: dict[str, Any] = {"approved": False} if approval else {"cancelled": True}
        try:
            if approval:
                return await self._approval(interrupt)
            if interrupt.get("form") == "secret":
                return await self._forms.secret(interrupt)
            return await self._forms.webhook(interrupt, said)
        except (EOFError, KeyboardInterrupt):
            return declined

    async def _show(self, path: str, body: dict[str, Any]) -> None:
        self._suggestions, self._interrupt = [], None
        async for event in self._events(path, body):
            self._take(event)

    async def _events(self, path: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        try:
            async with self._client.stream("POST", path, json=body, headers={"Accept": "text/event-stream"}) as answer:
                if answer.status_code != httpx2.codes.OK:
                    await answer.aread()
                    self._line(problem_of(answer), "red")
                    return
                async for line in answer.aiter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
        except httpx2.ConnectError:
            raise gone(self._client) from None
        except httpx2.HTTPError as error:
            self._line(f"The connection broke ({type(error).__name__}). The server finishes the turn by itself.", "red")

    def _take(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "RUN_STARTED":
                self._conversation_id = event["threadId"]
            case "TEXT_MESSAGE_CONTENT":
                self._flow.add(clean(event["delta"]))
            case "TEXT_MESSAGE_END":
                self._flow.end()
            case "TOOL_CALL_START":
                self._line(f"· {event['toolCallName']}", "dim")
            case "RUN_ERROR":
                self._line(event["message"], "red")
            case "CUSTOM":
                self._take_own(event["name"], event["value"])

    def _take_own(self, name: str, value: Any) -> None:
        if name == "hookwright.interrupt":
            self._interrupt = value
        elif name == "hookwright.suggestions":
            self._suggestions = list(value)
        elif name == "hookwright.changes":
            for change in value:
                self._line(f"✓ {change['action']} recorded as {change['id']}", "green")

    async def _approval(self, interrupt: Mapping[str, Any]) -> dict[str, Any]:
        self._line(f"\n{interrupt['title']}", "bold yellow")
        table = Table("", "before", "after")
        for change in interrupt.get("diff") or ():
            sides = (_shown(change["field"], change[side]) for side in ("before", "after"))
            table.add_row(*(Text(clean(cell)) for cell in (change["field"].replace("_", " "), *sides)))
        self._console.print(table)
        while (typed := (await self._prompts.ask("Do it? [y/N] ")).strip().lower()) not in _YES | _NO:
            self._line("Please type y or n.", "dim")
        return {"approved": typed in _YES}

    def _line(self, text: str, style: str) -> None:
        # Lines break between words in a terminal; what is long and without a space stays whole, to be copied.
        wrapped = Text(clean(text), style=style, overflow="ignore")
        self._console.print(wrapped, soft_wrap=not self._console.is_terminal, crop=False)


def _shown(field: str, value: Any) -> str:
    return "—" if value is None else value_text(field, value)
