"""What healthy endpoints lose while one endpoint in ten hangs until its timeout.

    python -m bench.isolation [--events 300] [--runs 3]

A worker delivers events that are stored already: to 18 healthy endpoints alone, and in the next run to the same 18 and
two that take each request and never answer, as many events each; in turn, so that a noisy minute meets both. The
hanging ones have a timeout of two seconds and the circuit breaker that every webhook has. Measured is how fast the
healthy endpoints get all of theirs.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import uvloop

from bench.figures import Figure, arguments, tell
from bench.reference import reference
from bench.servers import POSTGRESQL, SQLITE, postgres, store
from bench.sink import seen, sink
from rules.actor import Actor
from rules.webhook_spec import WebhookDraft
from server.commands.demonstrating import local
from server.settings import Settings
from server.settling import settle_memory
from server.wiring import wire
from store.migrate import migrate
from webhooks.intake import NewEvent
from webhooks.worker import Worker

GOAL = 0.95
HEALTHY, HANGING = 18, 2
PAYLOAD = {"properties": {"value": 100, "currency": "USD", "note": "x" * 900}}
_PATIENCE_SECONDS = 120


async def _rate(database_url: str, url: str, events: int, hanging: int) -> float:
    """Deliver `events` to each endpoint and return how many a second the healthy ones got."""
    with tempfile.TemporaryDirectory(prefix="hookwright-bench-") as folder:
        settings = Settings(_env_file=None, database_url=database_url, home=Path(folder), port=0)
        platform = wire(local(settings))
        try:
            await migrate(platform.database)
            workspace = await platform.gatekeeper.default_workspace()
            for number in range(HEALTHY + hanging):
                hangs = number >= HEALTHY
                place = url.replace("/hook", "/hang") if hangs else url
                draft = {"name": f"bench {number}", "url": f"{place}/{number}", "timeout_ms": 2000}
                await platform.registry.create(workspace, WebhookDraft.model_validate(draft), Actor("cli"))
            for start in range(0, events, 50):
                batch = [NewEvent("purchase", PAYLOAD) for _ in range(min(50, events - start))]
                await platform.intake.accept(workspace, batch)
            worker = Worker(
                platform.database, platform.columns, platform.egress, platform.wakeup, observer=platform.watchers
            )
            return await _delivered(worker, url, events * HEALTHY)
        finally:
            await platform.egress.close()
            await platform.database.close()


async def _delivered(worker: Worker, url: str, count: int) -> float:
    await asyncio.to_thread(seen, url, forget=True)
    started = time.monotonic()
    running = asyncio.create_task(worker.run())
    while (found := await asyncio.to_thread(seen, url)).count < count:
        await asyncio.sleep(0.05)
        if time.monotonic() - started > _PATIENCE_SECONDS:
            raise RuntimeError(f"only {found.count} of {count} were delivered")
    worker.stop()
    await running
    return count / (found.last - started)


def _figure(kind: str, pairs: Sequence[tuple[float, float]]) -> Figure:
    without, beside = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(theirs / alone for alone, theirs in pairs)
    return Figure(
        f"healthy endpoints while 10 % hang until timeout, {kind}",
        f"≥ {GOAL} of the run without them",
        f"{ratio:.2f} ({beside:,.0f}/s beside them, {without:,.0f}/s alone)",
        met=ratio >= GOAL,
    )


async def main() -> None:
    """Measure in turn and print medians and ratios."""
    parser = arguments(__doc__)
    parser.add_argument("--events", type=int, default=300, help="events for each of the endpoints")
    parser.add_argument("--stores", nargs="+", choices=(SQLITE, POSTGRESQL), default=[SQLITE, POSTGRESQL])
    options = parser.parse_args()
    settle_memory()
    pairs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in options.stores}
    with postgres() if POSTGRESQL in options.stores else nullcontext() as server_url, sink() as url:
        speed = await reference()
        for number in range(options.runs):
            for kind in options.stores:
                rates = []
                for hanging in (0, HANGING) if number % 2 == 0 else (HANGING, 0):
                    async with store(kind, server_url) as database_url:
                        rates.append(await _rate(database_url, url, options.events, hanging))
                alone, beside = rates if number % 2 == 0 else reversed(rates)
                pairs[kind].append((alone, beside))
                print(f"run {number + 1}, {kind}: {alone:,.0f}/s alone, {beside:,.0f}/s beside hanging ones")
    tell([_figure(kind, found) for kind, found in pairs.items()], reference=speed, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
