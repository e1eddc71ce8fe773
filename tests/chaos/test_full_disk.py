"""SQLite's disk runs full and is freed: what was acknowledged is delivered, and the server says what to do."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import pytest

from bench.reconcile import CLAIM_BATCH
from bench.reconcile_receiver import Journal, recording
from tests.chaos.disks import Disk, SizeLimit, small_disk
from tests.processes import environment, free_port, server_process
from tests.serving import until

KEY = "hwk_key_of_the_full_disk_test"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FILLER = "x" * 2_000
PATIENCE = 45.0

Tell = Callable[[str], None]
MakeDisk = Callable[[Path], AbstractContextManager[Disk]]


@contextmanager
def limited(folder: Path) -> Iterator[Disk]:
    folder.mkdir()
    yield SizeLimit(folder)


class Ingest:
    """Sends numbered events and remembers which were acknowledged, and how the others were refused."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.acknowledged: set[int] = set()
        self.refusals: list[httpx2.Response] = []
        self._http = http
        self._next = 0

    async def send(self, count: int = 10) -> bool:
        numbers = range(self._next, self._next + count)
        self._next += count
        events = [{"type": "t", "payload": {"n": n, "filler": FILLER}, "id": f"evt_{n}"} for n in numbers]
        answer = await self._http.post("/v1/events", json=events)
        if answer.status_code == 202:
            self.acknowledged.update(numbers)
        else:
            self.refusals.append(answer)
        return answer.status_code == 202

    async def accepted(self) -> bool | None:
        return True if await self.send() else None

    async def refused(self) -> bool | None:
        return None if await self.send() else True


@pytest.mark.parametrize("make_disk", [small_disk, limited], ids=["file system", "size limit"])
async def test_what_was_acknowledged_is_delivered_when_a_full_disk_has_room_again(
    tmp_path: Path, make_disk: MakeDisk, tell: Tell
) -> None:
    with (
        make_disk(tmp_path / "disk") as disk,
        recording(tmp_path / "journal", SECRET, delay_seconds=0.2) as journal,
    ):
        environ, log = environment(disk.folder, free_port(), KEY), tmp_path / "server.log"
        async with server_process(environ, log) as server, client(environ) as http:
            draft = {"name": "sink", "url": journal.url, "profile": "perspective", "secret": SECRET}
            (await http.post("/v1/webhooks", json=draft)).raise_for_status()
            ingest = Ingest(http)
            for _ in range(30):
                assert await ingest.send()
            await until(lambda: arrived(journal, 50), PATIENCE)
            disk.fill(server.pid)
            filled = len(journal.read())
            await until(ingest.refused, PATIENCE)
            await until(lambda: tells_of_it(http), PATIENCE)
            assert not await ingest.send()
            disk.free(server.pid)
            freed = time.monotonic()
            await until(ingest.accepted, PATIENCE)
            accepted = time.monotonic() - freed
            await until(lambda: is_ready(http), PATIENCE)
            await until(lambda: settled(http, len(ingest.acknowledged)), PATIENCE)
            resumed = min((one.at for one in journal.read() if one.at > freed), default=freed) - freed
            assert server.returncode is None
    for refusal in ingest.refusals:
        problem = refusal.json()
        assert (refusal.status_code, problem["type"]) == (503, "urn:hookwright:problem:store-full"), problem
        assert "no space left" in problem["detail"]
        assert "Free space there or enlarge it" in problem["detail"]
    again = len(journal.arrivals) - len(journal.numbers)
    sent = len(ingest.acknowledged)
    lost = len(ingest.acknowledged - journal.numbers)
    tell(f"{sent} acknowledged, {filled} delivered before the disk was full, lost {lost}, again {again}")
    tell(f"with room again: accepting after {accepted:.2f} s, delivering after {resumed:.2f} s")
    assert journal.numbers == ingest.acknowledged
    assert again <= CLAIM_BATCH
    assert max(accepted, resumed) < 30
    assert all(one.signed for one in journal.arrivals)


async def test_a_server_that_is_killed_on_a_full_disk_loses_nothing_either(tmp_path: Path, tell: Tell) -> None:
    with (
        small_disk(tmp_path / "disk") as disk,
        recording(tmp_path / "journal", SECRET, delay_seconds=0.2) as journal,
    ):
        environ, log = environment(disk.folder, free_port(), KEY), tmp_path / "server.log"
        async with server_process(environ, log) as server, client(environ) as http:
            draft = {"name": "sink", "url": journal.url, "profile": "perspective", "secret": SECRET}
            (await http.post("/v1/webhooks", json=draft)).raise_for_status()
            ingest = Ingest(http)
            for _ in range(30):
                assert await ingest.send()
            disk.fill(server.pid)
            await until(ingest.refused, PATIENCE)
            server.kill()
            await server.wait()
            disk.free(server.pid)
        killed = time.monotonic()
        async with server_process(environ, log), client(environ) as http:
            await until(lambda: settled(http, len(ingest.acknowledged)), PATIENCE)
        recovered = time.monotonic() - killed
    again = len(journal.read()) - len(journal.numbers)
    lost = len(ingest.acknowledged - journal.numbers)
    tell(f"{len(ingest.acknowledged)} acknowledged, lost {lost}, again {again}, all settled after {recovered:.2f} s")
    assert journal.numbers == ingest.acknowledged
    assert again <= CLAIM_BATCH


async def arrived(journal: Journal, count: int) -> bool | None:
    return True if journal.count() >= count else None


async def tells_of_it(http: httpx2.AsyncClient) -> bool | None:
    answer = await http.get("/readyz")
    if answer.status_code == 200:
        return None
    assert answer.status_code == 503
    return True if "no space left" in answer.json()["checks"]["store"].get("detail", "") else None


async def is_ready(http: httpx2.AsyncClient) -> bool | None:
    return True if (await http.get("/readyz")).status_code == 200 else None


async def settled(http: httpx2.AsyncClient, count: int) -> bool | None:
    total = (await http.get("/v1/deliveries", params={"status": "delivered"})).json()["total"]
    return True if total == count else None


def client(environ: dict[str, str]) -> httpx2.AsyncClient:
    url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
