"""Publish N numbered events, kill something in the middle, and account for every one of them.

    python -m bench.reconcile [--events 20000] [--database sqlite|postgresql] [--kill worker|server|postgres|none]

Events are published over HTTP with retries and received by a process of its own that writes each request down. Midway,
what was named is killed with SIGKILL and started again by a supervisor. Then the receiver's journal, the delivery log
and the webhook's counters are compared with what was published; the exit status is 1 when anything is not accounted
for. PostgreSQL is a private instance with its default durability. On SQLite the worker is in the server.
"""

import argparse
import asyncio
import base64
import contextlib
import inspect
import math
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvloop

from bench.figures import Figure, tell
from bench.reconcile_accounts import Account, Counters, Logged, account
from bench.reconcile_receiver import Journal, recording
from bench.reconcile_system import System
from webhooks.worker import Worker

CLAIM_BATCH: int = inspect.signature(Worker).parameters["claims"].default  # what a worker holds at once, at most
RESUMED_SECONDS = 10.0
STALLED_SECONDS = 60.0
_PAGE = 200
_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_BATCH = 50
_PUBLISHERS = 8
_BACKLOG = 4_000
_QUIET_SECONDS = 0.3

Say = Callable[[str], None]


class Publisher:
    """Publishes numbered events until each is accepted; a number always has the same id, so repeating does no harm."""

    def __init__(self, http: httpx2.AsyncClient, journal: Journal, count: int) -> None:
        self.accepted: dict[int, str] = {}
        self.repeated = 0
        self.refused: list[str] = []
        self._http, self._journal, self._count = http, journal, count
        self._backlog = max(_BATCH, min(_BACKLOG, count // 4))
        self._run = secrets.token_hex(4)
        self._starts = iter(range(0, count, _BATCH))

    async def run(self) -> None:
        """Publish everything, never far ahead of what has arrived, so that a kill meets publishing as well."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_PUBLISHERS):
                group.create_task(self._publish())

    async def _publish(self) -> None:
        for start in self._starts:
            while len(self.accepted) - len(self._journal.numbers) > self._backlog:  # noqa: ASYNC110 - counted elsewhere
                await asyncio.sleep(0.01)
            numbers = range(start, min(start + _BATCH, self._count))
            events = [{"type": "numbered", "payload": {"n": n}, "id": f"evt_{self._run}_{n}"} for n in numbers]
            await self._insist(events)
            self.accepted.update({event["payload"]["n"]: event["id"] for event in events})  # type: ignore[index, misc]

    async def _insist(self, events: list[dict[str, Any]]) -> None:
        while True:
            try:
                answer = await self._http.post("/v1/events", json=events)
            except httpx2.TransportError as error:
                self.refused.append(type(error).__name__)
            else:
                if answer.status_code < 500:
                    accepted = answer.raise_for_status().json()["events"]
                    self.repeated += sum(event["duplicate"] for event in accepted)
                    return
                self.refused.append(str(answer.status_code))
            await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An account, and how long things took: seconds, None where nothing was killed.

    Attributes:
        account: What became of every event.
        resumed: From the kill to the first delivery after it.
        settled: From the kill until every delivery was settled.
        refused: Publishing requests that had to be repeated.

    """

    account: Account
    resumed: float | None
    settled: float | None
    refused: int

    @property
    def problems(self) -> list[str]:
        """What is not accounted for, and a recovery that took too long."""
        slow = self.resumed is not None and self.resumed > RESUMED_SECONDS
        return [*self.account.problems, *([f"resumed after {self.resumed:.1f} s only"] if slow else [])]


@asynccontextmanager
async def numbered_webhook(system: System, folder: Path, **receiver: Any) -> AsyncIterator[tuple[Journal, str]]:
    """Run a receiver with a webhook that sends to it, and give its journal and the webhook's id."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    with recording(folder / "journal", secret, **receiver) as journal:
        retry = {"strategy": "exponential", "base_seconds": 1, "max_retries": 10}
        draft = {"name": "numbered", "url": journal.url, "profile": "perspective", "secret": secret, "retry": retry}
        async with system.client() as http:
            created = (await http.post("/v1/webhooks", json=draft)).raise_for_status().json()
        yield journal, created["id"]


async def reconcile(system: System, folder: Path, events: int, kill: str, say: Say = lambda _: None) -> Outcome:
    """Publish `events` numbered events, kill something midway, and account for all of them.

    Args:
        system: What runs.
        folder: Where the receiver writes.
        events: How many, at least 200.
        kill: `server`, `worker`, `postgres` or `none`.
        say: Is told how far things are, once a second.

    Returns:
        The account, also when nothing has moved for a minute: what is missing then is in its problems.

    """
    async with numbered_webhook(system, folder) as (journal, webhook), system.client() as http:
        course = _Course(Publisher(http, journal, events), journal, events, say)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STALLED_SECONDS) as patience, asyncio.TaskGroup() as group:
                watching = group.create_task(course.watch(patience))
                publishing = group.create_task(course.publisher.run())
                if kill != "none":
                    await course.kill_midway(system, kill)
                await publishing
                await _settled(http, journal)
                watching.cancel()
        settled = time.monotonic()
        bound = 0 if kill == "none" else CLAIM_BATCH
        async with asyncio.timeout(STALLED_SECONDS + events / 100):
            logged, counters = await _log(http, webhook), await _counters(http, webhook)
        found = account(course.publisher.accepted, journal.read(), logged, counters, bound=bound)
        return course.outcome(found, settled)


class _Course:
    """How a run goes: what is published, what is killed when, and when deliveries come again."""

    def __init__(self, publisher: Publisher, journal: Journal, events: int, say: Say) -> None:
        self.publisher = publisher
        self._journal, self._events, self._say = journal, events, say
        self._killed: float | None = None
        self._resumed: float | None = None

    async def kill_midway(self, system: System, what: str) -> None:
        """Wait until two fifths have arrived, kill, and wait for the first delivery of whoever comes after."""
        while self._journal.count() < self._events * 2 // 5:  # noqa: ASYNC110 - the receiver is another process
            await asyncio.sleep(0.005)
        self._killed = time.monotonic()
        sent_after = await system.kill(what)
        if self._journal.count() >= self._events:
            raise RuntimeError("the kill came too late to prove anything; publish more events")
        self._say(f"killed {what} when {self._journal.count():,} of {self._events:,} had arrived")
        self._resumed = await self._first_after(sent_after)

    async def _first_after(self, moment: float) -> float:
        while True:
            later = [one.at for one in self._journal.read() if one.at > moment]
            if later:
                return min(later)
            await asyncio.sleep(0.02)

    async def watch(self, patience: asyncio.Timeout) -> None:
        """Say how far things are, and be patient as long as they move."""
        started, before = time.monotonic(), (-1, -1)
        while True:
            numbers = self._journal.count()
            again = len(self._journal.arrivals) - numbers
            now = (len(self.publisher.accepted), len(self._journal.arrivals))
            if now != before:
                before = now
                patience.reschedule(asyncio.get_running_loop().time() + STALLED_SECONDS)
            self._say(
                f"{time.monotonic() - started:5.0f} s: {now[0]:,} of {self._events:,} published, "
                f"{numbers:,} delivered, {again:,} again, "
                f"{len(self.publisher.refused):,} requests repeated"
            )
            await asyncio.sleep(1)

    def outcome(self, found: Account, settled: float) -> Outcome:
        """Put the account and the times together."""
        refused, missing = len(self.publisher.refused), self._events - len(self.publisher.accepted)
        if missing:
            found.problems.append(f"{missing} events were never accepted")
        if self._killed is None:
            return Outcome(found, None, None, refused)
        resumed = math.inf if self._resumed is None else self._resumed - self._killed
        return Outcome(found, resumed, settled - self._killed, refused)


async def _settled(http: httpx2.AsyncClient, journal: Journal) -> None:
    """Wait until nothing is pending, retried or claimed, and nothing arrives any more."""
    seen = -1
    while True:
        open_ = [await _total(http, status) for status in ("pending", "retrying")]
        arrived = len(journal.read())
        if not any(open_) and arrived == seen:
            return
        seen = arrived
        await asyncio.sleep(_QUIET_SECONDS)


async def _total(http: httpx2.AsyncClient, status: str) -> int:
    answer = await _patiently(http, "/v1/deliveries", status=status, limit=1)
    return int(answer["total"])


async def _patiently(http: httpx2.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    """Ask until there is an answer; whoever is restarted gives none for a while."""
    while True:
        try:
            answer = await http.get(path, params=query)
        except httpx2.TransportError:
            await asyncio.sleep(0.1)
            continue
        if answer.status_code < 500:
            found: dict[str, Any] = answer.raise_for_status().json()
            return found
        await asyncio.sleep(0.1)


async def _log(http: httpx2.AsyncClient, webhook: str) -> list[Logged]:
    """Read the whole delivery log; the attempts of what was not delivered at once, one by one."""
    logged: list[Logged] = []
    while page := (await _patiently(http, "/v1/deliveries", webhook_id=webhook, limit=_PAGE, offset=len(logged)))[
        "items"
    ]:
        logged += [await _logged(http, entry) for entry in page]
    return logged


async def _logged(http: httpx2.AsyncClient, entry: dict[str, Any]) -> Logged:
    reached, local = entry["attempts"], 0
    if (entry["status"], entry["attempts"]) != ("delivered", 1):
        attempts = (await _patiently(http, f"/v1/deliveries/{entry['id']}"))["attempts"]
        reached = sum(attempt["status_code"] is not None for attempt in attempts)
        local = sum(attempt["cause"] == "local_error" for attempt in attempts)
    return Logged(entry["id"], entry["event_id"], entry["status"], entry["attempts"], reached, local)


async def _counters(http: httpx2.AsyncClient, webhook: str) -> Counters:
    health = (await _patiently(http, f"/v1/webhooks/{webhook}"))["health"]
    return Counters(health["total"], health["successful"], health["failed"])


def report(outcome: Outcome, kill: str) -> list[str]:
    """Return what to print of an outcome."""
    lines = outcome.account.lines()
    if outcome.resumed is not None:
        lines.append(f"publishing requests that had to be repeated: {outcome.refused:,}")
        lines.append(
            f"{outcome.resumed:.2f} s from the kill of {kill} to the next delivery (goal < {RESUMED_SECONDS:g})"
        )
        lines.append(f"{outcome.settled:.2f} s until all was settled")
    verdict = [f"NOT ACCOUNTED FOR: {problem}" for problem in outcome.problems]
    return [*lines, *(verdict or ["everything is accounted for: receiver, delivery log and counters agree"])]


def figure(outcome: Outcome, options: argparse.Namespace) -> Figure:
    """Return the line of the numbers table."""
    account, resumed = outcome.account, outcome.resumed or 0.0
    return Figure(
        f"kill -9 of the {options.kill} among {options.events:,} events, {_NAMES[options.database]}",
        f"0 lost, at most {account.bound:,} sent again, next delivery < {RESUMED_SECONDS:g} s",
        f"{account.lost} lost, {account.again:,} sent again, next delivery after {resumed:.1f} s",
        met=not outcome.problems and resumed < RESUMED_SECONDS,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kill", choices=("worker", "server", "postgres", "none"), default="server")
    parser.add_argument("--workers", type=int, default=1, help="with --kill worker: how many there are")
    parser.add_argument("--json", action="store_true", help="print the figure as JSON in the last line")
    options = parser.parse_args()
    if options.database == "sqlite" and options.kill in {"worker", "postgres"}:
        parser.error(f"--kill {options.kill} needs --database postgresql; on SQLite, the worker is in the server")
    return options


async def main() -> int:
    """Reconcile once and return the exit status."""
    options = _options()
    workers = options.workers if options.kill == "worker" else 0
    with tempfile.TemporaryDirectory(prefix="hookwright-reconcile-") as folder:
        async with System(Path(folder), options.database, workers).running() as system:
            outcome = await reconcile(system, Path(folder), options.events, options.kill, print)
    print(f"\n{options.events:,} events on {options.database}, kill: {options.kill}")
    print(*report(outcome, options.kill), sep="\n")
    tell([figure(outcome, options)], as_json=options.json)
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
