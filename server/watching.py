"""Everyone who watches a running process, behind one face: a watcher that fails is logged and harms nothing."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from webhooks.observer import Finished, Observer

log = logging.getLogger("hookwright.watching")


class Watcher(Observer, Protocol):
    """An observer of the engine who hears of requests, trigger calls and turns, too."""

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Hear of a request that was answered, by its route's template: a path may hold what nobody should log."""

    def called(self, class_: str, seconds: float) -> None:
        """Hear of a trigger's call, by the class of its answer (`refused`: nothing was sent)."""

    def turned(self, kind: str, outcome: str, seconds: float) -> None:
        """Hear of an assistant's turn: `configuring` or `session`; `finished`, `asked` or `failed`."""


class Watchers:
    """Tells each of several watchers."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = tuple(watchers)

    def accepted(self, workspace_id: str, new: Sequence[str], duplicates: int, seconds: float) -> None:
        """Pass on."""
        self._each(lambda watcher: watcher.accepted(workspace_id, new, duplicates, seconds))

    def claimed(self, count: int, seconds: float) -> None:
        """Pass on."""
        self._each(lambda watcher: watcher.claimed(count, seconds))

    def settled(self, finished: Sequence[Finished]) -> None:
        """Pass on."""
        self._each(lambda watcher: watcher.settled(finished))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Pass on."""
        self._each(lambda watcher: watcher.request(method, route, status, seconds))

    def called(self, class_: str, seconds: float) -> None:
        """Pass on."""
        self._each(lambda watcher: watcher.called(class_, seconds))

    def turned(self, kind: str, outcome: str, seconds: float) -> None:
        """Pass on."""
        self._each(lambda watcher: watcher.turned(kind, outcome, seconds))

    def _each(self, tell: Callable[[Watcher], None]) -> None:
        for watcher in self._watchers:
            try:
                tell(watcher)
            except Exception:
                log.exception("a watcher failed; what it watches goes on")
