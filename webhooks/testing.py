"""Tests of a webhook: a real request marked as a test (A09, E04), or its filters alone (B10)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from rules.alerting import Topic
from rules.alerting_words import sample_alert
from rules.breaker import CLOSED
from rules.errors import NotFound
from rules.events import check_event_type, sample_event
from rules.filters import FilterReport, explain
from rules.health import cleared
from rules.ids import new_id
from rules.outcomes import Send
from rules.retry import succeeded
from store import deliveries as delivery_store
from store import health as health_store
from store import webhooks as store
from store.claims import set_breaker
from store.pages import Row
from store.session import Database
from webhooks.attempt import attempt
from webhooks.columns import Columns
from webhooks.intake import payload_text
from webhooks.operational import tell_recovered
from webhooks.profiles import Message
from webhooks.request import open_target
from webhooks.views import health_of
from webhooks.wakeup import Wakeup

_SHOWN_BODY = 4_000


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one test request came back with."""

    ok: bool
    status_code: int | None
    duration_ms: int
    error: str | None
    cause: str | None
    response_body: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        return {name: getattr(self, name) for name in self.__slots__}


class Tester:
    """Run tests; a passing delivery clears the webhook's error state."""

    def __init__(self, database: Database, columns: Columns, send: Send, wakeup: Wakeup | None = None) -> None:
        self._database = database
        self._wakeup = wakeup or Wakeup()
        self._columns = columns
        self._send = send

    async def deliver(
        self, workspace_id: str, webhook_id: str, event_type: str | None = None, event: Mapping[str, Any] | None = None
    ) -> TestResult:
        """Send one request with `test: true`, at once, whatever the filters say and even when disabled; no retries."""
        row, kind = await self._webhook(workspace_id, webhook_id)
        chosen, payload = _sample(row, kind, event_type, event)
        message = Message(new_id("evt"), chosen, datetime.now(UTC), payload_text(payload, "event"), None, test=True)
        target = open_target(row, self._columns)
        made = await attempt(target, message, number=1, retries_used=10_000, send=self._send, rng=Random())
        ok, log = succeeded(made.exchange), made.log_row()
        async with self._database.write() as connection:
            await delivery_store.log(connection, [log])
            if ok and (fresh := await store.get(connection, workspace_id, webhook_id, for_update=True)):
                await health_store.store_health(connection, webhook_id, cleared(health_of(fresh)))
                await set_breaker(connection, webhook_id, CLOSED)
                now, console = datetime.now(UTC), self._columns.console
                await tell_recovered(connection, [webhook_id], now, console=console)
        if ok:
            self._wakeup.announce()  # what was parked may be tried
        body = log["response_body"]
        shown = body and body[:_SHOWN_BODY]
        return TestResult(ok, made.status_code, made.result.duration_ms, log["error"], log["cause"], shown)

    async def dry_run(
        self, workspace_id: str, webhook_id: str, event_type: str | None = None, event: Mapping[str, Any] | None = None
    ) -> FilterReport:
        """Say whether a sample event passes the filters, and if not, why; nothing is sent."""
        row, kind = await self._webhook(workspace_id, webhook_id)
        chosen, payload = _sample(row, kind, event_type, event)
        return explain(self._columns.view(row).filters, chosen, json.loads(payload_text(payload, "event")))

    async def _webhook(self, workspace_id: str, webhook_id: str) -> tuple[Row, str | None]:
        async with self._database.read() as connection:
            row = await store.get(connection, workspace_id, webhook_id)
            if row is None:
                raise NotFound("webhook", webhook_id)
            if row["perspective_id"] is None:
                return row, None
            perspective = await store.perspective(connection, workspace_id, row["perspective_id"])
        return row, None if perspective is None else str(perspective["kind"])


_FALLBACK = {
    "perspective": "interview.completed",
    "perspection": "purchase",
    "funnel": "new_lead",
    "standard": "purchase",
}


def _sample(
    row: Row, kind: str | None, event_type: str | None, event: Mapping[str, Any] | None
) -> tuple[str, Mapping[str, Any]]:
    chosen = event_type or _selected(row)
    check_event_type(chosen, field="event_type")
    if event is not None:
        return chosen, dict(event)
    return chosen, sample_alert(chosen) if row["operational"] else sample_event(chosen, kind)


def _selected(row: Row) -> str:
    chosen = row["event_filter"]
    if chosen["mode"] == "include" and chosen["events"]:
        return str(chosen["events"][0])
    return str(Topic.FAILING) if row["operational"] else _FALLBACK[row["profile"]]
