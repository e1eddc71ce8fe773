"""Endpoints: how long they take to answer, and whether they do."""

import math
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from bench.fleet.clock import Clock, Resume, Wait
from bench.fleet.cores import Process


class Answer(NamedTuple):
    """What came of one request: whether it was delivered, and after how many seconds."""

    delivered: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How an endpoint answers: log-normal around a median, or not at all.

    Attributes:
        median_seconds: Half the answers are quicker.
        sigma: Standard deviation of the logarithm; 0.8 makes the 99th percentile six times the median.
        hangs: The share of requests that are never answered.
        timeout_seconds: How long we wait.

    """

    median_seconds: float
    sigma: float = 0.8
    hangs: float = 0.0
    timeout_seconds: float = 10.0

    def answer(self, rng: Random) -> Answer:
        """Draw an answer."""
        if self.hangs and rng.random() < self.hangs:
            return Answer(delivered=False, seconds=self.timeout_seconds)
        seconds = self.median_seconds * math.exp(rng.gauss(0.0, self.sigma))
        return Answer(seconds < self.timeout_seconds, min(seconds, self.timeout_seconds))

    @property
    def mean_seconds(self) -> float:
        """The mean of what answers, timeouts included."""
        return self.hangs * self.timeout_seconds + (1 - self.hangs) * self.median_seconds * math.exp(self.sigma**2 / 2)


PROMPT = Manner(0.040)
SLOW = Manner(0.600)
HANGING = Manner(0.040, hangs=1.0)


class Elsewhere:
    """Endpoints on other people's machines."""

    def __init__(self, clock: Clock, rng: Random) -> None:
        self._clock, self._rng = clock, rng

    def exchange(self, manner: Manner) -> Wait:
        """Return the wait for an answer."""
        answer = manner.answer(self._rng)
        return lambda resume: self._clock.after(answer.seconds, resume, answer)


class Receiver:
    """The receiver of the measurements: one process on the same cores, which answers at once."""

    def __init__(self, clock: Clock, process: Process, cpu_seconds: float) -> None:
        self._clock, self._process, self._cpu_seconds = clock, process, cpu_seconds

    def exchange(self, _: Manner) -> Wait:
        """Return the wait for an answer."""

        def begin(resume: Resume) -> None:
            asked = self._clock.now
            wait = self._process.run(self._cpu_seconds)
            wait(lambda _: resume(Answer(delivered=True, seconds=self._clock.now - asked)))

        return begin
