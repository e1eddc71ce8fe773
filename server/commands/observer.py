"""Doing a job over the public API like anyone, and seeing to it that each step shows what it has to."""

import json
import textwrap
from collections.abc import Callable
from typing import Any

import httpx2
from rich.markup import escape

from rules.errors import HookwrightError

_EVIDENCE = textwrap.TextWrapper(
    78,
    initial_indent="    ",
    subsequent_indent="    ",
    max_lines=4,
    placeholder=" …",
    break_long_words=False,
    break_on_hyphens=False,
)


class NotSeenError(HookwrightError):
    """A step did not show what it had to."""


class Observer:
    """A caller of the API who believes only what is seen.

    Args:
        url: The server.
        key: An API key.
        say: Prints a line.

    """

    def __init__(self, url: str, key: str, say: Callable[[str], None]) -> None:
        self.client = httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        self._say = say

    async def get(self, path: str) -> dict[str, Any]:
        """Read something; raises NotSeenError when it is refused."""
        return self._answer(await self.client.get(path))

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """Post JSON; raises NotSeenError when it is refused."""
        return self._answer(await self.client.post(path, json=body))

    async def put(self, path: str, body: Any) -> dict[str, Any]:
        """Put JSON; raises NotSeenError when it is refused."""
        return self._answer(await self.client.put(path, json=body))

    def see(self, seen: bool, step: str, evidence: str | None, whole: Any) -> None:  # noqa: FBT001 - the fact itself
        """Print a step with its evidence; raises NotSeenError, with the whole of what came, when it was not seen."""
        if not seen:
            shown = json.dumps(whole, default=str, indent=1)[:4_000]
            raise NotSeenError(f"not seen: {step}. What came instead: {shown}")
        self._say(f"[green]✓[/green] {step}\n[dim]{escape(_EVIDENCE.fill(evidence or ''))}[/dim]")

    def _answer(self, response: httpx2.Response) -> dict[str, Any]:
        answer: dict[str, Any] = response.json()
        if response.status_code >= 400:
            request = response.request
            detail = f"{response.status_code}: {answer.get('detail')}"
            raise NotSeenError(f"{request.method} {request.url.path} answered {detail}")
        return answer
