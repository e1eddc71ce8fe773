"""How those who make work due wake the workers that wait for some; whom nobody wakes finds it by polling."""

import asyncio
import contextlib
from collections.abc import Callable


class Wakeup:
    """A bell: rung by anyone, heard by the worker of this process, and by those of other processes when announced.

    Args:
        tell_others: Called by `announce`; must return at once.

    """

    def __init__(self, tell_others: Callable[[], None] | None = None) -> None:
        self._event = asyncio.Event()
        self._tell_others = tell_others

    def set(self) -> None:
        """Ring in this process."""
        self._event.set()

    def announce(self) -> None:
        """Ring in every process: something has become due that any worker may take."""
        self._event.set()
        if self._tell_others is not None:
            self._tell_others()

    def clear(self) -> None:
        """Forget rings from before: what they told of is about to be looked for."""
        self._event.clear()

    async def wait(self, seconds: float) -> None:
        """Wait for a ring, at most `seconds`; a ring from before counts."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # `wait_for` is a task more, and two turns of the loop
                await self._event.wait()
        self._event.clear()
