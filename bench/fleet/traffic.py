"""Who sends how much: workspaces of very different size, and how their endpoints answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from bench.fleet.endpoint import HANGING, PROMPT, SLOW, Manner
from bench.fleet.queue import Hook


def zipf(count: int, exponent: float) -> list[float]:
    """Return the shares of `count` workspaces, the largest first: the n-th has 1 / n ** exponent of the first's."""
    weights = [1 / rank**exponent for rank in range(1, count + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


@dataclass(frozen=True, slots=True)
class Mix:
    """What shares of the webhooks answer how; the rest is prompt.

    Attributes:
        slow: The share that takes 0.6 s (median).
        hanging: The share that never answers.

    """

    slow: float = 0.05
    hanging: float = 0.01

    def manner(self, rng: Random) -> Manner:
        """Draw one."""
        drawn = rng.random()
        return HANGING if drawn < self.hanging else SLOW if drawn < self.hanging + self.slow else PROMPT


def hooks_of(workspaces: Sequence[int], mix: Mix, rng: Random, *, each: int = 1) -> list[list[Hook]]:
    """Make the webhooks of some workspaces, `each` for each of them; the first workspace's are always prompt."""
    return [
        [
            Hook(f"wh{number:06}.{index}", f"ws{number:06}", PROMPT if number == 0 else mix.manner(rng))
            for index in range(each)
        ]
        for number in workspaces
    ]


class Draw:
    """Draws one of some things by their weights, in logarithmic time."""

    def __init__(self, weights: Sequence[float], rng: Random) -> None:
        self._sums = list(accumulate(weights))
        self._numbers = range(len(weights))
        self._rng = rng

    def number(self) -> int:
        """Return the index of one."""
        return self._rng.choices(self._numbers, cum_weights=self._sums)[0]
