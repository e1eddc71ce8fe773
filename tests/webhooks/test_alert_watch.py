"""The watch over success rates, event types and lateness, on stored attempts and deliveries (E07)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from rules.ids import new_id
from store import alerts as alert_store
from store import dialect
from store import webhooks as webhook_store
from store.deliveries import attempts, deliveries, webhooks
from store.session import Database
from store.workers import workers
from tests.serving import Api
from webhooks.alert_watch import AlertWatch

pytestmark = pytest.mark.both_databases

NOW = datetime.now(UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


class Stage:
    """A webhook with a history, and a watch that looks at it."""

    def __init__(self, api: Api, webhook_id: str) -> None:
        self.api, self.id = api, webhook_id
        self.database: Database = api.platform.database
        self.watch = AlertWatch(self.database, console="https://hooks.example", late_after=minutes(5))

    async def made(self, *delivered: bool, event_type: str = "purchase", at: datetime = NOW, **more: Any) -> None:
        """Log attempts of a second each, the last of them at a time, and count them."""
        async with self.database.write() as connection:
            row = (await webhook_store.by_ids(connection, [self.id]))[0]
            logged = [
                {
                    "id": new_id("att"),
                    "workspace_id": row["workspace_id"],
                    "webhook_id": self.id,
                    "delivery_id": "dlv_1",
                    "event_id": "evt_1",
                    "event_type": event_type,
                    "number": 1,
                    "status": "delivered" if ok else "failed",
                    "duration_ms": 5,
                    "request_headers": "{}",
                    "cause": None if ok else "server_error",
                    "error": None if ok else "HTTP 500",
                    "attempted_at": at - timedelta(seconds=len(delivered) - index),
                    **more,
                }
                for index, ok in enumerate(delivered)
            ]
            await connection.execute(insert(attempts), logged)
            counts = {"total": row["total"] + len(delivered), "successful": row["successful"] + sum(delivered)}
            counts |= {"failed": counts["total"] - counts["successful"], "last_delivery_at": at}
            await webhook_store.set_values(connection, self.id, counts)

    async def due(self, since: datetime, *, lane: int = 0, key: str | None = None, webhook_id: str = "") -> None:
        """Store a delivery that is due since then and that no worker sees, as its webhook's are held back by hand."""
        async with self.database.write() as connection:
            row = (await webhook_store.by_ids(connection, [webhook_id or self.id]))[0]
            delivery = {
                "id": new_id("dlv"),
                "workspace_id": row["workspace_id"],
                "webhook_id": row["id"],
                "event_id": "evt_1",
                "event_type": "purchase",
                "status": "pending",
                "lane": lane,
                "ordering_key": key,
                "run_at": since,
                "created_at": since,
            }
            await connection.execute(insert(deliveries), [delivery])

    async def set(self, **values: Any) -> None:
        async with self.database.write() as connection:
            await webhook_store.set_values(connection, self.id, values)

    async def look(self, at: datetime = NOW, times: int = 2) -> list[dict[str, Any]]:
        """Look so many times, and return the alerts, newest first."""
        for _ in range(times):
            assert await self.watch.look(at)
        return list((await self.api.get("/v1/alerts"))["items"])


@pytest.fixture
async def stage(tmp_path: Path) -> Any:
    """Nothing is delivered here: the server has no worker."""
    from tests.serving import serving  # noqa: PLC0415 - the fixture `api` has a worker

    async with serving(tmp_path / "idle", with_worker=False) as api:
        webhook = await api.webhook("http://127.0.0.1:9/hook")
        yield Stage(api, webhook["id"])


async def test_e07_a_dropped_success_rate_is_told_at_the_second_look(stage: Stage):
    await stage.made(*[True] * 200, at=NOW - timedelta(hours=8))
    await stage.made(*[True, False] * 30)
    assert await stage.look(times=1) == []
    [alert] = await stage.look(times=1)
    assert (alert["topic"], alert["subject_id"], alert["webhook_id"]) == ("success_rate.dropped", stage.id, stage.id)
    assert (alert["cause"], alert["closed_at"], alert["mailed_at"]) == ("server_error", None, None)
    assert alert["details"] == {
        "webhook_name": "CRM sync",
        "success_rate": 50.0,
        "attempts": 60,
        "past_success_rate": 100.0,
    }
    assert len(await stage.look()) == 1, "it is open already"


async def test_one_of_two_is_no_alarm(stage: Stage):
    await stage.made(*[True, False])
    assert await stage.look() == []


async def test_tests_and_faults_of_ours_are_no_alarm(stage: Stage):
    await stage.made(*[False] * 30, delivery_id=None)
    await stage.made(*[False] * 30, cause="local_error")
    assert await stage.look() == []


async def test_e07_the_alert_is_over_when_deliveries_succeed(stage: Stage):
    await stage.made(*[False] * 30, at=NOW - minutes(20))
    assert (await stage.look(NOW - minutes(20)))[0]["closed_at"] is None
    await stage.made(*[True] * 3)
    assert (await stage.look())[0]["closed_at"] is None
    await stage.made(*[True] * 2)
    assert (await stage.look())[0]["closed_at"] is not None


async def test_an_alert_of_which_nothing_is_heard_for_a_day_is_over(stage: Stage):
    await stage.made(*[False] * 30)
    await stage.look()
    assert (await stage.look(NOW + timedelta(hours=23)))[0]["closed_at"] is None
    assert (await stage.look(NOW + timedelta(hours=25)))[0]["closed_at"] is not None


@pytest.mark.parametrize("change", ["disable", "delete"])
async def test_the_alerts_of_a_webhook_that_is_switched_off_are_over(stage: Stage, change: str):
    await stage.made(*[False] * 30)
    await stage.look()
    path = f"/v1/webhooks/{stage.id}"
    await (stage.api.patch(path, {"enabled": False}) if change == "disable" else stage.api.call("DELETE", path))
    assert [alert["closed_at"] is None for alert in await stage.look()] == [False]


async def test_e07_one_event_type_that_fails_while_others_succeed(stage: Stage):
    await stage.made(*[True] * 40)
    await stage.made(*[False] * 6, event_type="refund")
    [alert] = await stage.look()
    assert (alert["topic"], alert["subject_id"]) == ("event_type.failing", f"{stage.id} refund")
    assert (alert["webhook_id"], alert["details"]["event_type"]) == (stage.id, "refund")
    await stage.made(*[True] * 3, event_type="refund", at=NOW + timedelta(seconds=10))
    assert (await stage.look(NOW + minutes(1)))[0]["closed_at"] is not None


async def test_a_type_with_marks_in_it_is_taken_apart_rightly(stage: Stage):
    await stage.made(*[True] * 40)
    await stage.made(*[False] * 6, event_type="a:b/c")
    assert (await stage.look())[0]["details"]["event_type"] == "a:b/c"


async def test_e07_late_deliveries_are_one_alert_of_the_workspace(stage: Stage):
    other = await stage.api.webhook("http://127.0.0.1:9/other", name="Other")
    await stage.due(NOW - minutes(6))
    await stage.due(NOW - minutes(9), webhook_id=other["id"])
    [alert] = await stage.look(times=1)
    assert (alert["topic"], alert["webhook_id"], alert["cause"]) == ("backlog.late", other["id"], "no_worker")
    assert alert["subject_id"] == stage.api.platform.workspace_id
    assert (alert["details"]["late_minutes"], alert["details"]["webhooks"]) == (9, 2)
    async with stage.database.write() as connection:
        await connection.execute(update(deliveries).values(run_at=NOW - minutes(2)))
    assert (await stage.look())[0]["closed_at"] is None
    async with stage.database.write() as connection:
        await connection.execute(update(deliveries).values(run_at=NOW))
    assert (await stage.look())[0]["closed_at"] is not None


async def test_with_a_worker_alive_deliveries_are_behind(stage: Stage):
    await stage.due(NOW - minutes(6))
    async with stage.database.write() as connection:
        beat = {"id": "wrk_1", "started_at": NOW, "heartbeat_at": NOW}
        await connection.execute(insert(workers), [beat])
    assert (await stage.look())[0]["cause"] == "behind"


@pytest.mark.parametrize(
    "wished",
    [
        {"breaker_until": NOW + minutes(5), "breaker_trips": 1},
        {"breaker_until": NOW - minutes(1), "breaker_trips": 1},
        {"rate_limit_per_second": 0.1},
        {"max_in_flight": 1},
    ],
)
async def test_what_is_parked_or_limited_by_wish_is_not_late(stage: Stage, wished: dict[str, Any]):
    await stage.due(NOW - minutes(60))
    await stage.set(**wished)
    assert await stage.look() == []


async def test_deliveries_of_a_disabled_webhook_are_not_late(stage: Stage):
    await stage.due(NOW - minutes(60))
    await stage.api.patch(f"/v1/webhooks/{stage.id}", {"enabled": False})
    assert await stage.look() == []


async def test_replays_are_not_late(stage: Stage):
    await stage.due(NOW - minutes(60), lane=2)
    assert await stage.look() == []


async def test_of_an_ordering_key_only_the_next_delivery_can_be_late(stage: Stage):
    await stage.due(NOW + minutes(60), lane=3, key="k")
    await stage.due(NOW - minutes(60), lane=3, key="k")
    await stage.due(NOW - minutes(60), lane=4, key="l")
    await stage.due(NOW - minutes(60), lane=3, key="l")
    assert await stage.look() == [], "they wait for those before them, be these replays"
    await stage.due(NOW - minutes(7), lane=3, key="other")
    assert (await stage.look())[0]["details"]["late_minutes"] == 7


async def test_another_process_looks_meanwhile(stage: Stage):
    async with stage.database.read() as connection:
        if stage.database.is_sqlite:
            return  # one process has the file
        assert await dialect.take_turn_if_free(connection, "alerts")
        assert await stage.watch.look() is False
    assert await stage.watch.look() is True


async def test_all_failing_webhooks_are_looked_at_in_turns(stage: Stage):
    async with stage.database.write() as connection:
        row = (await webhook_store.by_ids(connection, [stage.id]))[0]
        many = [{**row, "id": f"wh_{number:04}"} for number in range(250)]
        await connection.execute(insert(webhooks), many)
    for number in range(250):
        stage.id = f"wh_{number:04}"
        await stage.made(*[False] * 12)
    await stage.look(times=8)
    async with stage.database.read() as connection:
        found = await alert_store.all_open(connection, ["success_rate.dropped"])
    assert len(found) == 250
