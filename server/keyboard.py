"""The keyboard of `hookwright chat`: typed lines, checked as they come, and the ways out of the conversation."""

import signal
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.text import Text

from rules.errors import InvalidInput

Say = Callable[[str, str], None]

_LEAVING = frozenset({"/quit", "/exit", "/q", "quit", "exit"})


class Person(Protocol):
    """Whoever sits at the keyboard."""

    async def type(self, prompt: str, *, hidden: bool = False) -> str:
        """Return a typed line; raises EOFError at the end of input (Ctrl+D) and KeyboardInterrupt on Ctrl+C."""
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
        except (KeyboardInterrupt, EOFError):
            self._console.print()
            raise
        finally:
            signal.signal(signal.SIGINT, before)


class Prompts:
    """Asks a person, who may leave at any question; `left` tells whether that happened.

    Args:
        person: Who is asked.
        say: Shows a line in a style.

    """

    def __init__(self, person: Person, say: Say) -> None:
        self._person = person
        self._say = say
        self.left = False

    async def ask(self, prompt: str, *, hidden: bool = False) -> str:
        """Return a typed line; raises EOFError when the person leaves and KeyboardInterrupt on Ctrl+C."""
        try:
            typed = await self._person.type(prompt, hidden=hidden)
        except EOFError:
            self.left = True
            raise
        if typed.strip().lower() in _LEAVING:
            self.left = True
            raise EOFError
        return typed

    async def ask_checked(self, prompt: str, check: Callable[[str], None], *, hidden: bool = False) -> str:
        """Return a typed line that a check lets pass; what is wrong with one is said at once. Raises as `ask` does."""
        while True:
            typed = await self.ask(prompt, hidden=hidden)
            try:
                check(typed)
            except InvalidInput as error:
                self._say(error.detail, "red")
            else:
                return typed
