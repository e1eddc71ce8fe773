"""What a benchmark found: for people as lines, and for `bench.numbers` as JSON in the last line."""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.machine import machine


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the numbers table.

    Args:
        what: What was measured, in the table's words.
        goal: The goal in words; empty where there is none.
        got: What was measured, with its unit.
        met: Whether the goal is met; None without a goal.

    """

    what: str
    goal: str
    got: str
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """Return "met", "missed", or nothing without a goal."""
        return {True: "met", False: "missed", None: ""}[self.met]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes: `--runs` and `--json`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the medians count")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    return parser


def tell(figures: Sequence[Figure], *, reference: float | None = None, as_json: bool = False) -> None:
    """Print figures, the machine, and how fast its bare HTTP client was (requests/s); with `as_json`, all again."""
    print()
    for figure in figures:
        goal = f"   goal {figure.goal}: {figure.verdict}" if figure.goal else ""
        print(f"{figure.what}: {figure.got}{goal}")
    speed = f"; bare aiohttp client {reference:,.0f}/s" if reference else ""
    print(f"{machine()}{speed}")
    if as_json:
        print(json.dumps({"figures": [asdict(figure) for figure in figures], "reference": reference}))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median_of(values: Sequence[float]) -> float:
    """Return the median; 0 of nothing."""
    return statistics.median(values) if values else 0.0
