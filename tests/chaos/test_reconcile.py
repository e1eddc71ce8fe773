"""Every event is accounted for, whatever is killed in the middle; and the account sees what it is there to see."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.reconcile import reconcile, report
from bench.reconcile_accounts import Counters, Logged, account
from bench.reconcile_receiver import Arrival
from bench.reconcile_system import System

EVENTS = 1_500
PUBLISHED = {n: f"evt_{n}" for n in range(4)}
ARRIVALS = [Arrival(n, f"evt_{n}", f"dlv_{n}", float(n), signed=True, age=0.5) for n in range(4)]
LOGGED = [Logged(f"dlv_{n}", f"evt_{n}", "delivered", 1, 1, 0) for n in range(4)]
COUNTERS = Counters(4, 4, 0)


@pytest.mark.parametrize(
    ("database", "kill", "workers"),
    [("sqlite", "server", 0), ("postgresql", "worker", 1), ("postgresql", "postgres", 0)],
)
async def test_x05_every_event_is_accounted_for_after_a_kill(
    tmp_path: Path, tell: Callable[[str], None], database: str, kill: str, workers: int
) -> None:
    begun = time.monotonic()
    async with System(tmp_path, database, workers).running() as system:
        start = time.monotonic() - begun  # most of a recovery is the start of a process, which a busy machine draws out
        outcome = await reconcile(system, tmp_path, EVENTS, kill)
    for line in report(outcome, kill):
        tell(line)
    assert outcome.account.problems == []
    assert outcome.account.lost == 0
    assert outcome.resumed is not None
    assert outcome.resumed < 30 + 2 * start


def problems(
    published: dict[int, str] = PUBLISHED,
    arrivals: list[Arrival] = ARRIVALS,
    logged: list[Logged] = LOGGED,
    counters: Counters = COUNTERS,
    bound: int = 0,
) -> list[str]:
    return account(published, arrivals, logged, counters, bound=bound).problems


def test_all_in_order_is_no_problem() -> None:
    assert problems() == []
    found = account(PUBLISHED, ARRIVALS, LOGGED, COUNTERS, bound=0)
    assert (found.once, found.again, found.lost, found.strangers, found.unlogged) == (4, 0, 0, 0, 0)


def test_what_is_lost_and_what_comes_out_of_nowhere_is_named() -> None:
    assert "1 lost: 0" in problems(arrivals=ARRIVALS[1:])
    stranger = Arrival(9, "evt_9", "dlv_9", 9.0, signed=True, age=0.5)
    assert "1 out of nowhere: evt_9" in problems(arrivals=[*ARRIVALS, stranger])
    assert "1 out of nowhere: evt_0" in problems(arrivals=[ARRIVALS[0]._replace(number=1), *ARRIVALS])
    assert "1 out of nowhere: None" in problems(arrivals=[*ARRIVALS, Arrival(None, "", "", 9.0, signed=True, age=0.0)])


def test_more_repetitions_than_the_bound_are_a_problem() -> None:
    twice = [*ARRIVALS, ARRIVALS[0]]
    assert problems(arrivals=twice, bound=1) == []
    assert "1 requests arrived again, more than 0" in problems(arrivals=twice)
    assert "1 requests are not in the log, more than 0" in problems(arrivals=twice)


def test_a_wrong_signature_and_an_old_one_are_problems() -> None:
    assert "1 with a wrong signature: evt_0" in problems(arrivals=[ARRIVALS[0]._replace(signed=False), *ARRIVALS[1:]])
    assert "1 with an old timestamp: evt_0" in problems(arrivals=[ARRIVALS[0]._replace(age=400.0), *ARRIVALS[1:]])
    assert "1 with an old timestamp: evt_0" in problems(arrivals=[ARRIVALS[0]._replace(age=-400.0), *ARRIVALS[1:]])


def test_a_log_that_disagrees_is_a_problem() -> None:
    assert "1 not in the log: evt_0" in problems(logged=LOGGED[1:])
    assert "1 of a delivery that is not in the log: dlv_0" in problems(logged=LOGGED[1:])
    assert "1 in the log only: evt_9" in problems(logged=[*LOGGED, LOGGED[0]._replace(id="dlv_9", event="evt_9")])
    assert "1 in the log more than once: evt_0" in problems(logged=[*LOGGED, LOGGED[0]._replace(id="dlv_9")])
    assert "1 not delivered by the log: evt_0" in problems(logged=[LOGGED[0]._replace(status="failed"), *LOGGED[1:]])
    oftener = [LOGGED[0]._replace(attempts=2, reached=2), *LOGGED[1:]]
    assert "1 logged more often than they arrived: evt_0" in problems(logged=oftener, counters=Counters(5, 4, 1))


def test_counters_that_disagree_with_the_log_are_a_problem() -> None:
    assert any("counts Counters(total=5" in problem for problem in problems(counters=Counters(5, 4, 1)))
    retried = [LOGGED[0]._replace(attempts=2, reached=1), *LOGGED[1:]]
    assert problems(logged=retried, counters=Counters(5, 4, 1)) == []
    ours = [LOGGED[0]._replace(attempts=2, reached=1, local=1), *LOGGED[1:]]
    assert problems(logged=ours) == []
