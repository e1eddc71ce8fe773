"""Waking the workers of other processes, over PostgreSQL's LISTEN and NOTIFY.

NOTIFY in a transaction makes its commit wait for the one before it, so none is sent in those that store events. They
ring here after they have committed, and a task with a connection of its own notifies, at most once every few
milliseconds however often it rings. A notification that is lost costs nothing but the time until a worker polls.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import URL

from store import postgres

CHANNEL = "hookwright_due"
_PAUSE_SECONDS = 0.01
_QUIET_SECONDS = 20.0  # a connection that says nothing for so long is tried: it may be gone without a word
_ANSWER_SECONDS = 5.0
_RETRY_SECONDS = (0.1, 5.0)

log = logging.getLogger("hookwright.notify")


class Notifier:
    """Tells other processes that something is due, and hears it from them.

    Args:
        url: The database, reached without a pooler that shares connections between transactions: it would keep
            notifications from us, and workers would only poll.

    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._wanted = asyncio.Event()
        self._pause = _RETRY_SECONDS[0]

    def ring(self) -> None:
        """Have the others notified soon; returns at once."""
        self._wanted.set()

    async def run(self, heard: Callable[[], None] | None) -> None:
        """Notify, and call `heard` for what others notify, until cancelled; connects anew when the connection is lost.

        Args:
            heard: None for a process without a worker, which only tells.

        """
        while True:
            try:
                await self._connect_and_use(heard)
            except Exception as error:  # noqa: BLE001 - drivers have many words for a server that is gone
                log.warning("cannot notify at present; workers poll: %s", type(error).__name__)
            await asyncio.sleep(self._pause)
            self._pause = min(_RETRY_SECONDS[1], self._pause * 2)

    async def _connect_and_use(self, heard: Callable[[], None] | None) -> None:
        connection = await postgres.connect(self._url)
        try:
            await self._use(connection, heard)
        finally:
            connection.terminate()

    async def _use(self, connection: Any, heard: Callable[[], None] | None) -> None:
        connection.add_termination_listener(lambda _: self._wanted.set())
        if heard is not None:
            await _listen(connection, heard)
            if not self._wanted.is_set():  # else what is owed has to be sent, too: a server may refuse only that
                self._pause = _RETRY_SECONDS[0]
        while True:
            if await self._asked(_QUIET_SECONDS):
                await self._notify(connection)
                self._pause = _RETRY_SECONDS[0]
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)

    async def _asked(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._wanted.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _notify(self, connection: Any) -> None:
        self._wanted.clear()
        try:
            await connection.execute(f"NOTIFY {CHANNEL}", timeout=_ANSWER_SECONDS)
        except BaseException:
            self._wanted.set()  # the next connection owes it
            raise


async def _listen(connection: Any, heard: Callable[[], None]) -> None:
    ours = connection.get_server_pid()

    def hear(_connection: Any, sender: int, _channel: str, _payload: object) -> None:
        if sender != ours:
            heard()

    await connection.add_listener(CHANNEL, hear)
    heard()  # something may have been said while nobody listened
