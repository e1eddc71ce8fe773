"""Processor time: cores that are shared evenly by all that want to run, and processes that run one thing at a time."""

import heapq
from collections import deque
from itertools import count
from random import Random

from bench.fleet.clock import Clock, Resume, Steps, Wait


class Cores:
    """Cores of one host. Each job gets the same share, at most one core (processor sharing).

    Args:
        clock: The time.
        number: How many; a fraction where something else takes the rest.

    """

    def __init__(self, clock: Clock, number: float) -> None:
        self._clock = clock
        self.number = number
        self.used = 0.0
        self._served = 0.0  # what a job that was always there would have got
        self._at = 0.0
        self._order = count()
        self._jobs: list[tuple[float, int, Resume]] = []  # by what `served` is when they are done
        self._plan = 0

    def run(self, seconds: float) -> Wait:
        """Return the wait for so many CPU seconds."""

        def begin(resume: Resume) -> None:
            self._settle()
            heapq.heappush(self._jobs, (self._served + seconds, next(self._order), resume))
            self._replan()

        return begin

    @property
    def _rate(self) -> float:
        return min(1.0, self.number / len(self._jobs)) if self._jobs else 0.0

    def _settle(self) -> None:
        gained = (self._clock.now - self._at) * self._rate
        self._served += gained
        self.used += gained * len(self._jobs)
        self._at = self._clock.now

    def _replan(self) -> None:
        self._plan += 1
        if self._jobs:
            self._clock.after(max(0.0, self._jobs[0][0] - self._served) / self._rate, self._end, self._plan)

    def _end(self, plan: int) -> None:
        if plan != self._plan:
            return
        self._settle()
        done, _, resume = heapq.heappop(self._jobs)
        self._served = max(self._served, done)
        self._replan()
        resume(None)


class Process:
    """A process with one thread: what it is asked for, it does one after the other, in the order of asking.

    Args:
        clock: The time.
        cores: Where it runs.
        share: What it gets of a core at most; waking up and waiting for a core take the rest.

    """

    def __init__(self, clock: Clock, cores: Cores, share: float = 1.0) -> None:
        self._clock, self._cores = clock, cores
        self._waiting = 1 / share - 1
        self._queue: deque[tuple[float, Resume]] = deque()
        self._busy = False
        self.used = 0.0

    def run(self, seconds: float) -> Wait:
        """Return the wait until it has spent so many CPU seconds on this."""

        def begin(resume: Resume) -> None:
            self._queue.append((seconds, resume))
            if not self._busy:
                self._next()

        return begin

    def _next(self) -> None:
        self._busy = True
        seconds, resume = self._queue.popleft()

        def done(_: object) -> None:
            self.used += seconds
            if self._waiting:
                self._clock.after(seconds * self._waiting, rested, None)
            else:
                rested(None)

        def rested(_: object) -> None:
            if self._queue:
                self._next()
            else:
                self._busy = False
            resume(None)

        self._cores.run(seconds)(done)


class Others:
    """What else runs on the same cores: a few processes that take so much of them in the mean, in bursts.

    Args:
        clock: The time.
        cores: Whose they take.
        share: How many cores in the mean.
        rng: How long bursts are.

    """

    _PROCESSES = 3
    _BURST_SECONDS = 0.02

    def __init__(self, clock: Clock, cores: Cores, share: float, rng: Random) -> None:
        self._clock, self._cores, self._rng = clock, cores, rng
        self._each = share / self._PROCESSES
        for _ in range(self._PROCESSES if share else 0):
            clock.spawn(self._run())

    def _run(self) -> Steps:
        used = 0.0
        while True:
            burst = self._rng.expovariate(1 / self._BURST_SECONDS)
            yield self._cores.run(burst)
            used += burst
            yield self._clock.sleep(max(0.0, used / self._each - self._clock.now))
