"""Receivers that fail in every way at once: a healthy one beside them is not disturbed, and each fault has its name."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2

from bench.reconcile_receiver import recording
from rules.outcomes import Cause
from tests.faultlab import FaultLab
from tests.faultlab.lab import Seen, send_reset
from tests.processes import environment, free_port, server_process
from tests.serving import until

KEY = "hwk_key_of_the_faulty_receivers"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENTS = 1_000
SEEN_FAULTS = 20
PATIENCE = 60.0
MEGABYTE = 1 << 20
GIGABYTE = 1 << 30

Answer = Callable[[Seen, asyncio.StreamWriter], Awaitable[bool | None]]


async def resets_mid_answer(_: Seen, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
    await writer.drain()
    await asyncio.sleep(0.02)
    send_reset(writer)
    return False


async def trickles(writer: asyncio.StreamWriter, text: bytes) -> bool:
    for byte in text:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)
    return False


async def trickles_its_header(_: Seen, writer: asyncio.StreamWriter) -> bool:
    return await trickles(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def trickles_its_body(_: Seen, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n")
    return await trickles(writer, b"." * 60)


async def answers_garbage(_: Seen, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"\x16\x03\x01\x00\xff garbage\r\n\r\n")
    return False


async def never_answers(_: Seen, writer: asyncio.StreamWriter) -> None:
    await writer.drain()
    await asyncio.Event().wait()


async def sends_a_gigabyte(_: Seen, writer: asyncio.StreamWriter) -> bool:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode())
    for _megabyte in range(GIGABYTE // MEGABYTE):
        writer.write(b"x" * MEGABYTE)
        await writer.drain()
    return False


async def closes_half(_: Seen, writer: asyncio.StreamWriter) -> None:
    """End the answer in its middle, and go on listening."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
    writer.write_eof()
    await asyncio.Event().wait()


FAULTS: dict[Answer, Cause | None] = {
    resets_mid_answer: Cause.CONNECTION_RESET,
    trickles_its_header: Cause.RESPONSE_TIMEOUT,
    trickles_its_body: Cause.RESPONSE_TIMEOUT,
    answers_garbage: Cause.INVALID_RESPONSE,
    never_answers: Cause.RESPONSE_TIMEOUT,
    closes_half: Cause.INVALID_RESPONSE,
    sends_a_gigabyte: None,  # its status says that it took the event; the rest is not read
}


async def test_receivers_that_fail_in_every_way_at_once_leave_a_healthy_one_alone(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    lab = FaultLab()
    environ, log = environment(tmp_path / "home", free_port(), KEY), tmp_path / "server.log"
    with recording(tmp_path / "journal", SECRET) as journal:
        async with server_process(environ, log) as server, client(environ) as http:
            healthy = await webhook(http, journal.url)

            async def publish(first: int) -> float:
                started = time.monotonic()
                events = [{"type": "t", "payload": {"n": n}, "id": f"e{n}"} for n in range(first, first + EVENTS)]
                (await http.post("/v1/events", json=events)).raise_for_status()

                async def all_there() -> bool | None:
                    return True if journal.count() >= first + EVENTS else None

                await until(all_there, PATIENCE)
                return time.monotonic() - started

            await publish(0)
            alone, before = await publish(EVENTS), memory(server.pid)
            try:
                faulty = {
                    answer: await webhook(http, await lab.serve(answer), hangs=cause is Cause.RESPONSE_TIMEOUT)
                    for answer, cause in FAULTS.items()
                }
                together = await publish(2 * EVENTS)
                for answer, cause in FAULTS.items():
                    ended = await until(lambda id_=faulty[answer]: of(http, id_), PATIENCE)  # type: ignore[misc]
                    causes = {one["cause"] for one in ended if one["status"] == "failed"}
                    delivered = sum(one["status"] == "delivered" for one in ended)
                    tell(f"{answer.__name__}: {len(ended)} ended, {', '.join(causes) or 'delivered'}")
                    assert causes == ({str(cause)} if cause else set())
                    assert delivered == (0 if cause else len(ended))
                health = (await http.get(f"/v1/webhooks/{healthy}")).json()["health"]
                grown = memory(server.pid) - before
            finally:
                await lab.close()
    again = len(journal.read()) - len(journal.numbers)
    tell(f"healthy: {EVENTS} events in {alone:.2f} s alone, {together:.2f} s beside them; memory {grown:+d} MB")
    assert journal.numbers == set(range(3 * EVENTS))
    assert again == 0
    assert (health["successful"], health["failed"]) == (3 * EVENTS, 0)
    assert together < 3 * alone + 10
    assert grown < 150


async def webhook(http: httpx2.AsyncClient, url: str, *, hangs: bool = False) -> str:
    """Make a webhook without retries or breaker; slowness is a fault only of those that hang, not of the machine."""
    draft = {"name": "w", "url": url, "profile": "perspective", "secret": SECRET}
    more = {"timeout_ms": 1_000 if hangs else 30_000, "retry": {"max_retries": 0}}
    more["circuit_breaker"] = {"consecutive_failures": 0}
    created: dict[str, Any] = (await http.post("/v1/webhooks", json={**draft, **more})).raise_for_status().json()
    return str(created["id"])


async def of(http: httpx2.AsyncClient, webhook_id: str) -> list[dict[str, Any]] | None:
    """Return the deliveries of a webhook that have ended, when they are enough to judge by."""
    found = [
        entry
        for status in ("failed", "delivered")
        for entry in (
            await http.get("/v1/deliveries", params={"webhook_id": webhook_id, "status": status, "limit": 200})
        ).json()["items"]
    ]
    return found if len(found) >= SEEN_FAULTS else None


def memory(pid: int) -> int:
    """Return what a process holds, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) // 1024


def client(environ: dict[str, str]) -> httpx2.AsyncClient:
    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
