"""`hookwright chat`: the assistant in a terminal, over the same REST calls and events as the console.

What is secret is typed hidden and sent to /v1/webhooks or /v1/secrets by this program itself; the conversation never
sees it.
"""

import json
import re
import signal
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import httpx2
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.guided.wording import value_text
from rules.errors import Unavailable
from server.cleaning import clean

_DRAFT = (
    *("name", "perspective_id", "profile", "event_filter", "conditions", "tag_filter", "trust_score"),
    *("retry", "timeout_ms", "rate_limit_per_second", "max_in_flight", "auto_disable_hours", "circuit_breaker"),
)
_WORD = re.compile(r"\S*\s")
_YES, _NO = frozenset({"y", "yes"}), frozenset({"", "n", "no"})
_LEAVE = frozenset({"/quit", "/exit", "/q"})


class Person(Protocol):
    """Whoever sits at the keyboard."""

    async def type(self, prompt: str, *, hidden: bool = False) -> str:
        """Return a typed line; raises EOFError at the end of input and on Ctrl+C."""
        ...


class Keyboard:
    """Reads lines from the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def type(self, prompt: str, *, hidden: bool = False) -> str:
        """Read one line, without an echo when it is secret.

        Nothing else goes on meanwhile, so the line is read here: a thread would keep the terminal after Ctrl+C.
        """
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._console.input(Text(prompt, style="bold cyan"), password=hidden)
        except KeyboardInterrupt:
            self._console.print()
            raise EOFError from None
        finally:
            signal.signal(signal.SIGINT, before)


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
        self._person = person
        self._flow = Flow(console)
        self._perspective_id = perspective_id
        self._conversation_id: str | None = None
        self._suggestions: list[str] = []
        self._interrupt: dict[str, Any] | None = None

    async def run(self) -> None:
        """Ask, send, show; until /quit or the end of input."""
        self._console.print(
            "Hookwright. Ask for a webhook, paste a curl command for an API call, or ask what is wrong. /quit leaves.",
            style="dim",
        )
        while True:
            try:
                line = (await self._person.type("\nyou> ")).strip()
                if line.lower() in _LEAVE:
                    return
                if line:
                    await self._exchange(self._chosen(line))
            except EOFError:
                return

    def _chosen(self, line: str) -> str:
        number = int(line) if line.isascii() and line.isdigit() else 0
        if not 0 < number <= len(self._suggestions):
            return line
        self._line(f"→ {self._suggestions[number - 1]}", "cyan")
        return self._suggestions[number - 1]

    async def _exchange(self, message: str) -> None:
        body = {"message": message, "conversation_id": self._conversation_id, "perspective_id": self._perspective_id}
        await self._show("/v1/chat", {name: value for name, value in body.items() if value is not None})
        while self._interrupt is not None:
            interrupt = self._interrupt
            value = await self._answer(interrupt)
            path = f"/v1/chat/{self._conversation_id}/resume"
            await self._show(path, {"interrupt_id": interrupt["id"], "value": value})
        for number, suggestion in enumerate(self._suggestions, 1):
            self._line(f"  {number}. {suggestion}", "cyan")

    async def _answer(self, interrupt: Mapping[str, Any]) -> dict[str, Any]:
        approval = interrupt["kind"] == "approval"
        try:
            if interrupt.get("form") == "secret":
                return await self._secret_form(interrupt)
            return await (self._approval(interrupt) if approval else self._form(interrupt))
        except EOFError:
            return {"approved": False} if approval else {"cancelled": True}

    async def _show(self, path: str, body: dict[str, Any]) -> None:
        self._suggestions, self._interrupt = [], None
        async for event in self._events(path, body):
            self._take(event)

    async def _events(self, path: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        try:
            async with self._client.stream("POST", path, json=body, headers={"Accept": "text/event-stream"}) as answer:
                if answer.status_code != httpx2.codes.OK:
                    await answer.aread()
                    self._problem(answer)
                    return
                async for line in answer.aiter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
        except httpx2.ConnectError:
            raise self._gone() from None
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
        while (typed := (await self._person.type("Do it? [y/N] ")).strip().lower()) not in _YES | _NO:
            self._line("Please type y or n.", "dim")
        return {"approved": typed in _YES}

    async def _form(self, interrupt: Mapping[str, Any]) -> dict[str, Any]:
        prefill = interrupt.get("prefill") or {}
        how = "Ctrl+C" if prefill.get("url") else "an empty URL"
        self._line(f"\n{interrupt['title']} ({how} cancels; secrets go straight to the server)", "bold yellow")
        while True:
            typed = await self._fields(prefill)
            if typed is None:
                return {"cancelled": True}
            answer = await self._save(prefill, typed)
            if answer.is_success:
                webhook = answer.json()
                if webhook.get("secret"):
                    self._line(f"Signing secret, shown this one time: {webhook['secret']}", "bold")
                return {"webhook_id": webhook["id"]}
            self._problem(answer)

    async def _secret_form(self, interrupt: Mapping[str, Any]) -> dict[str, Any]:
        prefill = interrupt["prefill"]
        self._line(
            f"\n{interrupt['title']} (an empty value cancels; it goes straight to the server)",
            "bold yellow",
        )
        present = ", ".join(clean(host) for host in prefill.get("hosts") or ())
        while True:
            value = await self._person.type(f"Value of {clean(prefill['name'])}, hidden: ", hidden=True)
            if not value:
                return {"cancelled": True}
            typed = await self._person.type(f"Hosts it may be sent to{f' [{present}]' if present else ''}: ")
            hosts = [host for host in re.split(r"[\s,]+", typed.strip() or present) if host]
            answer = await self._put_secret(prefill["name"], {"value": value, "hosts": hosts})
            if answer.is_success:
                return {"secret_name": prefill["name"]}
            self._problem(answer)

    async def _put_secret(self, name: str, body: Mapping[str, Any]) -> httpx2.Response:
        try:
            return await self._client.put(f"/v1/secrets/{name}", json=body)
        except httpx2.TransportError:
            raise self._gone() from None

    async def _fields(self, prefill: Mapping[str, Any]) -> dict[str, Any] | None:
        typed: dict[str, Any] = {}
        present = prefill.get("url") or ""
        hint = f" [{clean(present)}]" if present else ""
        url = (await self._person.type(f"URL{hint}: ")).strip() or present
        if url in {"", "-"}:
            return None
        typed["url"] = url
        header = prefill.get("auth_header") or {}
        known = f" [{clean(header['name'])}; - removes it]" if header else " [none]"
        name = (await self._person.type(f"Auth header name{known}: ")).strip()
        if name == "-":
            return {**typed, "auth_header": None}
        if name or header:
            keep = " (empty keeps it)" if header and name in {"", header["name"]} else ""
            value = await self._person.type(f"Auth header value, hidden{keep}: ", hidden=True)
            if value:
                typed["auth_header"] = {"name": name or header["name"], "value": value}
            elif name and not keep:
                typed["auth_header"] = {"name": name}
        return typed

    async def _save(self, prefill: Mapping[str, Any], typed: dict[str, Any]) -> httpx2.Response:
        try:
            if prefill.get("webhook_id"):
                return await self._client.patch(f"/v1/webhooks/{prefill['webhook_id']}", json=typed)
            known = {name: prefill[name] for name in _DRAFT if name in prefill}
            return await self._client.post("/v1/webhooks", json={**known, **typed})
        except httpx2.TransportError:
            raise self._gone() from None

    def _gone(self) -> Unavailable:
        return Unavailable(f"No server answers at {self._client.base_url}. Start one with `hookwright serve`.")

    def _problem(self, answer: httpx2.Response) -> None:
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = f"The server answered with HTTP {answer.status_code}."
        self._line(str(detail), "red")

    def _line(self, text: str, style: str) -> None:
        # Lines break between words in a terminal; what is long and without a space stays whole, to be copied.
        wrapped = Text(clean(text), style=style, overflow="ignore")
        self._console.print(wrapped, soft_wrap=not self._console.is_terminal, crop=False)


def _shown(field: str, value: Any) -> str:
    return "—" if value is None else value_text(field, value)
