"""A process that is killed without warning loses nothing (X05)."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2

from server.receiver import Received, Receiver
from tests.processes import environment, free_port, server_process
from tests.serving import until

EVENTS = 500
CLAIM_BATCH = 512
ANSWER_SECONDS = 0.05
KEY = "hwk_test_key_of_the_kill_test"


async def test_x05_sigkill_in_the_middle_of_500_deliveries_loses_none(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    counts: Counter[str] = Counter()

    def count(received: Received) -> None:
        counts[received.headers["webhook-id"]] += 1

    receiver = Receiver(delay_seconds=ANSWER_SECONDS, on_request=count)
    environ, log = environment(tmp_path, free_port(), KEY), tmp_path / "server.log"
    async with receiver.serve() as endpoint:
        async with server_process(environ, log) as first:
            wanted = await ingest(environ, f"{endpoint}/hook")

            async def well_under_way() -> bool | None:
                return True if len(counts) >= EVENTS // 10 else None

            await until(well_under_way)
            first.kill()
            await first.wait()
        await asyncio.sleep(2 * ANSWER_SECONDS)  # what had reached the receiver is counted
        received_before = len(counts)
        assert received_before < EVENTS, "the kill came too late to prove anything"
        killed = time.monotonic()
        async with server_process(environ, log):

            async def more() -> bool | None:
                return True if len(counts) > received_before else None

            async def all_there() -> bool | None:
                return True if counts.keys() >= wanted else None

            await until(more)
            resumed = time.monotonic() - killed
            await until(all_there, seconds=30)
            await until(lambda: settled(environ))
    duplicates = counts.total() - len(counts)
    assert counts.keys() == wanted
    assert duplicates <= CLAIM_BATCH
    tell(f"killed after {received_before} of {EVENTS}: lost 0, again {duplicates}, delivering after {resumed:.1f} s")


async def ingest(environ: dict[str, str], url: str) -> set[str]:
    async with client(environ) as http:
        (await http.post("/v1/webhooks", json={"name": "sink", "url": url})).raise_for_status()
        events = [{"type": "purchase", "payload": {"n": n}, "id": f"evt_kill_{n}"} for n in range(EVENTS)]
        answer = (await http.post("/v1/events", json=events)).raise_for_status().json()
    assert all(event["deliveries"] == 1 for event in answer["events"])
    return {event["id"] for event in events}


async def settled(environ: dict[str, str]) -> bool | None:
    """Whether the log knows every delivery as delivered."""
    async with client(environ) as http:
        total = (await http.get("/v1/deliveries", params={"status": "delivered"})).json()["total"]
    return True if total == EVENTS else None


def client(environ: dict[str, str]) -> httpx2.AsyncClient:
    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=20)
