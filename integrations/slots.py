"""How many calls may be under way at once: each one holds a connection, and deliveries need connections too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

OF_ONE_WORKSPACE: Final = 64
IN_ALL: Final = 256


class BusyError(Exception):
    """No slot became free in time."""


class Slots:
    """Lets calls begin in the order in which they came, so many of a workspace and so many in all."""

    def __init__(self, of_one: int = OF_ONE_WORKSPACE, in_all: int = IN_ALL) -> None:
        self._of_one = of_one
        self._all = asyncio.Semaphore(in_all)
        self._own: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, workspace_id: str, patience_seconds: float) -> AsyncIterator[None]:
        """Hold a slot within the block; raises BusyError when none is free for so long."""
        own = self._own.get(workspace_id)
        if own is None:
            own = self._own[workspace_id] = asyncio.Semaphore(self._of_one)
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(patience_seconds):
                    await held.enter_async_context(own)
                    await held.enter_async_context(self._all)
            except TimeoutError:
                raise BusyError from None
            yield
