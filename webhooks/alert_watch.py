"""The watch over success rates, event types and lateness: what opens their alerts, and closes them (E07).

It looks at what happened lately and nothing else. Webhooks whose counters say that nothing failed since the last look
cost one row; those that failed, their newest attempts; at most 300 of them a look, the others at the next.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.alerting import (
    SAMPLE,
    WINDOW,
    Judgement,
    Made,
    Topic,
    Verdict,
    has_gone_quiet,
    judge_backlog,
    judge_rate,
    judge_types,
)
from rules.times import rfc3339
from store import alert_facts as facts
from store import alerts as store
from store import dialect
from store import webhooks as webhook_store
from store.alert_facts import Busy, Late
from store.pages import Row
from store.session import Database
from webhooks.operational import about, close_alert, open_alert

INTERVAL: Final = timedelta(seconds=30)
_AT_ONCE: Final = 100
_SILENCE: Final = timedelta(seconds=10)
_OF_WEBHOOKS: Final = (Topic.RATE, Topic.TYPE)

log = logging.getLogger("hookwright.alerts")


class AlertWatch:
    """Judge webhooks and workspaces at intervals.

    Any number of processes may do so: one looks, the others try again later. An alert about a webhook opens when two
    looks in a row find it, so that what lasts seconds is no alarm.

    Args:
        database: What is looked at.
        console: Where the console is, for links.
        late_after: How long a delivery may wait for its turn.

    """

    def __init__(self, database: Database, *, console: str, late_after: timedelta) -> None:
        self._database = database
        self._console = console
        self._late_after = late_after
        self._failed: dict[str, int] = {}
        self._waiting: dict[str, Busy] = {}
        self._suspected: set[tuple[str, str]] = set()
        self._after = ""

    async def run(self) -> None:
        """Look at intervals, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL.total_seconds())
            try:
                await self.look()
            except Exception:
                log.exception("looking for alerts failed; it is tried again later")

    async def look(self, now: datetime | None = None) -> bool:
        """Look once; False when another process is looking."""
        now = now or datetime.now(UTC)
        async with self._database.read() as connection:
            if not await dialect.take_turn_if_free(connection, "alerts"):
                return False
            open_ = await store.all_open(connection, [*_OF_WEBHOOKS, Topic.LATE])
            await self._look_at_webhooks(connection, [one for one in open_ if one["topic"] != Topic.LATE], now)
            await self._look_at_backlogs(connection, [one for one in open_ if one["topic"] == Topic.LATE], now)
        return True

    async def _look_at_webhooks(self, connection: AsyncConnection, open_: list[Row], now: datetime) -> None:
        alerts: dict[str, dict[str, Row]] = defaultdict(dict)
        for one in open_:
            alerts[one["webhook_id"]][one["subject_id"]] = one
        busy = {one.id: one for one in await facts.busy_webhooks(connection, now - WINDOW)}
        self._note_failures(busy)
        chosen = {id_: busy[id_] for id_, _ in self._suspected if id_ in busy}
        chosen |= {id_: self._waiting.pop(id_) for id_ in list(self._waiting)[:_AT_ONCE]}
        chosen |= {id_: busy.get(id_, Busy(id_, 0, 0)) for id_ in self._next_of(alerts)}
        suspected: set[tuple[str, str]] = set()
        for webhook in chosen.values():
            made = await facts.newest_attempts(connection, webhook.id, now - WINDOW, SAMPLE)
            suspected |= await self._judge(webhook, made, alerts[webhook.id], now)
            await asyncio.sleep(0)
        self._suspected = suspected

    def _next_of(self, ids: Iterable[str]) -> list[str]:
        """Return the webhooks with open alerts whose turn it is: all in one look, unless there are very many."""
        ordered = sorted(ids)
        turn = [id_ for id_ in ordered if id_ > self._after][:_AT_ONCE]
        turn += ordered[: _AT_ONCE - len(turn)]
        self._after = turn[-1] if len(ordered) > _AT_ONCE else ""
        return turn

    def _note_failures(self, busy: Mapping[str, Busy]) -> None:
        """Put the webhooks that failed since the last look on the list of those to be judged."""
        for id_, webhook in busy.items():
            failed = webhook.total - webhook.successful
            if self._failed.get(id_) != failed:
                self._failed[id_] = failed
                self._waiting[id_] = webhook
        for id_ in self._failed.keys() - busy.keys():
            del self._failed[id_]
            self._waiting.pop(id_, None)

    async def _judge(
        self, webhook: Busy, made: list[Made], alerts: Mapping[str, Row], now: datetime
    ) -> set[tuple[str, str]]:
        """Open and close a webhook's alerts; returns those that only this look has found."""
        delivered = sum(one.delivered for one in made)
        past = (max(0, webhook.successful - delivered), max(0, webhook.total - len(made)))
        found = {webhook.id: judge_rate(made, past, now, is_open=webhook.id in alerts)}
        found |= {f"{webhook.id} {name}": judged for name, judged in judge_types(made).items()}
        new: set[tuple[str, str]] = set()
        for subject, judged in found.items():
            if judged.verdict is not Verdict.OPEN:
                continue
            if subject in alerts or (webhook.id, subject) in self._suspected:
                await self._open(webhook, subject, judged, past, now)
            else:
                new.add((webhook.id, subject))
        for subject, alert in alerts.items():
            verdict = found[subject].verdict if subject in found else Verdict.KEEP
            if verdict is Verdict.CLOSE or (verdict is Verdict.KEEP and has_gone_quiet(alert["last_at"], now)):
                await self._close(alert, now)
        return new

    async def _open(self, webhook: Busy, subject: str, judged: Judgement, past: tuple[int, int], now: datetime) -> None:
        event_type = subject[len(webhook.id) + 1 :]
        async with self._database.write() as connection:
            row = await _live(connection, webhook.id)
            if row is None:
                return
            details: dict[str, Any] = {
                "webhook_name": row["name"],
                "success_rate": judged.success_rate,
                "attempts": judged.attempts,
            }
            if event_type:
                topic, details["event_type"] = Topic.TYPE, event_type
            else:
                topic, details["past_success_rate"] = Topic.RATE, _percent(*past)
            alert = about(row, topic, judged.cause, details, subject=subject)
            if await open_alert(connection, alert, now, console=self._console):
                log.warning("%s: webhook %s", topic, webhook.id)

    async def _look_at_backlogs(self, connection: AsyncConnection, open_: list[Row], now: datetime) -> None:
        late: dict[str, list[Late]] = defaultdict(list)
        for one in await facts.late_webhooks(connection, now - self._late_after / 10):
            late[one.workspace_id].append(one)
        alive = await facts.workers_alive(connection, now - _SILENCE)
        for workspace_id, those in late.items():
            longest = min(those, key=lambda one: one.since)
            if judge_backlog(longest.since, now, self._late_after) is Verdict.OPEN:
                await self._open_late(workspace_id, those, longest, now, cause="behind" if alive else "no_worker")
        for alert in open_:
            oldest = min((one.since for one in late.get(alert["workspace_id"], ())), default=None)
            if judge_backlog(oldest, now, self._late_after) is Verdict.CLOSE:
                await self._close(alert, now)

    async def _open_late(
        self, workspace_id: str, those: list[Late], longest: Late, now: datetime, *, cause: str
    ) -> None:
        details = {
            "webhook_name": longest.name,
            "due_since": rfc3339(longest.since),
            "late_minutes": int((now - longest.since).total_seconds() // 60),
            "webhooks": len(those),
        }
        alert = {
            "workspace_id": workspace_id,
            "topic": str(Topic.LATE),
            "subject_id": workspace_id,
            "webhook_id": longest.webhook_id,
            "cause": cause,
            "details": details,
        }
        async with self._database.write() as connection:
            if await open_alert(connection, alert, now, console=self._console):
                log.warning("%s: workspace %s", Topic.LATE, workspace_id)

    async def _close(self, alert: Row, now: datetime) -> None:
        async with self._database.write() as connection:
            await close_alert(connection, alert["id"], now, console=self._console)


async def _live(connection: AsyncConnection, webhook_id: str) -> Row | None:
    """Lock a webhook; None when it is not delivered to any more."""
    for row in await webhook_store.by_ids(connection, [webhook_id]):
        locked = await webhook_store.get(connection, row["workspace_id"], webhook_id, for_update=True)
        return locked if locked is not None and locked["enabled"] else None
    return None


def _percent(delivered: int, attempts: int) -> float | None:
    return round(100 * delivered / attempts, 1) if attempts else None
