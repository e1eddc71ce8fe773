"""The simulation against reality: the same settings, predicted and measured."""

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.fleet.costs import Measured, Observation
from bench.fleet.simulate import predicted

TOLERANCE = 0.20
LATENCY_TOLERANCE = 0.50
BUSY = 0.15
_SEEDS = (1, 2)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of one setting, predicted and measured.

    Attributes:
        setting: What was run.
        figure: What is compared, with its unit.
        predicted: By the simulation.
        measured: The median of the runs.
        tolerance: The largest relative error that passes; None where the figure is shown and not judged.

    """

    setting: str
    figure: str
    predicted: float
    measured: float
    tolerance: float | None

    @property
    def error(self) -> float:
        """Prediction over measurement, minus 1."""
        return self.predicted / self.measured - 1 if self.measured else math.inf

    @property
    def passes(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.tolerance is None or abs(self.error) <= self.tolerance


@dataclass(frozen=True, slots=True)
class Verdict:
    """All comparisons, and the largest share of the machine that others took while it was measured."""

    comparisons: tuple[Comparison, ...]
    elsewhere: float

    @property
    def passes(self) -> bool:
        """Whether the simulation may be believed."""
        return bool(self.comparisons) and all(one.passes for one in self.comparisons)

    def lines(self) -> list[str]:
        """Return a table in Markdown."""
        rows = ["| setting | figure | predicted | measured | error | |", "|---|---|---:|---:|---:|---|"]
        for one in self.comparisons:
            verdict = "shown only" if one.tolerance is None else "ok" if one.passes else "OFF"
            rows.append(
                f"| {one.setting} | {one.figure} | {one.predicted:,.1f} | {one.measured:,.1f} "
                f"| {one.error:+.0%} | {verdict} |"
            )
        return rows


def check(measured: Measured) -> Verdict:
    """Simulate every setting that was measured and compare."""
    groups: dict[tuple[int, int, float], list[Observation]] = defaultdict(list)
    for one in measured.observations:
        groups[one.workers, one.webhooks, one.offered].append(one)
    comparisons = [comparison for runs in groups.values() for comparison in _compared(measured, runs)]
    most = max((one.elsewhere for one in measured.observations), default=0.0)
    return Verdict(tuple(comparisons), most / measured.costs.cores)


def _compared(measured: Measured, runs: Sequence[Observation]) -> list[Comparison]:
    one = runs[0]
    outcomes = [predicted(measured.costs, run, seed=seed) for run in runs for seed in _SEEDS]
    workers = "1 worker" if one.workers == 1 else f"{one.workers} workers"
    name = f"{workers}, {one.webhooks} webhook{'s' if one.webhooks > 1 else ''}"
    if not one.offered:
        rate = statistics.median(run.rate for run in runs)
        name += ", backlog"
        return [Comparison(name, "deliveries/s", statistics.median(o.rate for o in outcomes), rate, TOLERANCE)]
    name += f", {one.offered:.0f} events/s"
    return [
        Comparison(
            name,
            f"{label} in ms",
            1000 * statistics.median(getattr(outcome, label) for outcome in outcomes),
            1000 * statistics.median(getattr(run, label) for run in runs),
            tolerance,
        )
        for label, tolerance in (("p50", LATENCY_TOLERANCE), ("p99", None))
    ]
