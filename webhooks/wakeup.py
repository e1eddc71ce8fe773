"""How those who make work due tell the worker of their own process; others are found by polling."""

import asyncio
import contextlib


class Wakeup:
    """A bell: rung by anyone, heard by one worker."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Ring."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Wait for a ring, at most `seconds`; a ring from before counts."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()
