"""Memory of a server process, idle and with 200 000 pending deliveries, on SQLite and PostgreSQL.

    python -m bench.memory [--deliveries 200000] [--stores SQLite PostgreSQL]

The deliveries are for an endpoint that takes connections and never answers, whose circuit breaker is off, so that the
worker has as much claimed as it ever will. What counts is the largest resident set of the process, sampled for a while.
"""

import asyncio
import contextlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop

from bench.figures import Figure, arguments, tell
from bench.servers import POSTGRESQL, SQLITE, Server, postgres, serving, store

IDLE_GOAL_MB, PENDING_GOAL_MB = 200, 300
_AT_ONCE = 1000
_SAMPLES, _EVERY_SECONDS = 20, 0.5
_NOTE = "x" * 900


def resident_mb(pid: int) -> float:
    """Return the resident set of a process in MB (10^6 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6


async def _largest(server: Server) -> float:
    found = 0.0
    for _ in range(_SAMPLES):
        found = max(found, resident_mb(server.process.pid))
        await asyncio.sleep(_EVERY_SECONDS)
    return found


async def _hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read until the other side gives up, and answer nothing."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(65536):
            pass
    writer.close()


async def _load(server: Server, port: int, count: int) -> int:
    """Store events for an endpoint that hangs; returns how many deliveries wait then."""
    async with server.client() as client:
        draft: dict[str, Any] = {"name": "hangs", "url": f"http://127.0.0.1:{port}/", "timeout_ms": 30_000}
        draft |= {"circuit_breaker": {"consecutive_failures": 0, "failure_share": 0}, "auto_disable_hours": None}
        (await client.post("/v1/webhooks", json=draft)).raise_for_status()
        event = {"type": "purchase", "payload": {"properties": {"value": 100, "note": _NOTE}}}
        made = 0
        for start in range(0, count, _AT_ONCE):
            body = [event] * min(_AT_ONCE, count - start)
            response = await client.post("/v1/events", json=body)
            response.raise_for_status()
            made += sum(entry["deliveries"] for entry in response.json()["events"])
        return made


async def _run(kind: str, server_url: str | None, count: int) -> list[Figure]:
    endpoint = await asyncio.start_server(_hang, "127.0.0.1", 0)
    port = int(endpoint.sockets[0].getsockname()[1])
    try:
        async with store(kind, server_url) as url, serving(url) as server:
            idle = await _largest(server)
            made = await _load(server, port, count)
            pending = await _largest(server)
    finally:
        endpoint.close()
    return [
        Figure(f"memory, idle server, {kind}", f"< {IDLE_GOAL_MB} MB", f"{idle:.0f} MB", idle < IDLE_GOAL_MB),
        Figure(
            f"memory, {made:,} pending deliveries, {kind}",
            f"< {PENDING_GOAL_MB} MB",
            f"{pending:.0f} MB",
            pending < PENDING_GOAL_MB,
        ),
    ]


async def main() -> None:
    """Measure a process on each database."""
    parser = arguments(__doc__)
    parser.add_argument("--deliveries", type=int, default=200_000)
    parser.add_argument("--stores", nargs="+", default=[SQLITE, POSTGRESQL])
    options = parser.parse_args()
    figures: list[Figure] = []
    with ExitStack() as stack:
        server_url = stack.enter_context(postgres()) if POSTGRESQL in options.stores else None
        for kind in options.stores:
            figures += await _run(kind, server_url, options.deliveries)
    tell(figures, as_json=options.json)


if __name__ == "__main__":
    uvloop.run(main())
