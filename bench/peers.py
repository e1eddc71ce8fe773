"""The same signed POSTs of 1 KB to the same receiver, by Hookwright and by what else a Python team would take.

    scripts/peers && python -m bench.peers [--runs 3] [--only Celery Hookwright …] [--share 1.0] [--try-settings]

Each run stores its jobs while no worker runs, then starts the workers and measures at the receiver, from the first
request to the last: starting processes is in nobody's figure. Each peer runs with two processes for two cores, and with
the concurrency that was its best here; `--try-settings` measures the others, too. How many jobs there are is chosen for
each so that a run takes some seconds. Redis and PostgreSQL are private ones, started here with their own defaults:
PostgreSQL's commits are durable, Redis' are not.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from bench.figures import Figure, arguments, tell
from bench.reference import reference
from bench.servers import POSTGRESQL, SQLITE, drop_database, free_port, new_database, postgres, serving, store, working
from bench.sink import Seen, seen, sink

GOAL = 10
REDIS: Final = "Redis"
_ROOT = Path(__file__).parent.parent
_PEERS = _ROOT / ".venv-peers" / "bin"
_PATIENCE_SECONDS = 60
_BATCH = 500
_EVENT = {"type": "purchase", "payload": {"properties": {"value": 100, "currency": "USD", "note": "x" * 900}}}
_WEBHOOK = {
    "name": "bench",
    "conditions": [{"field": "properties.value", "operator": "gte", "value": 100}],
}


@dataclass(frozen=True, slots=True)
class Peer:
    """How a peer is run.

    Args:
        name: Its name in the table.
        module: Its file in bench/rivals.
        queue: The server that it keeps its jobs in.
        worker: The command of a worker, in .venv-peers/bin.
        processes: How many of it are started.
        count: Jobs in a run.

    """

    name: str
    module: str
    queue: str
    worker: tuple[str, ...]
    processes: int
    count: int
    environment: dict[str, str] = field(default_factory=dict)


_QUIET = ("--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat")
_CELERY = ("celery", "-A", "bench.rivals.celery_app", "worker", *_QUIET)
_PROCRASTINATE = ("procrastinate", "--app", "bench.rivals.procrastinate_app.app", "worker")
_PGQUEUER = ("python", "-m", "bench.rivals.pgqueuer_app")
_TASKIQ = ("taskiq", "worker", "bench.rivals.taskiq_app:broker", "--log-level", "ERROR", "--workers", "2")
_DJANGO = ("django-admin", "deliver_events")
_SETTINGS = {"DJANGO_SETTINGS_MODULE": "bench.rivals.django_settings"}

PEERS = (
    Peer("Celery + requests, Redis", "celery_app", REDIS, (*_CELERY, "--concurrency", "4"), 1, 3000),
    Peer("procrastinate, PostgreSQL", "procrastinate_app", POSTGRESQL, (*_PROCRASTINATE, "-c", "20"), 2, 1500),
    Peer("pgqueuer, PostgreSQL", "pgqueuer_app", POSTGRESQL, (*_PGQUEUER, "100"), 2, 20000),
    Peer("taskiq-redis, Redis streams", "taskiq_app", REDIS, (*_TASKIQ, "--max-async-tasks", "100"), 1, 12000),
    Peer("django-outbound-webhooks, PostgreSQL", "django_app", POSTGRESQL, _DJANGO, 4, 400, _SETTINGS),
)
OTHER_SETTINGS = (
    Peer("Celery, prefork 2", "celery_app", REDIS, (*_CELERY, "--concurrency", "2"), 1, 1500),
    Peer("Celery, prefork 8", "celery_app", REDIS, (*_CELERY, "--concurrency", "8"), 1, 1500),
    Peer("Celery, gevent 50 × 2", "celery_app", REDIS, (*_CELERY, "-P", "gevent", "-c", "50"), 2, 1500),
    Peer("Celery, threads 16 × 2", "celery_app", REDIS, (*_CELERY, "-P", "threads", "-c", "16"), 2, 1500),
    Peer("procrastinate, 1 × 20", "procrastinate_app", POSTGRESQL, (*_PROCRASTINATE, "-c", "20"), 1, 800),
    Peer("procrastinate, 2 × 100", "procrastinate_app", POSTGRESQL, (*_PROCRASTINATE, "-c", "100"), 2, 800),
    Peer("pgqueuer, batches of 10", "pgqueuer_app", POSTGRESQL, (*_PGQUEUER, "10"), 2, 3000),
    Peer("pgqueuer, 1 × 500", "pgqueuer_app", POSTGRESQL, (*_PGQUEUER, "500"), 1, 5000),
    Peer("taskiq-redis, 2 × 32", "taskiq_app", REDIS, (*_TASKIQ, "--max-async-tasks", "32"), 1, 3000),
    Peer("django-outbound-webhooks, 2", "django_app", POSTGRESQL, _DJANGO, 2, 400, _SETTINGS),
    Peer("django-outbound-webhooks, 8", "django_app", POSTGRESQL, _DJANGO, 8, 400, _SETTINGS),
)
HOOKWRIGHT = {f"Hookwright, {SQLITE}": SQLITE, f"Hookwright, {POSTGRESQL}, 2 workers": POSTGRESQL}
_OURS_COUNT = 30000


@dataclass(frozen=True, slots=True)
class Run:
    """Jobs stored per second, and POSTs per second at the receiver."""

    stored: float
    delivered: float


@contextmanager
def redis() -> Iterator[str]:
    """Run a private Redis with its own defaults and give its URL."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise SystemExit("There is no redis-server on the PATH; install it, or choose peers without it by --only.")
    with tempfile.TemporaryDirectory(prefix="hookwright-bench-") as folder:
        port = free_port()
        process = subprocess.Popen(
            [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--loglevel", "warning"],
            stdout=subprocess.DEVNULL,
        )
        try:
            time.sleep(0.5)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


async def _peer(peer: Peer, queue_url: str, url: str, count: int) -> Run:
    """Store jobs, start workers, and wait until the receiver has seen all of them."""
    environ = {**os.environ, "BENCH_QUEUE": queue_url, "PYTHONPATH": str(_ROOT), **peer.environment}
    environ["PATH"] = f"{_PEERS}{os.pathsep}{environ['PATH']}"
    storing = [str(_PEERS / "python"), "-m", "bench.rivals.storing", peer.module, str(count), url]
    said = await asyncio.to_thread(
        subprocess.run, storing, check=True, env=environ, timeout=_PATIENCE_SECONDS, stdout=subprocess.PIPE
    )
    stored = count / float(said.stdout.split()[-1])
    await asyncio.to_thread(seen, url, forget=True)
    with ExitStack() as stack:
        workers = _start(peer, environ, stack)
        return Run(stored, (await _all_seen(peer.name, url, count, workers)).rate)


def _start(peer: Peer, environ: dict[str, str], stack: ExitStack) -> list[subprocess.Popen[bytes]]:
    """Start workers, each the head of a process group that ends with the stack."""
    command = [str(_PEERS / peer.worker[0]), *peer.worker[1:]]
    log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    workers = []
    for _ in range(peer.processes):
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=_ROOT, start_new_session=True)
        stack.callback(_end, process)
        workers.append(process)
    return workers


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)  # it leads a group of its own, with whatever it has started
        process.wait()


async def _all_seen(name: str, url: str, count: int, workers: Sequence[subprocess.Popen[bytes]] = ()) -> Seen:
    end = time.monotonic() + _PATIENCE_SECONDS
    while (found := await asyncio.to_thread(seen, url)).count < count:
        if workers and all(worker.poll() is not None for worker in workers):
            raise RuntimeError(f"{name}: its workers ended by themselves: {workers[0].args!r}")
        if time.monotonic() > end:
            print(f"{name}: only {found.count} of {count} came within {_PATIENCE_SECONDS} s")
            break
        await asyncio.sleep(0.1)
    return found


async def _ours(kind: str, server_url: str | None, url: str, count: int) -> Run:
    """Store events over HTTP without a worker, then start a server with one (SQLite) or two workers (PostgreSQL)."""
    async with store(kind, server_url) as database_url:
        async with serving(database_url, "--no-worker") as server, server.client() as client:
            (await client.post("/v1/webhooks", json={**_WEBHOOK, "url": url})).raise_for_status()
            started = time.monotonic()
            for start in range(0, count, _BATCH):
                batch = [_EVENT] * min(_BATCH, count - start)
                (await client.post("/v1/events", json=batch)).raise_for_status()
            stored = count / (time.monotonic() - started)
        await asyncio.to_thread(seen, url, forget=True)
        name = f"Hookwright, {kind}"
        if kind == SQLITE:
            async with serving(database_url):
                return Run(stored, (await _all_seen(name, url, count)).rate)
        async with working(database_url), working(database_url):
            return Run(stored, (await _all_seen(name, url, count)).rate)


async def _measure(name: str, queues: dict[str, str], url: str, share: float) -> Run:
    if name in HOOKWRIGHT:
        return await _ours(HOOKWRIGHT[name], queues.get(POSTGRESQL), url, int(_OURS_COUNT * share))
    peer = next(one for one in (*PEERS, *OTHER_SETTINGS) if one.name == name)
    count = max(int(peer.count * share), 50)
    if peer.queue == REDIS:
        await asyncio.to_thread(_empty, queues[REDIS])
        return await _peer(peer, queues[REDIS], url, count)
    database_url = await new_database(queues[POSTGRESQL])
    try:
        return await _peer(peer, database_url, url, count)
    finally:
        await drop_database(queues[POSTGRESQL], database_url)


def _empty(redis_url: str) -> None:
    program = f"import redis; redis.Redis.from_url({redis_url!r}).flushall()"
    subprocess.run([str(_PEERS / "python"), "-c", program], check=True)


def _figures(runs: dict[str, list[Run]]) -> list[Figure]:
    figures = []
    for name, found in runs.items():
        stored, rate = (
            statistics.median(column) for column in zip(*((r.stored, r.delivered) for r in found), strict=True)
        )
        figures.append(Figure(name, "", f"{rate:,.0f} deliveries/s; stored at {stored:,.0f}/s"))
    celery = next((name for name in runs if name.startswith("Celery + requests")), None)
    for name in HOOKWRIGHT:
        if celery is None or name not in runs:
            continue
        pairs = zip(runs[name], runs[celery], strict=True)
        ratio = statistics.median(ours.delivered / max(theirs.delivered, 0.1) for ours, theirs in pairs)
        figures.append(Figure(f"{name}, versus {celery}", f"≥ {GOAL} ×", f"{ratio:.1f} ×", met=ratio >= GOAL))
    return figures


async def main() -> None:
    """Measure all of them in each run, and print medians."""
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="names that begin so")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of jobs")
    parser.add_argument("--try-settings", action="store_true", help="measure other settings of the peers, too")
    options = parser.parse_args()
    peers = [peer.name for peer in (*PEERS, *(OTHER_SETTINGS if options.try_settings else ()))]
    names = [name for name in (*peers, *HOOKWRIGHT) if name.lower().startswith(tuple(map(str.lower, options.only)))]
    if not (_PEERS / "python").exists() and any(name in peers for name in names):
        raise SystemExit("The peers are not installed: run scripts/peers")
    runs: dict[str, list[Run]] = {name: [] for name in names}
    with ExitStack() as stack:
        needed = {one.queue for one in (*PEERS, *OTHER_SETTINGS) if one.name in names}
        queues = {REDIS: stack.enter_context(redis())} if REDIS in needed else {}
        queues[POSTGRESQL] = stack.enter_context(postgres())
        url = stack.enter_context(sink())
        speed = await reference()
        for number in range(options.runs):
            for name in names:
                runs[name].append(await _measure(name, queues, url, options.share))
                print(f"run {number + 1}, {name}: {runs[name][-1].delivered:,.0f}/s", file=sys.stderr)
    tell(_figures(runs), reference=speed, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
