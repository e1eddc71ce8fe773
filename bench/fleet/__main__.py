"""Beyond one database: what deliveries cost, what cells would carry, and whether the simulation may be believed.

    python -m bench.fleet measure [--runs 3]   # runs the real thing for five minutes, writes costs.json, and checks
    python -m bench.fleet check                # simulates what was measured, and compares
    python -m bench.fleet extrapolate          # 10k, 100k and 1M deliveries/s; only after a check that passes
    python -m bench.fleet report [--write]     # the tables of docs/scale.md; --write puts them and the charts there

Linux only (it reads /proc). PostgreSQL is the one at HOOKWRIGHT_TEST_POSTGRES_URL, at 127.0.0.1:5432, or a new one.
"""

import argparse
import sys
from pathlib import Path

import uvloop

from bench.fleet import report
from bench.fleet.capacity import Capacity
from bench.fleet.check import TOLERANCE, Verdict, check
from bench.fleet.costing import Plan, measure
from bench.fleet.costs import FILE, Measured
from bench.fleet.extrapolate import RATES, step

REFUSAL = (
    f"The simulation is not within its tolerance ({TOLERANCE:.0%} of throughput) of what was measured, so it does not"
    " extrapolate. Run `python -m bench.fleet measure` on an idle machine; if it is still off, the model no longer"
    " describes the worker (bench/fleet/worker.py)."
)


def main(words: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("measure", "check", "extrapolate", "report"))
    parser.add_argument("--costs", type=Path, default=FILE, help="the file with the measured costs")
    parser.add_argument("--runs", type=int, default=3, help="measure: repetitions of each run")
    parser.add_argument("--write", action="store_true", help="report: put the tables into docs/scale.md")
    options = parser.parse_args(words)
    if options.command == "measure":
        uvloop.run(measure(Plan(runs=options.runs), _tell)).save(options.costs)
    measured = Measured.load(options.costs)
    verdict = check(measured)
    if options.command in {"measure", "check"}:
        print("\n".join([*report.costs_table(measured.costs), "", *report.check_lines(verdict)]))
        return 0 if verdict.passes else 1
    if options.command == "report":
        return _report(measured, verdict, options.write)
    if not verdict.passes:
        print("\n".join([*report.check_lines(verdict), "", REFUSAL]), file=sys.stderr)
        return 1
    return _extrapolate(measured)


def _extrapolate(measured: Measured) -> int:
    capacity = Capacity(measured.costs)
    print("\n".join(report.limits_table(capacity)), end="\n\n")
    print("\n".join(report.steps_table([step(capacity, rate) for rate in RATES], capacity)))
    return 0


def _report(measured: Measured, verdict: Verdict, write: bool) -> int:  # noqa: FBT001 - as the command line says
    """Print all tables; without those that extrapolate where the check does not pass."""
    text = report.whole(measured, verdict) if verdict.passes else report.checked(measured, verdict, REFUSAL)
    print(text)
    if write:
        report.write(text, report.draw(Capacity(measured.costs)) if verdict.passes else {})
    return 0 if verdict.passes else 1


def _tell(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
