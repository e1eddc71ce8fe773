"""`/metrics`, scraped from a real server as Prometheus does it."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.event import listen

from rules.errors import Unavailable
from server.metrics import STATE_AGE
from server.receiver import Receiver
from server.wiring import wire
from store.queue_state import queue_state
from tests import databases
from tests.processes import environment, free_port, server_process, worker_process
from tests.serving import Api, local_settings, serving, until

TOKEN = "a-token-for-metrics-only"

LONG_AGO = "2020-01-01T00:00:00.000000+00:00"
FAR = "2999-01-01T00:00:00.000000+00:00"

Samples = dict[str, float]


async def scrape(api: Api, token: str | None = None) -> tuple[Samples, str]:
    async with api.as_caller(token or api.key) as client:
        response = await client.get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    samples = {
        name_of(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    return samples, response.text


def name_of(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name


async def until_scraped(api: Api, holds: Callable[[Samples], bool], seconds: float = 15) -> Samples:
    async def seen() -> Samples | None:
        samples, _ = await scrape(api)
        return samples if holds(samples) else None

    return await until(seen, seconds)


async def test_counters_move_as_events_are_taken_delivered_and_refused(
    api: Api, endpoint: str, receiver: Receiver
) -> None:
    await api.webhook(endpoint)
    await api.event(id="order-1")
    await api.event(id="order-1")
    await api.refused("POST", "/v1/events", {"type": "purchase"})
    await api.deliveries(1, "delivered")

    first = await until_scraped(
        api, lambda seen: seen.get("hookwright_attempts_total{cause=none,status=delivered}") == 1
    )

    assert first["hookwright_events_total{result=accepted}"] == 1
    assert first["hookwright_events_total{result=duplicate}"] == 1
    assert first["hookwright_events_total{result=refused}"] == 1
    assert first["hookwright_ingest_duration_seconds_count"] == 2
    assert first["hookwright_claim_deliveries_sum"] == 1
    assert first["hookwright_claim_duration_seconds_count"] == 1
    assert first["hookwright_attempt_duration_seconds_count{status=delivered}"] == 1
    assert first["hookwright_retries_scheduled_total"] == 0
    assert first["hookwright_http_requests_total{method=POST,route=/v1/events,status=202}"] == 2
    assert first["hookwright_http_requests_total{method=POST,route=/v1/events,status=422}"] == 1

    receiver.status = 500
    await api.event()
    second = await until_scraped(
        api, lambda seen: seen.get("hookwright_attempts_total{cause=server_error,status=retrying}", 0) >= 1
    )
    assert second["hookwright_retries_scheduled_total"] >= 1
    assert second["hookwright_attempts_total{cause=none,status=delivered}"] == 1


async def test_an_attempt_that_is_not_repeated_counts_as_failed_with_its_cause(
    api: Api, endpoint: str, receiver: Receiver
) -> None:
    receiver.status = 404
    await api.webhook(endpoint, retry={"max_retries": 0})
    await api.event()
    await api.deliveries(1, "failed")
    await until_scraped(api, lambda seen: seen.get("hookwright_attempts_total{cause=not_found,status=failed}") == 1)


@pytest.mark.both_databases
async def test_the_queue_is_counted_by_state_and_its_oldest_due_delivery_aged(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", with_worker=False) as api:
        hook = await api.webhook("http://127.0.0.1:9/hook")
        for _ in range(3):
            await api.event()
        await _run(
            api,
            f"UPDATE deliveries SET run_at = '{FAR}' WHERE id = (SELECT max(id) FROM deliveries)",
        )
        samples, _ = await scrape(api)
        assert samples["hookwright_queue_deliveries{state=due}"] == 2
        assert samples["hookwright_queue_deliveries{state=scheduled}"] == 1
        assert samples["hookwright_queue_deliveries{state=claimed}"] == 0
        assert 0 < samples["hookwright_queue_oldest_due_age_seconds"] < 30
        assert samples["hookwright_workers_alive"] == 0
        assert samples["hookwright_webhooks{state=enabled}"] == 1
        assert samples["hookwright_webhooks_parked"] == 0
        assert samples["hookwright_breakers{state=closed}"] == 1
        assert samples["hookwright_store_up"] == 1
        later = samples["hookwright_queue_oldest_due_age_seconds"]
        assert await until_scraped(api, lambda seen: seen["hookwright_queue_oldest_due_age_seconds"] > later + 0.1)

        await _run(
            api,
            "UPDATE deliveries SET worker_id = 'wrk_1' WHERE id = (SELECT min(id) FROM deliveries)",
            f"UPDATE webhooks SET breaker_until = '{FAR}' WHERE id = '{hook['id']}'",
        )
        # The state is read at most every few seconds, however often it is asked for.
        cached, _ = await scrape(api)
        assert cached["hookwright_queue_deliveries{state=claimed}"] == 0
        fresh = await until_scraped(
            api, lambda seen: seen["hookwright_queue_deliveries{state=claimed}"] == 1, 2 * STATE_AGE.total_seconds()
        )
        assert fresh["hookwright_breakers{state=open}"] == fresh["hookwright_webhooks_parked"] == 1
        assert fresh["hookwright_breakers{state=closed}"] == 0


async def _run(api: Api, *statements: str) -> None:
    async with api.platform.database.write() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_only_what_is_still_to_be_done_is_read(tmp_path: Path) -> None:
    ran: list[str] = []
    async with serving(tmp_path / "home", with_worker=False) as api, api.platform.database.read() as connection:
        engine = api.platform.database.engine.sync_engine
        listen(engine, "before_cursor_execute", lambda _c, _u, sql, *_rest: ran.append(sql))
        await queue_state(connection, datetime.now(UTC), datetime.now(UTC))
        counts = [sql for sql in ran if "FROM deliveries" in sql]
        plans = []
        for sql in counts:
            values = ("2026-01-01",) * sql.count("?")
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            plans.append(str([row[3] for row in rows]))
    assert len(plans) == 1, counts
    assert "INDEX ix_deliveries_due" in plans[0]


async def test_nothing_of_webhooks_workspaces_or_keys_is_shown(api: Api, receiver: Receiver, endpoint: str) -> None:
    receiver.status = 401
    hook = await api.webhook(
        f"{endpoint}/private-path?token=in-the-url",
        headers={"X-Team": "header-value"},
        auth_header={"name": "Authorization", "value": "Bearer hidden-credential"},
    )
    await api.event("secret.type.of.theirs", id="their-event-id")
    await api.client.get("/no/such/path-with-a-secret?key=in-the-query")
    await api.client.get(f"/v1/webhooks/{hook['id']}")
    await until_scraped(api, lambda seen: any("cause=unauthorized" in name for name in seen))

    _, shown = await scrape(api)

    hidden = [hook["id"], "private-path", "in-the-url", "header-value", "hidden-credential", "their-event-id", "://"]
    hidden += ["secret.type", "path-with-a-secret", "in-the-query", api.key, api.platform.workspace_id, "127.0.0.1"]
    assert [word for word in hidden if word in shown] == []
    assert 'route="/v1/webhooks/{webhook_id}"' in shown
    assert 'route="none",status="404"' in shown


async def test_names_follow_the_conventions_and_say_what_is_running(api: Api) -> None:
    await api.event()
    samples, shown = await scrape(api)
    names = {family.name for family in text_string_to_metric_families(shown)}
    assert all(name.startswith(("hookwright_", "process_")) for name in names), names
    assert any(name.startswith("hookwright_build_info{") and "version=0.1.0" in name for name in samples)
    assert samples["process_resident_memory_bytes"] > 0


async def test_openmetrics_is_served_to_those_who_ask(api: Api) -> None:
    answer = await api.client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_metrics_are_for_keys_of_the_first_workspace_and_for_their_own_token(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", metrics_token=TOKEN) as api:
        gatekeeper = api.platform.gatekeeper
        _, other = await gatekeeper.create_key(await gatekeeper.create_workspace("Other"), "tests")
        async with httpx2.AsyncClient(base_url=api.url) as client:
            assert (await client.get("/metrics")).status_code == 401
            for key, status in ((api.key, 200), (TOKEN, 200), (other, 403), (TOKEN + "x", 401)):
                answer = await client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
                assert answer.status_code == status, key
            refused = await client.get("/v1/webhooks", headers={"Authorization": f"Bearer {TOKEN}"})
            assert refused.status_code == 401


async def test_a_port_of_their_own_serves_metrics_and_health_and_nothing_else(tmp_path: Path) -> None:
    port = free_port()
    async with (
        serving(tmp_path / "home", metrics_port=port, metrics_token=TOKEN),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert (await client.get("/metrics")).status_code == 401
        shown = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert "hookwright_workers_alive 1.0" in shown.text
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/v1/webhooks")).status_code == 404


async def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        database = f"sqlite:///{tmp_path}/x.db"
        platform = wire(local_settings(tmp_path / "home", metrics_port=port, database_url=database))
        with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{port} for metrics"):
            await platform.start(with_worker=True)
        assert platform.worker is None
        await platform.close()


async def test_a_worker_process_without_a_server_is_scraped_on_a_port_of_its_own(tmp_path: Path, endpoint: str) -> None:
    with databases.using(databases.POSTGRESQL):
        port = free_port()
        environ = environment(tmp_path / "home", free_port(), TOKEN)
        more = {"HOOKWRIGHT_METRICS_PORT": str(port), "HOOKWRIGHT_METRICS_TOKEN": TOKEN}
        async with AsyncExitStack() as stack:
            api = server_process(environ, tmp_path / "api.log", "--no-worker", ready=False)
            await stack.enter_async_context(api)
            await stack.enter_async_context(worker_process({**environ, **more}, tmp_path / "worker.log"))
            headers = {"Authorization": f"Bearer {TOKEN}"}
            url = f"http://127.0.0.1:{environ['HOOKWRIGHT_PORT']}"
            client = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=20))
            hook = await client.post(f"{url}/v1/webhooks", json={"name": "sink", "url": endpoint})
            assert hook.status_code == 201
            await client.post(f"{url}/v1/events", json={"type": "purchase", "payload": {}})

            async def delivered() -> bool | None:
                shown = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
                return True if 'hookwright_attempts_total{cause="none",status="delivered"} 1.0' in shown else None

            await until(delivered)
            assert (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200


async def test_a_scrape_without_a_store_shows_what_the_process_knows(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", with_worker=False, metrics_token=TOKEN) as api:
        await api.event()
        async with unavailable(api, tmp_path / "home" / "hookwright.db"):
            samples, _ = await scrape(api, TOKEN)
        assert samples["hookwright_store_up"] == 0
        assert samples["hookwright_events_total{result=accepted}"] == 1
        assert "hookwright_workers_alive" not in samples


async def test_calls_of_triggers_and_turns_are_counted(api: Api, endpoint: str) -> None:
    assistant = (await api.post("/v1/assistants", {"name": "Shop"}))["id"]
    trigger = {"name": "look_up", "description": "Look something up.", "parameters": {"type": "object"}}
    trigger |= {"integration": {"type": "WEBHOOK", "url": endpoint, "method": "POST"}}
    made = await api.post(f"/v1/assistants/{assistant}/triggers", trigger)
    await api.post(f"/v1/triggers/{made['id']}/run", {"arguments": {}})
    await api.post(f"/v1/triggers/{made['id']}/run", {"arguments": {}, "dry_run": True})
    await api.say("Which webhooks are failing?")
    samples, _ = await scrape(api)
    assert samples["hookwright_trigger_call_duration_seconds_count{class=success}"] == 1
    turns = [value for name, value in samples.items() if "turn_duration_seconds_count{assistant=configuring" in name]
    assert turns == [1]


async def test_readyz_turns_red_with_the_worker_and_says_so(api: Api) -> None:
    green = (await api.client.get("/readyz")).json()
    assert green["status"] == "ready"
    assert green["checks"]["store"] == {"ok": True}
    assert green["checks"]["worker"]["ok"] is True

    api.platform._working.cancel()  # noqa: SLF001 - it dies, as of a fault that nobody foresaw

    async def red() -> httpx2.Response | None:
        answer = await api.client.get("/readyz")
        return answer if answer.status_code == 503 else None

    answer = await until(red)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["checks"]["worker"] == {"ok": False, "detail": "the delivery worker of this process has ended"}
    assert body["checks"]["store"] == {"ok": True}
    assert body["detail"] == "the delivery worker of this process has ended"


async def test_readyz_turns_red_when_no_worker_beats_and_green_when_one_does(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", with_worker=False) as api:
        assert (await api.client.get("/readyz")).json()["checks"]["worker"]["ok"] is False
        await _run(api, f"INSERT INTO workers VALUES ('wrk_1', '{LONG_AGO}', '{LONG_AGO}')")
        silent = (await api.client.get("/readyz")).json()["checks"]["worker"]
        assert silent["ok"] is False
        assert silent["silent_seconds"] > 10
        async with serving(tmp_path / "home"):
            assert (await api.client.get("/readyz")).status_code == 200


async def test_readyz_turns_red_while_the_store_is_gone_and_recovers(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", with_worker=False) as api:
        await _run(api, f"INSERT INTO workers VALUES ('wrk_1', '{LONG_AGO}', '{FAR}')")
        assert (await api.client.get("/readyz")).status_code == 200
        file = tmp_path / "home" / "hookwright.db"
        async with unavailable(api, file):
            red = await api.client.get("/readyz")
            assert red.status_code == 503
            assert red.json()["checks"]["store"]["ok"] is False
            assert red.json()["detail"].startswith("the store does not answer")
            assert str(tmp_path) not in red.text
            assert (await api.client.get("/healthz")).status_code == 200
        assert (await api.client.get("/readyz")).status_code == 200


@contextlib.asynccontextmanager
async def unavailable(api: Api, file: Path) -> AsyncIterator[None]:
    """Let the database's file be gone, and no connection to it be left, until the block ends."""
    await api.platform.database.engine.dispose()
    with moved_away(file):
        yield


@contextlib.contextmanager
def moved_away(file: Path) -> Iterator[None]:
    away = file.rename(file.with_suffix(".away"))
    file.mkdir()
    yield
    file.rmdir()
    away.rename(file)
