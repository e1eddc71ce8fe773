"""The laws that every simulation of a fleet must keep, whatever its figures are."""

import math
from itertools import pairwise
from random import Random

import pytest

from bench.fleet.cell import Cell, Hosts, Layout
from bench.fleet.clock import Clock, Flag, Steps
from bench.fleet.cores import Cores, Process
from bench.fleet.costs import Costs, Ingest, Work
from bench.fleet.database import Disk, Pool, RowLocks, Server, TooManyConnections
from bench.fleet.endpoint import PROMPT, Elsewhere, Manner
from bench.fleet.queue import Hook
from bench.fleet.router import home_of
from bench.fleet.simulate import cell_under_load, fleet_with_loss, quantile
from bench.fleet.traffic import Mix, zipf

COSTS = Costs(
    machine="none",
    date="2026-01-01",
    postgres_version="15",
    cores=2,
    worker=Work(150e-6, 2e-3, 1e-4),
    core_share=1.0,
    postgres=Work(80e-6, 5e-4, 2e-5),
    upkeep_per_delivery=2e-6,
    receiver_per_delivery=27e-6,
    producer=2e-3,
    producer_postgres=5e-4,
    api=Ingest(1e-3, 1e-4),
    postgres_ingest=Ingest(4e-4, 5e-5),
    commit_seconds=1e-3,
    notify_cpu=4e-5,
    wal_per_delivery=3600,
    wal_per_event=3000,
    event_bytes=1400,
    delivery_bytes=700,
    delivery_bloat=1.2,
    attempt_bytes=700,
    payload_bytes=960,
    request_bytes=1400,
    worker_connections=2,
    api_connections=11,
    worker_memory=1.6e8,
)
LAYOUT = Layout(2, 1, 4, 2, 1, events_per_request=10)


def wait_of_one_server(rate: float, draw: object, *, seconds: float = 3000.0) -> tuple[float, float, float]:
    """Let jobs come to one process at random; returns their mean time, how many are there in the mean, and the rate."""
    clock, rng = Clock(), Random(7)
    process = Process(clock, Cores(clock, 1))
    times: list[float] = []
    area, inside, since = 0.0, 0, 0.0

    def count(by: int) -> None:
        nonlocal area, inside, since
        area, inside, since = area + inside * (clock.now - since), inside + by, clock.now

    def job() -> Steps:
        came = clock.now
        count(1)
        yield process.run(draw(rng))  # type: ignore[operator]
        count(-1)
        times.append(clock.now - came)

    def bring() -> Steps:
        while True:
            yield clock.sleep(rng.expovariate(rate))
            clock.spawn(job())

    clock.spawn(bring())
    clock.run(seconds)
    return sum(times) / len(times), area / seconds, len(times) / seconds


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_server_with_random_work_waits_as_m_m_1_says(load: float):
    mean, _, _ = wait_of_one_server(load, lambda rng: rng.expovariate(1.0), seconds=40_000.0)
    assert mean == pytest.approx(1 / (1 - load), rel=0.15)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_server_with_constant_work_waits_as_m_d_1_says(load: float):
    mean, _, _ = wait_of_one_server(load, lambda _: 1.0)
    assert mean == pytest.approx(1 + load / (2 * (1 - load)), rel=0.1)


def test_as_many_are_inside_as_come_times_how_long_they_stay():
    mean, inside, throughput = wait_of_one_server(0.7, lambda rng: rng.expovariate(1.0))
    assert inside == pytest.approx(throughput * mean, rel=0.01)


def test_cores_are_shared_evenly_and_none_gives_more_than_a_second_a_second():
    clock = Clock()
    cores = Cores(clock, 2)
    ended: list[float] = []
    for seconds in (1.0, 1.0, 2.0):
        cores.run(seconds)(lambda _: ended.append(clock.now))
    clock.run(10)
    assert ended == pytest.approx([1.5, 1.5, 2.5])  # two thirds each, then the last one a whole core
    assert cores.used == pytest.approx(4.0)


def test_commits_that_come_during_a_flush_share_the_next_one():
    clock = Clock()
    disk = Disk(clock, 0.01, bytes_per_second=math.inf)
    ended: list[float] = []
    for _ in range(5):
        disk.commit(100)(lambda _: ended.append(clock.now))
    clock.run(1)
    assert ended == pytest.approx([0.01, 0.02, 0.02, 0.02, 0.02])
    assert (disk.flushes, disk.written) == (2, 500)


def test_a_row_is_held_by_one_transaction_at_a_time():
    locks, log = RowLocks(), []
    for name in ("first", "second", "third"):
        locks.take("row")(lambda _, name=name: log.append(name))
    assert log == ["first"]
    locks.release(["row"])
    assert log == ["first", "second"]


def test_a_flag_that_was_set_before_is_not_waited_for():
    clock = Clock()
    flag, log = Flag(clock), []

    def waits() -> Steps:
        yield flag.wait(1.0)
        log.append(clock.now)
        yield flag.wait(1.0)
        log.append(clock.now)

    flag.set()
    clock.spawn(waits())
    clock.run(5)
    assert log == [0.0, 1.0]


def test_connections_end_at_the_servers_maximum():
    clock = Clock()
    server = Server(clock, Cores(clock, 1), commit_seconds=0, max_connections=3)
    pool, got = Pool(server, 2), []
    for _ in range(3):
        pool.take()(got.append)
    assert len(got) == 2  # the third waits for one of them
    pool.give(got[0])
    clock.run(1)
    assert got[2] is got[0]
    server.connect()
    with pytest.raises(TooManyConnections):
        server.connect()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_or_made_up_when_a_cell_is_lost_and_a_workspace_moves(seed: int):
    outcome = fleet_with_loss(COSTS, LAYOUT, 60, workspaces=30, outage_seconds=4, copy_seconds=1, seconds=30, seed=seed)
    assert outcome.lost == 0
    assert outcome.refused > 0
    assert outcome.offered == outcome.accepted == outcome.delivered
    assert outcome.outside == 0
    assert outcome.moved_seconds >= 1


def test_an_event_that_was_stored_before_its_caller_heard_of_it_is_not_taken_in_again():
    outcomes = [
        fleet_with_loss(COSTS, LAYOUT, 300, workspaces=30, outage_seconds=2, seconds=20, seed=n) for n in (1, 2)
    ]
    assert [outcome.lost for outcome in outcomes] == [0, 0]
    assert all(outcome.accepted + outcome.outside == outcome.offered for outcome in outcomes)


def test_every_delivery_of_a_cell_is_somewhere_while_endpoints_hang():
    outcome = cell_under_load(COSTS, LAYOUT, 400, seconds=3, mix=Mix(slow=0.1, hanging=0.1))
    assert outcome.lost == 0
    assert outcome.rate > 0


def test_a_worker_that_is_killed_leaves_claims_that_are_given_back():
    clock = Clock()
    hosts = Hosts.of(clock, LAYOUT)
    cell = Cell(clock, COSTS, LAYOUT, hosts, Elsewhere(clock, Random(1)), Random(2))
    hook = Hook("wh", "ws", Manner(2.0, sigma=0.0))
    cell.queue.adopt(hook)
    cell.start()
    for _ in range(40):
        cell.accept(hook, lambda _: None)
    clock.run(1.0)
    assert cell.queue.under_way > 0
    cell.fail(1.0)
    clock.run(30.0)
    assert (cell.queue.delivered, cell.queue.lost) == (40, 0)
    assert cell.queue.duplicates > 0  # what was under way reached the endpoint twice


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_and_another_seed_something_else(seed: int):
    first, again = (cell_under_load(COSTS, LAYOUT, 300, seconds=1, seed=seed) for _ in range(2))
    assert first == again
    assert first != cell_under_load(COSTS, LAYOUT, 300, seconds=1, seed=seed + 10)


def test_more_cores_are_never_slower():
    rates = [
        cell_under_load(
            COSTS, Layout(4, 2, cores, cores, 2, events_per_request=10), 4000, seconds=1, mix=Mix(0, 0)
        ).rate
        for cores in (0.5, 1, 2, 4)
    ]
    assert all(more >= 0.98 * less for less, more in pairwise(rates))
    assert rates[-1] > 1.5 * rates[0]


def test_work_done_is_what_was_offered_below_capacity():
    outcome = cell_under_load(COSTS, LAYOUT, 300, seconds=5, mix=Mix(0, 0))
    assert outcome.rate == pytest.approx(300, rel=0.1)
    assert outcome.worker_use < 1
    assert outcome.p50 >= 0.5 * PROMPT.median_seconds


def test_shares_by_zipf_add_up_and_fall():
    shares = zipf(1000, 1.0)
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(10 * shares[9])


def test_one_more_cell_takes_only_what_is_to_live_in_it():
    names = [f"ws{number}" for number in range(400)]
    moved = [name for name in names if home_of(name, 5) != home_of(name, 4)]
    assert {home_of(name, 5) for name in moved} == {4}
    assert 0.1 < len(moved) / len(names) < 0.3


def test_a_quantile_is_a_value_that_so_many_are_not_above():
    assert quantile([4, 1, 3, 2], 0.5) == 2
    assert quantile([4, 1, 3, 2], 1.0) == 4
    assert math.isnan(quantile([], 0.5))
