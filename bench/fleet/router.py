"""The router in front of the cells: each workspace lives in one, can be moved, and waits while that one is down."""

import hashlib
from collections.abc import Callable, Sequence
from random import Random

from bench.fleet.cell import Cell
from bench.fleet.clock import Clock, Steps
from bench.fleet.queue import Hook

_RETRY_SECONDS = (0.5, 1.5)  # a caller that was answered 503 comes again
_LOOK_SECONDS = 0.05


def home_of(workspace_id: str, cells: int) -> int:
    """Return a workspace's cell by rendezvous hashing: one more cell moves only what is to live in it."""
    return max(range(cells), key=lambda cell: hashlib.sha256(f"{workspace_id} {cell}".encode()).digest())


class Router:
    """Sends events to the cell of their workspace.

    Args:
        clock: The time.
        cells: All cells.
        rng: When refused callers come again.
        place: The cell's number of a workspace; by default, its hash.

    """

    def __init__(
        self, clock: Clock, cells: Sequence[Cell], rng: Random, place: Callable[[str], int] | None = None
    ) -> None:
        self._clock, self._cells, self._rng = clock, cells, rng
        self._place = place or (lambda workspace_id: home_of(workspace_id, len(cells)))
        self._moved: dict[str, int] = {}
        self._held: dict[str, list[Hook]] = {}
        self.offered = 0
        self.refused = 0
        self.outside = 0  # refused, and not come again yet

    def settle(self, hook: Hook) -> None:
        """Create a webhook in the cell of its workspace."""
        self.cell_of(hook.workspace_id).queue.adopt(hook)

    def cell_of(self, workspace_id: str) -> Cell:
        """Return where a workspace lives."""
        number = self._moved.get(workspace_id)
        return self._cells[self._place(workspace_id) if number is None else number]

    def offer(self, hook: Hook) -> None:
        """Take one event from a caller."""
        self.offered += 1
        self._send(hook)

    @property
    def held(self) -> int:
        """How many events wait for the end of a move."""
        return sum(map(len, self._held.values()))

    def move(self, hooks: Sequence[Hook], target: int, copy_seconds: float) -> Steps:
        """Move a workspace with all its webhooks to another cell; its new events wait here meanwhile.

        Args:
            hooks: All webhooks of one workspace.
            target: The number of the cell.
            copy_seconds: How long its history takes to copy.

        """
        workspace_id, source = hooks[0].workspace_id, self.cell_of(hooks[0].workspace_id)
        self._held[workspace_id] = []
        for hook in hooks:
            hook.parked_until = float("inf")
        ids = {hook.id for hook in hooks}
        while any(one.webhook.id in ids for held in source.queue.claimed.values() for one in held.values()):
            yield self._clock.sleep(_LOOK_SECONDS)
        yield self._clock.sleep(copy_seconds)
        for hook in hooks:
            self._cells[target].queue.adopt(hook)
            hook.parked_until = 0.0
        self._moved[workspace_id] = target
        for hook in self._held.pop(workspace_id):
            self._send(hook)

    def _send(self, hook: Hook) -> None:
        held = self._held.get(hook.workspace_id)
        if held is not None:
            held.append(hook)
        else:
            self.cell_of(hook.workspace_id).accept(hook, self._refuse)

    def _refuse(self, hook: Hook) -> None:
        self.refused += 1
        self.outside += 1
        self._clock.after(self._rng.uniform(*_RETRY_SECONDS), self._again, hook)

    def _again(self, hook: Hook) -> None:
        self.outside -= 1
        self._send(hook)
