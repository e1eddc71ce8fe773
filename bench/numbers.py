"""Every line of the numbers table: what, the goal, what was measured, met or missed.

    python -m bench.numbers [--quick] [--markdown] [--only ingest latency …]

Runs the other benchmarks one after the other, each in a process of its own, with modest sizes; `--quick` only shows
that they work. With `--markdown`, the last lines are the tables of docs/benchmarks.md, to be pasted there. A benchmark
that is not there, or fails, is a line that says so.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from bench.figures import Figure
from bench.machine import machine

_PATIENCE_SECONDS = 1800
_PACKAGES = ("aiohttp", "uvloop", "sqlalchemy", "aiosqlite", "asyncpg", "fastapi", "uvicorn", "httptools")


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark and its arguments, usual and quick.

    Args:
        name: Its module in bench/.
        what: The line of the numbers table, for when it says nothing itself.
        usual: Its arguments.
        quick: Its arguments with `--quick`.

    """

    name: str
    what: str
    usual: str
    quick: str


BENCHES = (
    Bench(
        "deliver",
        "deliveries/s versus the bare HTTP client",
        "--runs 3 --events 20000",
        "--runs 1 --events 1000",
    ),
    Bench("peers", "versus Celery + requests on Redis, and others", "--runs 3", "--runs 1 --share 0.1"),
    Bench("ingest", "durable ingest", "--runs 3 --requests 20000", "--runs 1 --requests 1000"),
    Bench("latency", "enqueue → first byte, idle", "--runs 3 --events 300", "--runs 1 --events 20"),
    Bench("isolation", "healthy endpoints beside hanging ones", "--runs 5 --events 500", "--runs 1 --events 40"),
    Bench(
        "reconcile",
        "lost after kill -9, SQLite",
        "--database sqlite --kill server --events 20000",
        "--database sqlite --kill server --events 1000",
    ),
    Bench(
        "reconcile",
        "lost after kill -9, PostgreSQL",
        "--database postgresql --kill worker --events 20000",
        "--database postgresql --kill worker --events 1000",
    ),
    Bench("log_page", "log page 1 with 1 M attempts", "--rows 1000000", "--rows 20000 --requests 40"),
    Bench("render", "render one integration request", "", "--rounds 3 --repeat 500"),
    Bench("turn", "assistant turn", "", "--turns 10 --rounds 3"),
    Bench("console", "console first page", "--runs 5", "--runs 3"),
    Bench("memory", "memory, idle and with 200k pending", "", "--deliveries 5000"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a benchmark told: its figures, and the bare client's rate while it ran, if it says."""

    bench: Bench
    figures: list[Figure]
    reference: float | None
    seconds: float


def run(bench: Bench, *, quick: bool) -> Told:
    """Run a benchmark in a process of its own and read its figures; what goes wrong becomes a figure."""
    if find_spec(f"bench.{bench.name}") is None:
        return Told(bench, [Figure(bench.what, "", f"not there: bench.{bench.name}")], None, 0)
    words = (bench.quick if quick else bench.usual).split()
    started = time.monotonic()
    figures, reference = _figures(bench, words)
    return Told(bench, figures, reference, time.monotonic() - started)


def _figures(bench: Bench, words: list[str]) -> tuple[list[Figure], float | None]:
    for options in ([*words, "--json"], words, []):  # not every benchmark knows each of ours
        command = [sys.executable, "-m", f"bench.{bench.name}", *options]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return [Figure(bench.what, "", f"did not end within {_PATIENCE_SECONDS} s")], None
        if done.returncode == 2 and "unrecognized arguments" in done.stderr:
            continue
        if done.returncode:
            why = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no words"]
            return [Figure(bench.what, "", f"failed: {why[0][:160]}")], None
        return _read(bench, done.stdout)
    return [Figure(bench.what, "", "did not take its arguments")], None


def _read(bench: Bench, output: str) -> tuple[list[Figure], float | None]:
    """Read the JSON in the last line; of a benchmark without it, the lines that speak of a goal."""
    lines = output.strip().splitlines() or [""]
    try:
        told: dict[str, Any] = json.loads(lines[-1])
        return [Figure(**one) for one in told["figures"]], told.get("reference")
    except (ValueError, TypeError, KeyError):
        spoken = [line for line in lines if "goal" in line] or lines[-2:]
        return [_spoken(bench, line) for line in spoken], None


def _spoken(bench: Bench, line: str) -> Figure:
    met = None if not re.search(r"\b(met|reached|missed)\b", line) else "missed" not in line
    return Figure(f"{bench.what} ({bench.name})", "in its words", line.strip(), met=met)


def _table(told: list[Told]) -> str:
    """Write Markdown: the figures that have goals, and the others."""
    goals, others = [], []
    for one in told:
        for figure in one.figures:
            what = figure.what.strip().replace("|", "/")
            if figure.goal:
                goals.append(f"| {what} | {figure.goal} | {figure.got} | {figure.verdict} | `bench.{one.bench.name}` |")
            else:
                others.append(f"| {what} | {figure.got} | `bench.{one.bench.name}` |")
    return "\n".join(
        [
            "| what | goal | measured | | command |",
            "|---|---|---|---|---|",
            *goals,
            "",
            "Measured along with them:",
            "",
            "| what | measured | command |",
            "|---|---|---|",
            *others,
        ]
    )


def _surroundings(told: list[Told], *, quick: bool) -> str:
    speeds = [one.reference for one in told if one.reference]
    speed = f" The bare aiohttp client made {min(speeds):,.0f} to {max(speeds):,.0f} POSTs/s." if speeds else ""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    size = "`--quick`: small runs, which only show that the commands work" if quick else "usual sizes"
    return f"{datetime.now(UTC):%Y-%m-%d}, {size}. {machine()}, kernel {platform.release()}.{speed}\n{packages}."


def _print(told: list[Told]) -> None:
    figures = [figure for one in told for figure in one.figures]
    width = min(max(len(figure.what) for figure in figures), 70)
    for figure in figures:
        goal = f"   (goal {figure.goal})" if figure.goal else ""
        print(f"{figure.verdict:<7}{figure.what:<{width}}  {figure.got}{goal}")
    judged = [figure.met for figure in figures if figure.met is not None]
    print(f"\n{sum(judged)} of {len(judged)} goals met")


def main() -> None:
    """Run them all and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small runs, which only show that the commands work")
    parser.add_argument("--markdown", action="store_true", help="print the tables of docs/benchmarks.md, too")
    parser.add_argument(
        "--only", nargs="+", choices=sorted({bench.name for bench in BENCHES}), help="these, and no others"
    )
    options = parser.parse_args()
    told = []
    for bench in BENCHES:
        if options.only is None or bench.name in options.only:
            print(f"bench.{bench.name} …", file=sys.stderr, flush=True)
            told.append(run(bench, quick=options.quick))
            for figure in told[-1].figures:  # at once: a run that is broken off has told what it found
                print(f"    {figure.verdict:<7}{figure.what}: {figure.got}", file=sys.stderr)
            print(f"bench.{bench.name} took {told[-1].seconds:.0f} s", file=sys.stderr, flush=True)
    _print(told)
    print(_surroundings(told, quick=options.quick))
    if options.markdown:
        print(f"\n{_surroundings(told, quick=options.quick)}\n\n{_table(told)}")


if __name__ == "__main__":
    main()
