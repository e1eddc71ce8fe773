"""From runs of the real thing to costs."""

import asyncio
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import asyncpg

from bench.fleet.costs import Costs, Ingest, Measured, Observation, Work
from bench.fleet.fit import fitted
from bench.fleet.measuring import drain, pace, running_workers
from bench.fleet.processes import cpu_seconds, hookwright, memory_bytes, receiver
from bench.fleet.stage import BODY, Stage, stage
from bench.machine import machine
from rules.actor import Actor
from rules.webhook_spec import WebhookDraft
from store.notify import CHANNEL
from tests.processes import free_port

_KEY = "key_of_the_fleet_benchmark"
_CLIENTS = 64
_COMMITS = 60
_NOTIFIES = 3000
_LARGE_BATCH = 100
_TABLES = ("events", "deliveries", "attempts")
_HEADERS_BYTES = 420  # request line and headers of a signed delivery


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        backlog: Deliveries of each drained run.
        runs: Repetitions of each run.
        paces: Events per second of the paced runs, and how many workers are there.
        seconds: Length of a paced run.
        requests: Requests with one event each, to measure a server.
        many: Webhooks of the runs that have many.

    """

    backlog: int = 8_000
    runs: int = 3
    paces: tuple[tuple[int, float], ...] = ((1, 50.0), (1, 150.0), (2, 150.0))
    seconds: float = 4.0
    requests: int = 2000
    many: int = 50


async def measure(plan: Plan, tell: Callable[[str], None]) -> Measured:
    """Run everything that is measured and fit the costs to the runs with one worker."""
    observations: list[Observation] = []
    with receiver() as (url, pid):
        async with stage(1, url) as one:
            observations += await _runs(one, plan, pid, (1, 2), tell)
            facts = await _facts(one, plan, tell)
        async with stage(plan.many, url) as many:
            observations += await _runs(many, plan, pid, (1, 2), tell)
    return Measured(costs_of(observations, facts), tuple(observations))


async def _runs(
    place: Stage, plan: Plan, receiver_pid: int, workers: Iterable[int], tell: Callable[[str], None]
) -> list[Observation]:
    made = []
    for count in workers:
        for _ in range(plan.runs):
            made.append(await drain(place, count, plan.backlog, receiver_pid))
            tell(described(made[-1]))
    for count, per_second in plan.paces:
        for _ in range(plan.runs):
            made.append(await pace(place, count, per_second, plan.seconds, receiver_pid))
            tell(described(made[-1]))
    return made


def described(one: Observation) -> str:
    """Say in one line what a run was and gave."""
    kind = f"{one.offered:.0f} events/s, one by one" if one.offered else "backlog"
    times = f", p50 {one.p50 * 1000:.1f} ms, p99 {one.p99 * 1000:.1f} ms" if one.p50 and one.p99 else ""
    cpu = f"{one.worker_cpu / one.deliveries * 1e6:.0f} + {one.postgres_cpu / one.deliveries * 1e6:.0f} µs CPU"
    return (
        f"{one.workers} worker(s), {one.webhooks} webhook(s), {kind}: {one.rate:,.0f}/s{times};"
        f" worker + PostgreSQL {cpu} a delivery; others took {one.elsewhere:.2f} cores"
    )


async def _facts(place: Stage, plan: Plan, tell: Callable[[str], None]) -> dict[str, float]:
    """Measure what does not come from the runs of workers; expects the stage as a drained run has left it."""
    bloated = await place.bytes_per_row("deliveries")
    await place.admin.execute("VACUUM FULL")
    facts = {f"{table}_bytes": await place.bytes_per_row(table) for table in _TABLES}
    facts["bloat"] = bloated / facts["deliveries_bytes"]
    async with running_workers(place, 1) as pids:
        await place.fill(2 * _LARGE_BATCH)
        await asyncio.sleep(1)
        facts["worker_connections"] = float(len((await place.backends())["theirs"]))
        facts["worker_memory"] = float(memory_bytes(pids[0]))
    facts["commit_seconds"] = await _commit_seconds(place)
    facts["notify_cpu"] = await _notify_cpu(place)
    facts |= await _ingest(place, plan)
    facts["postgres_version"] = float((await place.admin.fetchval("SHOW server_version_num"))[:2])
    tell("facts: " + ", ".join(f"{name} {value:.4g}" for name, value in facts.items()))
    return facts


async def _commit_seconds(place: Stage) -> float:
    """Return how much longer a small transaction takes when its commit waits for the disk."""
    await place.admin.execute("CREATE TABLE IF NOT EXISTS fleet_probe (n int)")
    medians = {}
    for mode in ("on", "off"):
        await place.admin.execute(f"SET synchronous_commit = {mode}")
        times = []
        for _ in range(_COMMITS):
            started = time.perf_counter()
            await place.admin.execute("INSERT INTO fleet_probe VALUES (1)")
            times.append(time.perf_counter() - started)
        medians[mode] = statistics.median(times)
    await place.admin.execute("SET synchronous_commit = on")
    return max(0.0, medians["on"] - medians["off"])


async def _notify_cpu(place: Stage) -> float:
    """Return the CPU seconds of a backend for one NOTIFY that a listener hears."""
    speaker, listener = await asyncpg.connect(place.url), await asyncpg.connect(place.url)
    await listener.add_listener(CHANNEL, lambda *_: None)
    pid = [speaker.get_server_pid()]
    before = cpu_seconds(pid)
    for _ in range(_NOTIFIES):
        await speaker.execute(f"NOTIFY {CHANNEL}")
    used = cpu_seconds(pid) - before
    await speaker.close()
    await listener.close()
    return used / _NOTIFIES


async def _ingest(place: Stage, plan: Plan) -> dict[str, float]:
    """Measure a server with 64 clients, by requests with one event and by requests with many."""
    workspace = await place.platform.gatekeeper.default_workspace(_KEY)
    draft = WebhookDraft.model_validate({"name": "bench", "url": "http://127.0.0.1:9/"})
    created = await place.platform.registry.create(workspace, draft, Actor("cli"))
    port = free_port()
    environ = {**place.environ, "HOOKWRIGHT_PORT": str(port), "HOOKWRIGHT_API_KEY": _KEY}
    url = f"http://127.0.0.1:{port}"
    with hookwright(["serve", "--no-worker"], environ, place.home / "server.log") as server:
        headers = {"Authorization": f"Bearer {_KEY}"}
        async with aiohttp.ClientSession(url, headers=headers) as client:
            await _answers(client)
            await _post(client, 200, 1)
            single = await _cost_of(place, server.pid, client, plan.requests, 1)
            batched = await _cost_of(place, server.pid, client, plan.requests // 20, _LARGE_BATCH)
            connections = float(len((await place.backends())["theirs"]))
    await place.platform.registry.delete(workspace, created.webhook.id, Actor("cli"))
    facts = {"api_connections": connections, "wal_per_event": single["wal"], "ingest_rate": single["rate"]}
    for name in ("api", "postgres"):
        per_event = max(0.0, (batched[name] - single[name]) / (_LARGE_BATCH - 1))
        facts |= {f"{name}_per_request": single[name] - per_event, f"{name}_per_event": per_event}
    return facts


async def _answers(client: aiohttp.ClientSession) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            async with client.get("/healthz") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


async def _cost_of(
    place: Stage, pid: int, client: aiohttp.ClientSession, requests: int, events: int
) -> dict[str, float]:
    """Return CPU seconds of server and backends for each request, WAL bytes for each, and events per second."""

    async def read() -> tuple[float, float, float, float]:
        theirs = (await place.backends())["theirs"]
        return cpu_seconds([pid]), cpu_seconds(theirs), float(await place.wal()), time.perf_counter()

    before = await read()
    await _post(client, requests, events)
    api, postgres, wal, seconds = (b - a for a, b in zip(before, await read(), strict=True))
    per = {"api": api / requests, "postgres": postgres / requests, "wal": wal / requests}
    return per | {"rate": requests * events / seconds}


async def _post(client: aiohttp.ClientSession, requests: int, events: int) -> None:
    one = {"type": "purchase", "payload": BODY}
    body = one if events == 1 else [one] * events
    left = iter(range(requests))

    async def lane() -> None:
        for _ in left:
            async with client.post("/v1/events", json=body) as response:
                if response.status != 202:
                    raise RuntimeError(await response.text())

    await asyncio.gather(*(lane() for _ in range(_CLIENTS)))


def costs_of(observations: Sequence[Observation], facts: dict[str, float]) -> Costs:
    """Fit the costs to the runs with one worker; those with two are there to be predicted."""
    single = [one for one in observations if one.workers == 1]
    drained = [one for one in single if not one.offered]
    paced = [one for one in single if one.offered]
    events = sum(one.offered * one.seconds for one in paced)
    return Costs(
        machine=machine(),
        date=datetime.now(UTC).date().isoformat(),
        postgres_version=str(int(facts["postgres_version"])),
        cores=os.cpu_count() or 1,
        worker=_work(single, [one.worker_cpu for one in single]),
        core_share=_core_share(drained),
        postgres=_work(single, [one.postgres_cpu for one in single]),
        upkeep_per_delivery=statistics.median(one.upkeep_cpu / one.deliveries for one in drained),
        receiver_per_delivery=statistics.median(one.receiver_cpu / one.deliveries for one in drained),
        producer=sum(one.producer_cpu for one in paced) / events,
        producer_postgres=sum(one.intake_cpu for one in paced) / events,
        api=Ingest(facts["api_per_request"], facts["api_per_event"]),
        postgres_ingest=Ingest(facts["postgres_per_request"], facts["postgres_per_event"]),
        commit_seconds=facts["commit_seconds"],
        notify_cpu=facts["notify_cpu"],
        wal_per_delivery=statistics.median(one.wal_bytes / one.deliveries for one in drained),
        wal_per_event=facts["wal_per_event"],
        event_bytes=facts["events_bytes"],
        delivery_bytes=facts["deliveries_bytes"],
        delivery_bloat=facts["bloat"],
        attempt_bytes=facts["attempts_bytes"],
        payload_bytes=float(len(str(BODY))),
        request_bytes=float(len(str(BODY)) + _HEADERS_BYTES),
        worker_connections=int(facts["worker_connections"]),
        api_connections=int(facts["api_connections"]),
        worker_memory=facts["worker_memory"],
    )


def _work(runs: Sequence[Observation], seconds: Sequence[float]) -> Work:
    rows = [(run.deliveries, run.deliveries * run.cycles_per_delivery, touched(run)) for run in runs]
    return Work(*fitted(rows, seconds))


def _core_share(drained: Sequence[Observation]) -> float:
    """Return the least that a worker which always had work used of its core, of all settings."""
    by_webhooks: dict[int, list[float]] = defaultdict(list)
    for one in drained:
        by_webhooks[one.webhooks].append(one.worker_cpu / one.seconds)
    return min(1.0, *(statistics.median(shares) for shares in by_webhooks.values()))


def touched(run: Observation) -> float:
    """Return how many times a cycle touched a webhook: as many as differ among what one settles on average."""
    cycles = run.deliveries * run.cycles_per_delivery
    settled = min(run.deliveries, run.deliveries / cycles)
    missed: float = (1 - 1 / run.webhooks) ** settled
    return cycles * run.webhooks * (1 - missed)
