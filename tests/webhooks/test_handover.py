"""What an idle worker takes as it is stored: sent at once, within all limits, and never lost nor forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from server.receiver import Receiver
from store import webhooks as store
from store.session import Database
from tests.serving import Api, serving, until
from tests.webhooks.rows import delivery_rows
from webhooks.handover import Desk
from webhooks.worker import Worker

pytestmark = pytest.mark.both_databases


class Hold:
    """A store whose transactions stop before or after their commit, as long as they are told to, or fail."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.fails: str | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            yield await stack.enter_async_context(self._database.write())
            self.reached.set()
            await self.go_on.wait()
            if self.fails == "before":
                raise OSError("the disk is gone")
            if self.fails == "late":
                self.commit = asyncio.create_task(self._commit_later(stack.pop_all()))
                raise OSError("the connection is lost before the commit")
        if self.fails == "after":
            raise OSError("the answer to the commit is lost")

    @staticmethod
    async def _commit_later(transaction: AsyncExitStack) -> None:
        await asyncio.sleep(0.7)
        await transaction.aclose()

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path / "home") as api:
        yield api


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the events whose deliveries were taken and stored."""
    ids: list[str] = []
    keep = Desk.keep

    def note(desk: Desk, taken: list, *, fresh: bool) -> None:
        ids.extend(offer.event["id"] for offer in taken)
        keep(desk, taken, fresh=fresh)

    monkeypatch.setattr(Desk, "keep", note)
    return ids


@pytest.fixture
def hold(api: Api, monkeypatch: pytest.MonkeyPatch) -> Hold:
    held = Hold(api.platform.database)
    monkeypatch.setattr(api.platform.intake, "_database", held)
    return held


def worker_of(api: Api) -> Worker:
    assert api.platform.worker is not None
    return api.platform.worker


async def known(api: Api, url: str, **fields: object) -> str:
    """Add a webhook that the worker has delivered to once."""
    webhook = await api.webhook(url, **fields)
    await api.event(id="first")
    await api.deliveries(1, "delivered", webhook_id=webhook["id"])
    return str(webhook["id"])


async def test_what_is_stored_for_an_idle_worker_is_sent_without_a_claim(api: Api, endpoint: str, kept: list[str]):
    webhook = await known(api, endpoint)
    await api.event(id="second", occurred_at="2026-01-02T03:04:05.678901+05:30")
    await api.deliveries(2, "delivered")
    assert kept == ["second"]
    assert [row["worker_id"] for row in await delivery_rows(api, webhook)] == [None, None]


async def test_it_is_the_same_message_as_from_the_queue(api: Api, endpoint: str, receiver: Receiver, kept: list[str]):
    await known(api, endpoint)
    same = {"payload": {"a": [1, "ü", None]}, "occurred_at": "2026-01-02T03:04:05.678901+05:30"}
    await api.event(id="taken", **same)
    await api.event(id="queued", ordering_key="k", **same)
    await api.deliveries(3, "delivered")
    taken, queued = [one.body.decode() for one in receiver.received[1:]]
    assert kept == ["taken"]
    assert taken.replace("taken", "queued") == queued


async def test_a_webhook_that_was_changed_gets_it_as_it_is_now(api: Api, endpoint: str, kept: list[str]):
    webhook = await known(api, endpoint)
    await api.patch(f"/v1/webhooks/{webhook}", {"url": f"{endpoint}/moved"})
    await api.event(id="second")
    await api.deliveries(2, "delivered")
    await api.event(id="third")
    *_, third = await api.deliveries(3, "delivered")
    assert kept == ["third"]
    assert third["event_id"] == "third"


async def test_nothing_is_taken_for_an_open_breaker(api: Api, endpoint: str, receiver: Receiver, kept: list[str]):
    webhook = await known(api, endpoint)
    pause = {"breaker_until": datetime.now(UTC) + timedelta(hours=1), "breaker_trips": 1}
    async with api.platform.database.write() as connection:
        await store.set_values(connection, webhook, pause)
    await api.event(id="second")
    await asyncio.sleep(0.3)
    assert (kept, len(receiver.received)) == ([], 1)
    assert [row["status"] for row in await delivery_rows(api, webhook)] == ["delivered", "pending"]


async def test_no_more_is_taken_than_may_be_in_flight(api: Api, endpoint: str, receiver: Receiver, kept: list[str]):
    webhook = await known(api, endpoint, max_in_flight=1)
    receiver.delay_seconds = 0.3
    await api.event(id="second")
    await api.event(id="third")
    statuses = {row["event_id"]: (row["status"], row["worker_id"]) for row in await delivery_rows(api, webhook)}
    assert statuses["second"] == ("pending", worker_of(api).id)
    assert statuses["third"] == ("pending", None)
    await api.deliveries(3, "delivered")
    assert kept == ["second"]


async def test_many_at_once_wait_in_the_queue(api: Api, endpoint: str, kept: list[str]):
    await known(api, endpoint)
    await api.post("/v1/events", [{"type": "purchase", "payload": {}}] * 17)
    await api.deliveries(18, "delivered")
    assert kept == []


async def test_what_was_not_stored_is_not_sent(api: Api, endpoint: str, receiver: Receiver, hold: Hold):
    webhook = await known(api, endpoint)
    hold.fails = "before"
    assert (await api.client.post("/v1/events", json={"type": "t", "payload": {}, "id": "lost"})).status_code == 503
    hold.fails = None
    await api.event(id="second")
    await api.deliveries(2, "delivered")
    assert [row["event_id"] for row in await delivery_rows(api, webhook)] == ["first", "second"]
    assert len(receiver.received) == 2
    assert worker_of(api)._limits.held == 0  # noqa: SLF001 - places that were never freed would show late


@pytest.mark.parametrize("when", ["after", "late"])
async def test_what_was_stored_though_its_commit_was_not_answered_is_sent_once(
    api: Api, endpoint: str, receiver: Receiver, hold: Hold, when: str
):
    webhook = await known(api, endpoint)
    hold.fails = when
    assert (await api.client.post("/v1/events", json={"type": "t", "payload": {}, "id": "doubt"})).status_code == 503
    await api.deliveries(2, "delivered")
    assert [row["event_id"] for row in await delivery_rows(api, webhook)] == ["first", "doubt"]
    assert len(receiver.received) == 2
    assert worker_of(api)._limits.held == 0  # noqa: SLF001


async def test_what_took_long_to_store_goes_to_the_webhook_as_it_is_then(
    api: Api, endpoint: str, receiver: Receiver, hold: Hold
):
    webhook = await known(api, endpoint)
    hold.reached.clear()
    hold.go_on.clear()
    storing = asyncio.create_task(api.event(id="second"))
    await hold.reached.wait()
    if not api.platform.database.is_sqlite:  # there, nobody else can write meanwhile
        await api.patch(f"/v1/webhooks/{webhook}", {"url": f"{endpoint}/moved"})
    await asyncio.sleep(0.2)
    hold.go_on.set()
    await storing
    await api.deliveries(2, "delivered")
    paths = ["/hook", "/hook" if api.platform.database.is_sqlite else "/hook/moved"]
    assert [one.path for one in receiver.received] == paths


async def test_what_is_being_stored_when_the_worker_stops_is_given_back(api: Api, endpoint: str, hold: Hold):
    webhook = await known(api, endpoint)
    hold.reached.clear()
    hold.go_on.clear()
    storing = asyncio.create_task(api.event(id="second"))
    await hold.reached.wait()
    worker_of(api).stop()
    await asyncio.sleep(0.1)
    hold.go_on.set()
    await storing
    await api.platform.worked()
    [_, row] = await delivery_rows(api, webhook)
    assert (row["status"], row["worker_id"], row["run_at"] is None) == ("pending", None, False)


async def test_what_was_being_stored_while_the_worker_was_silent_is_left_to_whoever_has_it(
    api: Api, endpoint: str, receiver: Receiver, hold: Hold
):
    await known(api, endpoint)
    hold.reached.clear()
    hold.go_on.clear()
    storing = asyncio.create_task(api.event(id="second"))
    await hold.reached.wait()
    worker_of(api)._heart._beat_at -= 60  # noqa: SLF001 - as if the process had been stopped for a minute

    async def awake() -> bool | None:
        return None if worker_of(api)._heart.has_lapsed else True  # noqa: SLF001

    if not api.platform.database.is_sqlite:  # there, nobody else can write meanwhile
        api.platform.wakeup.set()
        await until(awake)
    hold.go_on.set()
    await storing
    await api.deliveries(2, "delivered")
    assert [one.headers["webhook-id"] for one in receiver.received] == ["first", "second"]
