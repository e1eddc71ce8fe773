"""Runs of the real thing: workers that drain a backlog, and workers that keep up with events as they come."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from random import Random

from bench.fleet.costs import Observation
from bench.fleet.processes import cpu_seconds, hookwright, machine_cpu_seconds, wait_for
from bench.fleet.stage import Stage

_READY = "delivers what is stored"
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 90
_WARM_SECONDS = 1.5
_FIRST, _LAST = 0.1, 0.9  # of a backlog: between them every window has grown and nobody runs dry
_LATENCIES = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
    ORDER BY extract(epoch FROM a.delivered_at - d.created_at)::float8
) FROM deliveries d JOIN attempts a ON a.delivery_id = d.id WHERE d.created_at > $1 AND a.status = 'delivered'
"""


class Meter:
    """Everything that is counted, at one moment."""

    def __init__(self, stage: Stage, workers: list[int], receiver: int) -> None:
        self._stage, self._workers, self._receiver = stage, workers, receiver

    async def read(self) -> dict[str, float]:
        """Read everything."""
        pids = await self._stage.backends()
        reading = {
            "at": time.perf_counter(),
            "settled": float(await self._stage.settled()),
            "worker_cpu": cpu_seconds(self._workers),
            "postgres_cpu": cpu_seconds(pids["theirs"]),
            "intake_cpu": cpu_seconds(pids["ours"]),
            "upkeep_cpu": cpu_seconds(pids["own"]),
            "receiver_cpu": cpu_seconds([self._receiver]),
            "producer_cpu": cpu_seconds([os.getpid()]),
            "machine_cpu": machine_cpu_seconds(),
            "wal_bytes": float(await self._stage.wal()),
        }
        known = sum(value for name, value in reading.items() if name.endswith("_cpu") and name != "machine_cpu")
        return reading | {"elsewhere_cpu": reading["machine_cpu"] - known}


async def drain(stage: Stage, workers: int, count: int, receiver: int) -> Observation:
    """Have workers drain a backlog and measure them in the middle of it."""
    await stage.clear()
    await stage.hold()
    await stage.fill(count)
    before = await stage.commits()
    async with running_workers(stage, workers) as pids:
        await stage.release()
        await _until(stage, _FIRST * count)
        meter = Meter(stage, pids, receiver)
        start = await meter.read()
        await _until(stage, _LAST * count)
        end = await meter.read()
        await _until(stage, count)
    cycles = await stage.commits() - before
    return _observation(stage, workers, 0.0, start=start, end=end, cycles_per_delivery=cycles / count)


async def pace(stage: Stage, workers: int, per_second: float, seconds: float, receiver: int) -> Observation:
    """Have events come one by one, at random times, to idle workers, and measure them and the latency.

    The latency is from the moment that the event is taken in, before its transaction, to the receiver's answer.
    """
    await stage.clear()
    notifier = stage.platform.notifier
    assert notifier is not None  # noqa: S101 - it is PostgreSQL
    telling = asyncio.create_task(notifier.run(None))
    before = await stage.commits()
    async with running_workers(stage, workers) as pids:
        await stage.bring(per_second, _WARM_SECONDS, rng := Random(1))
        meter = Meter(stage, pids, receiver)
        since = await stage.admin.fetchval("SELECT clock_timestamp()")
        start = await meter.read()
        await stage.bring(per_second, seconds, rng)
        end = await meter.read()
        total = int(await stage.admin.fetchval("SELECT count(*) FROM deliveries"))
        await _until(stage, total)
        p50, p99 = await stage.admin.fetchval(_LATENCIES, since)
    telling.cancel()
    await asyncio.wait([telling])
    cycles = await stage.commits() - before - total  # each event was a transaction, too
    return _observation(
        stage, workers, per_second, start=start, end=end, cycles_per_delivery=cycles / total, latencies=(p50, p99)
    )


def _observation(
    stage: Stage,
    workers: int,
    offered: float,
    *,
    start: dict[str, float],
    end: dict[str, float],
    cycles_per_delivery: float,
    latencies: tuple[float | None, float | None] = (None, None),
) -> Observation:
    used = {name: end[name] - start[name] for name in end}
    return Observation(
        workers=workers,
        webhooks=len(stage.webhooks),
        offered=offered,
        deliveries=int(used["settled"]),
        seconds=used["at"],
        **{name: used[name] for name in used if name.endswith("_cpu") and name != "machine_cpu"},
        cycles_per_delivery=cycles_per_delivery,
        wal_bytes=used["wal_bytes"],
        p50=latencies[0],
        p99=latencies[1],
    )


@contextlib.asynccontextmanager
async def running_workers(stage: Stage, count: int) -> AsyncIterator[list[int]]:
    """Run workers that are ready, and give their process ids."""
    with ExitStack() as stack:
        started = []
        for number in range(count):
            log = stage.home / f"worker-{time.monotonic_ns()}-{number}.log"
            started.append((stack.enter_context(hookwright(["worker"], stage.environ, log)), log))
        for process, log in started:
            await asyncio.to_thread(wait_for, _READY, log, process)
        yield [process.pid for process, _ in started]
        await asyncio.to_thread(stack.close)


async def _until(stage: Stage, settled: float) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while await stage.settled() < settled:
        if time.monotonic() > end:
            said = "".join(log.read_text()[-500:] for log in stage.home.glob("worker-*.log"))
            raise RuntimeError(f"{settled:,.0f} deliveries were not settled in {_PATIENCE_SECONDS} s: {said}")
        await asyncio.sleep(_POLL_SECONDS)
