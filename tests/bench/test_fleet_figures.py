"""What is fitted, compared, refused and printed."""

import xml.etree.ElementTree as ET
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench.fleet.__main__ import main
from bench.fleet.capacity import Capacity, Hardware
from bench.fleet.check import check
from bench.fleet.costs import Costs, Measured, Observation
from bench.fleet.extrapolate import step
from bench.fleet.fit import fitted
from bench.fleet.plot import Axis, Line, chart
from bench.fleet.report import limits_table, steps_table
from bench.fleet.simulate import predicted
from tests.bench.test_fleet_laws import COSTS


def observed(rate: float, *, workers: int = 1) -> Observation:
    return Observation(
        workers=workers,
        webhooks=1,
        offered=0.0,
        deliveries=int(rate),
        seconds=1.0,
        worker_cpu=1.0,
        postgres_cpu=0.5,
        intake_cpu=0.0,
        upkeep_cpu=0.0,
        receiver_cpu=0.1,
        producer_cpu=0.0,
        elsewhere_cpu=0.0,
        cycles_per_delivery=0.01,
        wal_bytes=1e6,
    )


def saved(path: Path, rate: float) -> Path:
    Measured(COSTS, (observed(rate),)).save(path)
    return path


def test_costs_are_found_again_from_runs_that_have_them():
    rows = [(1000, 20, 20), (1000, 30, 300), (100, 200, 100), (10, 30, 10)]
    true = (150e-6, 2e-3, 1e-4)
    values = [sum(cell * cost for cell, cost in zip(row, true, strict=True)) for row in rows]
    assert fitted(rows, values) == pytest.approx(true, rel=0.01)


def test_no_cost_is_below_nothing():
    assert min(fitted([(1, 1), (1, 2), (1, 3)], [3.0, 2.0, 1.0])) >= 0


def test_what_is_saved_is_read_again(tmp_path: Path):
    measured = Measured(COSTS, (observed(4000),))
    measured.save(tmp_path / "costs.json")
    assert Measured.load(tmp_path / "costs.json") == measured
    assert Costs.from_dict(asdict(COSTS)) == COSTS


def test_two_workers_on_two_shared_cores_do_not_double():
    one, two = (predicted(COSTS, observed(1, workers=count)).rate for count in (1, 2))
    assert one < two < 1.9 * one


def test_what_others_take_is_missing():
    quiet = observed(1, workers=2)
    assert predicted(COSTS, replace(quiet, elsewhere_cpu=1.0)).rate < 0.8 * predicted(COSTS, quiet).rate


def test_the_check_passes_what_the_simulation_itself_gave_and_nothing_far_from_it():
    rate = predicted(COSTS, observed(1)).rate
    assert check(Measured(COSTS, (observed(rate),))).passes
    assert not check(Measured(COSTS, (observed(rate * 1.5),))).passes
    assert not check(Measured(COSTS, ())).passes


def test_it_refuses_to_extrapolate_from_a_model_that_is_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rate = predicted(COSTS, observed(1)).rate
    assert main(["extrapolate", "--costs", str(saved(tmp_path / "costs.json", rate * 2))]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "does not extrapolate" in said.err
    assert main(["check", "--costs", str(saved(tmp_path / "costs.json", rate))]) == 0


def test_every_limit_holds_a_cell_back_and_the_first_is_the_least():
    capacity = Capacity(COSTS)
    assert all(rate > 0 for rate in capacity.limits.values())
    assert capacity.first_limit[1] == min(capacity.limits.values())
    assert capacity.worker_use(capacity.worker_rate) == pytest.approx(capacity.hardware.use, rel=0.01)


def test_half_the_retention_is_twice_the_room():
    long, short = (Capacity(COSTS, Hardware(retention_days=days)).limits["disk at the retention"] for days in (30, 15))
    assert short == pytest.approx(2 * long)


def test_ten_times_the_load_needs_about_ten_times_the_cells():
    capacity = Capacity(COSTS)
    small, large = (step(capacity, rate) for rate in (4_000, 40_000))
    assert 8 <= (large.cells + large.giant_cells) / (small.cells + small.giant_cells) <= 12
    assert large.mean.lost == 0
    assert len(steps_table([small, large], capacity)) > 10
    assert "disk" in "\n".join(limits_table(capacity))


def test_a_chart_is_well_formed_and_shows_every_line():
    lines = [Line("p50 < p99", [(1.0, 2.0), (10.0, 30.0)]), Line("p99", [(1.0, 20.0), (10.0, 300.0)])]
    root = ET.fromstring(chart("Title", Axis("x", logarithmic=False), Axis("y", logarithmic=True), lines))
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 2
