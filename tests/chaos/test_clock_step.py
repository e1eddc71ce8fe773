"""The wall clock is stepped by hours, there and back: nothing is lost, nothing is sent over and over, nothing waits."""

import asyncio
import struct
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from bench.reconcile import CLAIM_BATCH
from bench.reconcile_receiver import Journal, recording
from tests import databases
from tests.processes import environment, free_port, server_process, worker_process
from tests.serving import until

KEY = "hwk_key_of_the_clock_test"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENTS = 600
HOUR = 3_600.0
PATIENCE = 60.0

Tell = Callable[[str], None]


class Clock:
    """The wall clock of processes that are started with its environment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.write_bytes(struct.pack("d", 0.0))

    def set(self, seconds: float) -> None:
        with self._file.open("r+b") as clock:
            clock.write(struct.pack("d", seconds))

    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        path = f"{Path(__file__).parent / 'stepped_clock'}:{environ['PYTHONPATH']}"
        return {**environ, "PYTHONPATH": path, "CHAOS_CLOCK": str(self._file)}


@pytest.mark.parametrize("hours", [3, -3], ids=["forward", "backward"])
async def test_what_waits_when_the_clock_is_stepped_is_delivered_at_once(
    tmp_path: Path, tell: Tell, hours: int
) -> None:
    clock = Clock(tmp_path / "clock")
    environ = clock.environ(environment(tmp_path / "home", free_port(), KEY))
    with recording(tmp_path / "journal", SECRET, delay_seconds=0.2) as journal:
        async with server_process(environ, tmp_path / "server.log"), client(environ) as http:
            await webhook(http, journal)
            await publish(http, range(EVENTS))
            await until(lambda: arrived(journal, 50), PATIENCE)
            before = journal.count()
            assert before < EVENTS, "the step came too late to prove anything"
            clock.set(hours * HOUR)
            stepped = time.monotonic()
            await until(lambda: arrived(journal, EVENTS), PATIENCE)
            recovered = time.monotonic() - stepped
            await publish(http, range(EVENTS, EVENTS + 50))
            await until(lambda: arrived(journal, EVENTS + 50), PATIENCE)
            await until(lambda: settled(http, EVENTS + 50), PATIENCE)
            assert (await http.get("/readyz")).status_code == 200
    newest = journal.arrivals[-1]
    again = len(journal.arrivals) - len(journal.numbers)
    tell(f"stepped by {hours:+d} h with {EVENTS - before} waiting: lost 0, again {again}, all after {recovered:.2f} s")
    assert again <= CLAIM_BATCH
    assert all(one.signed for one in journal.arrivals)
    assert newest.age == pytest.approx(-hours * HOUR, abs=60), "a signature bears the time of its server's clock"


async def test_claims_of_a_killed_server_are_found_when_it_starts_with_an_earlier_clock(
    tmp_path: Path, tell: Tell
) -> None:
    clock = Clock(tmp_path / "clock")
    environ, log = clock.environ(environment(tmp_path / "home", free_port(), KEY)), tmp_path / "server.log"
    with recording(tmp_path / "journal", SECRET, delay_seconds=0.2) as journal:
        async with server_process(environ, log) as server, client(environ) as http:
            await webhook(http, journal)
            await publish(http, range(EVENTS))
            await until(lambda: arrived(journal, 50), PATIENCE)
            server.kill()
            await server.wait()
        waiting = EVENTS - journal.count()
        assert waiting, "the kill came too late to prove anything"
        clock.set(-3 * HOUR)
        killed = time.monotonic()
        async with server_process(environ, log), client(environ) as http:
            await until(lambda: arrived(journal, EVENTS), PATIENCE)
            recovered = time.monotonic() - killed
            await until(lambda: settled(http, EVENTS), PATIENCE)
    again = len(journal.arrivals) - len(journal.numbers)
    tell(f"started 3 h earlier with {waiting} waiting: lost 0, again {again}, all after {recovered:.2f} s")
    assert again <= CLAIM_BATCH


async def test_workers_whose_clocks_are_hours_apart_do_not_take_each_other_for_dead(tmp_path: Path, tell: Tell) -> None:
    with databases.using(databases.POSTGRESQL), recording(tmp_path / "journal", SECRET, delay_seconds=0.1) as journal:
        environ = environment(tmp_path / "home", free_port(), KEY)
        fast, slow = Clock(tmp_path / "fast"), Clock(tmp_path / "slow")
        fast.set(3 * HOUR)
        slow.set(-3 * HOUR)
        async with (
            server_process(environ, tmp_path / "api.log", "--no-worker", ready=False),
            worker_process(fast.environ(environ), tmp_path / "fast.log"),
            worker_process(slow.environ(environ), tmp_path / "slow.log"),
            client(environ) as http,
        ):
            await webhook(http, journal)
            for start in range(0, EVENTS, 100):
                await publish(http, range(start, start + 100))
                await asyncio.sleep(1.5)  # longer than three heartbeats in all, and than the silence of the dead
            await until(lambda: settled(http, EVENTS), PATIENCE)
            assert (await http.get("/readyz")).status_code == 200
        logs = (tmp_path / "fast.log").read_text() + (tmp_path / "slow.log").read_text()
    again = len(journal.read()) - len(journal.numbers)
    tell(f"workers 3 h fast and 3 h slow: {EVENTS} delivered, lost {EVENTS - len(journal.numbers)}, again {again}")
    assert len(journal.numbers) == EVENTS
    assert again == 0
    assert "went silent" not in logs
    assert "set back" not in logs


async def webhook(http: httpx2.AsyncClient, journal: Journal) -> None:
    draft = {"name": "sink", "url": journal.url, "profile": "perspective", "secret": SECRET}
    (await http.post("/v1/webhooks", json=draft)).raise_for_status()


async def publish(http: httpx2.AsyncClient, numbers: range) -> None:
    events = [{"type": "t", "payload": {"n": n}, "id": f"evt_{n}"} for n in numbers]
    (await http.post("/v1/events", json=events)).raise_for_status()


async def arrived(journal: Journal, count: int) -> bool | None:
    return True if journal.count() >= count else None


async def settled(http: httpx2.AsyncClient, count: int) -> bool | None:
    total = (await http.get("/v1/deliveries", params={"status": "delivered"})).json()["total"]
    return True if total == count else None


def client(environ: dict[str, str]) -> httpx2.AsyncClient:
    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
