"""One worker's claims: they come to an end, are taken back as a whole, and give everybody a turn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from store.claims import Claimed, deliveries
from tests.serving import Api, serving
from tests.webhooks.rows import delivery_rows, set_deliveries, set_webhook
from webhooks.claiming import Claimer
from webhooks.limits import Limits
from webhooks.targets import Targets

pytestmark = pytest.mark.both_databases

KEYS = 300  # more than one walk passes over
LATER = timedelta(hours=1)
ANYWHERE = "https://example.com/hook"


@pytest.fixture
async def idle(tmp_path: Path) -> AsyncIterator[Api]:
    """A server without a worker."""
    async with serving(tmp_path / "home", with_worker=False) as api:
        yield api


def claimer_of(api: Api) -> Claimer:
    return Claimer("wrk_test", Targets(api.platform.columns), Limits(4096, 2048))


@asynccontextmanager
async def claims(api: Api, claimer: Claimer) -> AsyncIterator[list[Claimed]]:
    async with api.platform.database.write() as connection:
        yield await claimer.claim(connection)


async def post(api: Api, count: int, **more: Any) -> None:
    events = [
        {"type": "purchase", "payload": {}, **({"ordering_key": f"{n:03}"} if more else {})} for n in range(count)
    ]
    await api.post("/v1/events", events)


async def test_walks_along_blocked_keys_do_not_keep_each_other_going(idle: Api):
    first, second = [(await idle.webhook(ANYWHERE, name=name))["id"] for name in ("First", "Second")]
    await post(idle, KEYS, keyed=True)
    await set_deliveries(idle, first, run_at=datetime.now(UTC) + LATER)
    await set_deliveries(idle, second, run_at=datetime.now(UTC) + LATER)
    await post(idle, KEYS, keyed=True)
    behind = (
        select(func.max(deliveries.c.id)).where(deliveries.c.webhook_id == second).group_by(deliveries.c.ordering_key)
    )
    async with idle.platform.database.write() as connection:
        ids = list((await connection.execute(behind)).scalars())
        wait = update(deliveries).where(deliveries.c.id.in_(ids))
        await connection.execute(wait.values(run_at=datetime.now(UTC) + LATER))
    claimer = claimer_of(idle)
    async with claims(idle, claimer) as claimed:
        assert (claimed, claimer.is_cut) == ([], True)
    async with idle.platform.database.write() as connection:
        await connection.execute(wait.values(run_at=datetime.now(UTC)))
    cut = []
    for _ in range(8):
        async with claims(idle, claimer) as claimed:
            assert claimed == []
        cut.append(claimer.is_cut)
    assert not all(cut), "a worker would go round for ever"


async def lose(api: Api, claimer: Claimer) -> None:
    async with claims(api, claimer) as claimed:
        assert len(claimed) == 3
        raise ConnectionError


async def test_what_was_undone_can_be_given_back_and_costs_no_token(idle: Api):
    hook = (await idle.webhook(ANYWHERE, rate_limit_per_second=5))["id"]
    await post(idle, 3)
    claimer = claimer_of(idle)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            await lose(idle, claimer)
        assert len(claimer.undo()) == 3
    assert {row["worker_id"] for row in await delivery_rows(idle, hook)} == {None}


async def test_every_half_open_webhook_is_probed_some_time(idle: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("webhooks.claiming._PROBES_PER_CYCLE", 2)
    hooks = [(await idle.webhook(ANYWHERE, name=str(n)))["id"] for n in range(5)]
    await post(idle, 1, keyed=True)
    for id_ in hooks[:4]:  # what waits for its retry is the head of a key
        await set_deliveries(idle, id_, run_at=datetime.now(UTC) + LATER)
    await post(idle, 1, keyed=True)
    for id_ in hooks:
        await set_webhook(idle, id_, breaker_until=datetime.now(UTC) - LATER, breaker_trips=1)
    claimer, probed = claimer_of(idle), []
    for _ in range(3):
        async with claims(idle, claimer) as claimed:
            probed += [row.webhook_id for row in claimed]
        claimer.keep()
    assert probed == [hooks[4]]
