"""Simulated time: an event loop over a heap, and tasks written as generators.

A task yields waits. A wait is a function that is given `resume` and calls it once, with what the task is to get.
(simpy would do the same; what is needed of it is what stands here, and the fleet needs no dependency.)
"""

import heapq
from collections.abc import Callable, Generator
from itertools import count
from typing import Any

Resume = Callable[[Any], None]
Wait = Callable[[Resume], None]
Steps = Generator[Wait, Any, None]


class Clock:
    """Seconds since the simulation began, and what is to happen when; what is due at one time happens as asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._due: list[tuple[float, int, Callable[[Any], None], Any]] = []

    def after(self, seconds: float, happen: Callable[[Any], None], value: Any = None) -> None:
        """Call `happen(value)` in so many seconds."""
        heapq.heappush(self._due, (self.now + seconds, next(self._order), happen, value))

    def sleep(self, seconds: float) -> Wait:
        """Return a wait of so many seconds."""
        return lambda resume: self.after(seconds, resume)

    def spawn(self, steps: Steps) -> "Task":
        """Start a task now."""
        task = Task(steps)
        self.after(0.0, task.resume)
        return task

    def run(self, until: float) -> None:
        """Let happen what is due until a moment."""
        due = self._due
        while due and due[0][0] <= until:
            self.now, _, happen, value = heapq.heappop(due)
            happen(value)
        self.now = until

    def run_while(self, condition: Callable[[], bool], most: float) -> None:
        """Let things happen while a condition holds, at most until a moment."""
        due = self._due
        while due and due[0][0] <= most and condition():
            self.now, _, happen, value = heapq.heappop(due)
            happen(value)


class Task:
    """A generator under way."""

    __slots__ = ("_steps", "alive")

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.alive = True

    def resume(self, value: Any = None) -> None:
        """Go on to the next wait; one that was killed does not."""
        if not self.alive:
            return
        try:
            wait = self._steps.send(value)
        except StopIteration:
            self.alive = False
            return
        wait(self.resume)

    def kill(self) -> None:
        """Never go on."""
        self.alive = False


class Flag:
    """Something that is set, and waited for, at most for some time; a setting from before counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._set = False
        self._waiting: Resume | None = None
        self._turn = 0

    def set(self, _: Any = None) -> None:
        """Set it; whoever waits goes on."""
        self._set = True
        self._wake(self._turn)

    def wait(self, seconds: float) -> Wait:
        """Return the wait; it clears the flag."""

        def begin(resume: Resume) -> None:
            self._turn += 1
            self._waiting = resume
            if self._set:
                self._wake(self._turn)
            else:
                self._clock.after(seconds, self._wake, self._turn)

        return begin

    def _wake(self, turn: int) -> None:
        if turn == self._turn and self._waiting is not None:
            resume, self._waiting, self._set = self._waiting, None, False
            self._clock.after(0.0, resume)
