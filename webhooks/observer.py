"""What the engine tells of its work: one call for each batch, with plain values, so that watching costs little."""

from collections.abc import Sequence
from typing import Protocol

from store.claims import Claimed
from webhooks.attempt import Attempted

Finished = tuple[Claimed, Attempted]


class Observer(Protocol):
    """Whoever watches the engine; its methods are called between two batches, so they are brief and never raise."""

    def accepted(self, workspace_id: str, new: Sequence[str], duplicates: int, seconds: float) -> None:
        """Hear which event ids were stored, how many were known already, and how long storing all of them took."""

    def claimed(self, count: int, seconds: float) -> None:
        """Hear how many deliveries were claimed at once, at least one, and how long that took."""

    def settled(self, finished: Sequence[Finished]) -> None:
        """Hear of attempts whose results are on disk, at least one."""


class NoObserver:
    """Nobody watches."""

    def accepted(self, workspace_id: str, new: Sequence[str], duplicates: int, seconds: float) -> None:
        """Do nothing."""

    def claimed(self, count: int, seconds: float) -> None:
        """Do nothing."""

    def settled(self, finished: Sequence[Finished]) -> None:
        """Do nothing."""


NOBODY: Observer = NoObserver()
