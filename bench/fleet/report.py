"""The tables of docs/scale.md, in Markdown."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.fleet.capacity import DAY, Capacity
from bench.fleet.cell import Layout
from bench.fleet.check import BUSY, TOLERANCE, Verdict
from bench.fleet.costs import Costs, Measured, Work
from bench.fleet.extrapolate import PORTS, RATES, ROUTER_REQUESTS_PER_CORE, Step, curve, step
from bench.fleet.plot import Axis, Line, chart
from bench.fleet.simulate import fleet_with_loss

_DOCS = Path(__file__).parents[2] / "docs"
PAGE, IMAGES = _DOCS / "scale.md", _DOCS / "images"
BEGIN, END = "<!-- printed by `python -m bench.fleet report` -->", "<!-- end of what is printed -->"
_SMALL = Layout(4, 2, 8, 4, 2, events_per_request=10)
_LOADS = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
_INCIDENT_RATE = 300.0
_INCIDENT_LAYOUT = Layout(2, 1, 4, 2, 1)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table; the first column is text, the others are figures."""
    bars = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(row) + " |" for row in (head, bars, *rows)]


def costs_table(costs: Costs) -> list[str]:
    """Return what was measured."""

    def micro(work: Work) -> list[str]:
        return [f"{value * 1e6:,.0f} µs" for value in (work.per_delivery, work.per_cycle, work.per_webhook)]

    lines = [f"{costs.machine}; PostgreSQL {costs.postgres_version}; {costs.date}.", ""]
    head = ("CPU", "per delivery", "per cycle", "per webhook in a cycle")
    lines += table(head, [("worker", *micro(costs.worker)), ("PostgreSQL, for it", *micro(costs.postgres))])
    rows = [
        ("what a worker that always had work used of its core", f"{costs.core_share:.2f}"),
        ("CPU of a server per request, and per event in it", _pair(costs.api.per_request, costs.api.per_event)),
        (
            "CPU of PostgreSQL for that",
            _pair(costs.postgres_ingest.per_request, costs.postgres_ingest.per_event),
        ),
        ("CPU of one NOTIFY", f"{costs.notify_cpu * 1e6:.0f} µs"),
        ("a commit's wait for the disk", f"{costs.commit_seconds * 1e3:.2f} ms"),
        ("WAL of an event, and of its delivery", f"{costs.wal_per_event:,.0f} + {costs.wal_per_delivery:,.0f} bytes"),
        (f"row of `events`, indexes included ({costs.payload_bytes:.0f} bytes of payload)", _bytes(costs.event_bytes)),
        (
            f"row of `deliveries` (before any vacuum {costs.delivery_bloat:.2f} times that)",
            _bytes(costs.delivery_bytes),
        ),
        ("row of `attempts`", _bytes(costs.attempt_bytes)),
        ("connections of a worker, and of a busy server", f"{costs.worker_connections}, {costs.api_connections}"),
        ("memory of a busy worker", f"{costs.worker_memory / 1e6:.0f} MB"),
    ]
    return [*lines, "", *table(("other costs", ""), rows)]


def _pair(request: float, event: float) -> str:
    return f"{request * 1e6:,.0f} + {event * 1e6:,.0f} µs"


def _bytes(number: float) -> str:
    return f"{number:,.0f} bytes"


def limits_table(capacity: Capacity) -> list[str]:
    """Return each limit of one cell."""
    hardware = capacity.hardware
    week = Capacity(capacity.costs, replace(hardware, retention_days=7))
    rows = [(name, f"{rate:,.0f}") for name, rate in sorted(capacity.limits.items(), key=lambda item: item[1])]
    rows.insert(1, ("the same at 7 days", f"{week.limits['disk at the retention']:,.0f}"))
    words = (
        f"One worker: {capacity.worker_rate:,.0f}/s at {hardware.use:.0%} of its core; one server:"
        f" {capacity.server_rate:,.0f} events/s in requests of {hardware.events_per_request}."
    )
    return [words, "", *table(("limit of one cell", "deliveries/s"), rows)]


def steps_table(steps: Sequence[Step], capacity: Capacity) -> list[str]:
    """Return what the three rates need."""
    days, events = capacity.hardware.retention_days, capacity.hardware.events_per_request

    def row(name: str, cells: Sequence[str]) -> tuple[str, ...]:
        return (name, *cells)

    return table(
        ("deliveries/s", *[f"{one.rate:,}" for one in steps]),
        [
            row("cells, each one PostgreSQL", [f"{one.cells + one.giant_cells:,}" for one in steps]),
            row("of them for workspaces beyond one cell", [f"{one.giant_cells} (of {one.giants})" for one in steps]),
            row("workers and servers of a cell", [f"{one.layout.workers} + {one.layout.servers}" for one in steps]),
            row("cores, PostgreSQL's included", [f"{one.cores:,.0f}" for one in steps]),
            row("connections of a cell", [f"{one.connections}" for one in steps]),
            row("disk a day", [f"{one.disk_per_day / 1e12:,.1f} TB" for one in steps]),
            row(f"disk at {days} days", [f"{one.disk_per_day * days / 1e12:,.0f} TB" for one in steps]),
            row("WAL of a cell", [f"{one.cell_rate * capacity.wal_bytes / 1e6:,.0f} MB/s" for one in steps]),
            row("dead rows to vacuum, of a cell, a day", [f"{one.cell_rate * 2 * DAY / 1e6:,.0f} M" for one in steps]),
            row("egress", [f"{one.egress_bits / 1e9:,.2f} Gbit/s" for one in steps]),
            row("requests under way", [f"{one.sockets:,.0f}" for one in steps]),
            row("addresses if all go to one proxy", [f"{-int(-one.sockets // PORTS)}" for one in steps]),
            row("router's cores", [f"{one.rate / events / ROUTER_REQUESTS_PER_CORE:,.2f}" for one in steps]),
            row("hottest cell over the mean, by hash", [f"{one.hashed:.2f}" for one in steps]),
            row("the same, the largest placed by hand", [f"{one.balanced:.2f} ({one.by_hand})" for one in steps]),
            row("p50 / p99 of a mean cell, simulated", [_latency(one.mean.p50, one.mean.p99) for one in steps]),
            row("of the hottest", [_latency(one.hottest.p50, one.hottest.p99) for one in steps]),
            row("PostgreSQL's cores in use, simulated", [f"{one.mean.postgres_use:.0%}" for one in steps]),
            row("largest workspace", [f"{one.largest_share * one.rate:,.0f}/s" for one in steps]),
        ],
    )


def _latency(p50: float, p99: float) -> str:
    return f"{p50 * 1e3:,.0f} / {p99 * 1e3:,.0f} ms"


def incident_lines(costs: Costs) -> list[str]:
    """Return what the loss of a cell and the move of a workspace did in the simulation."""
    one = fleet_with_loss(costs, _INCIDENT_LAYOUT, _INCIDENT_RATE)
    words = (
        f"Three cells, {_INCIDENT_RATE:.0f} events/s, the first cell lost for 8 s, then a workspace moved:"
        f" {one.offered:,} events offered, {one.delivered:,} delivered, {one.lost} lost, {one.duplicates} sent twice,"
        f" callers refused {one.refused:,} times. The backlog was gone {one.drained_after:.1f} s after the cell's"
        f" return; the move took {one.moved_seconds:.1f} s, of which 3 s were copying; the other cells' p99 was"
        f" {one.others_p99 * 1000:,.0f} ms."
    )
    return [words]


def check_lines(verdict: Verdict) -> list[str]:
    """Return the comparison, with a word on how quiet the machine was."""
    words = f"Others took at most {verdict.elsewhere:.0%} of the machine during a run"
    words += (
        "." if verdict.elsewhere <= BUSY else f": above {BUSY:.0%}, the check says little; repeat it on an idle one."
    )
    return [*verdict.lines(), "", f"{words} The tolerance of throughput is {TOLERANCE:.0%}."]


def checked(measured: Measured, verdict: Verdict, *words: str) -> str:
    """Return the tables that do not extrapolate, and some words after them."""
    costs = "\n".join(["### Costs", "", *costs_table(measured.costs)])
    compared = "\n".join(["### Predicted and measured", "", *check_lines(verdict)])
    return "\n\n".join([costs, compared, *words])


def whole(measured: Measured, verdict: Verdict) -> str:
    """Return all tables."""
    capacity = Capacity(measured.costs)
    steps = [step(capacity, rate) for rate in RATES]
    parts = [
        ("One cell", limits_table(capacity)),
        ("10 000, 100 000 and a million a second", steps_table(steps, capacity)),
        ("A cell is lost, a workspace moves", incident_lines(measured.costs)),
        ("Charts", ["![latency against load](images/scale-latency.svg)", "![cells](images/scale-cells.svg)"]),
    ]
    texts = [f"### {title}\n\n" + "\n".join(lines) for title, lines in parts]
    return checked(measured, verdict, *texts)


def draw(capacity: Capacity) -> dict[str, str]:
    """Return the charts by the names of their files."""
    most = _SMALL.workers * capacity.worker_rate / capacity.hardware.use
    points = curve(capacity, _SMALL, [most * load for load in _LOADS])
    milliseconds = [
        Line(name, [(one.per_second, 1000 * getattr(one.outcome, name)) for one in points]) for name in ("p50", "p99")
    ]
    limits = [(name, days, limit) for days in (30, 7) for name, limit in [_first(capacity, days)]]
    cells = [
        Line(f"{days} days kept: {name}", [(float(rate), max(1.0, rate / limit)) for rate in RATES])
        for name, days, limit in limits
    ]
    return {
        "scale-latency.svg": chart(
            f"Simulated: one cell with {_SMALL.workers} workers",
            Axis("events per second", logarithmic=False),
            Axis("enqueued to delivered, ms", logarithmic=True),
            milliseconds,
        ),
        "scale-cells.svg": chart(
            "Computed: cells against load",
            Axis("deliveries per second", logarithmic=True),
            Axis("cells", logarithmic=True),
            cells,
        ),
    }


def _first(capacity: Capacity, days: int) -> tuple[str, float]:
    return Capacity(capacity.costs, replace(capacity.hardware, retention_days=days)).first_limit


def write(text: str, charts: dict[str, str]) -> None:
    """Put the tables between the marks of docs/scale.md, and the charts beside it."""
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
    for name, svg in charts.items():
        (IMAGES / name).write_text(svg)
