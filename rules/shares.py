"""Dividing a webhook's limits among the workers that are alive, so that together they keep them (X06)."""

from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True, slots=True)
class Place:
    """A worker's place among those that are alive.

    Attributes:
        rank: 0 to `workers` - 1, different for each.
        workers: How many there are, this one included.

    """

    rank: int = 0
    workers: int = 1


def place_among(worker_id: str, alive: list[str]) -> Place:
    """Return a worker's place among those that are alive; one that is not listed yet counts itself in."""
    everyone = sorted({*alive, worker_id})
    return Place(everyone.index(worker_id), len(everyone))


def share_of(whole: int, webhook_id: str, place: Place) -> int:
    """Return a worker's part of a whole number; the parts of all workers add up to it, so some may be 0.

    What cannot be divided goes to workers that differ from webhook to webhook.
    """
    turn = (place.rank + crc32(webhook_id.encode())) % place.workers
    return whole // place.workers + (turn < whole % place.workers)
