"""Reading the log, and sending again what is in it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rules.alerting import Topic
from rules.errors import Conflict, InvalidInput, NotFound
from rules.ranges import shown
from store import alerts as alert_store
from store import deliveries as store
from store import webhooks as webhook_store
from store.pages import Page
from store.session import Database
from webhooks.views import alert_view, attempt_view, delivery_view
from webhooks.wakeup import Wakeup

STATUSES = ("delivered", "failed", "retrying", "pending")
MAX_REPLAY = 100_000


class Insights:
    """Deliveries and attempts of a workspace."""

    def __init__(self, database: Database, wakeup: Wakeup) -> None:
        self._database = database
        self._wakeup = wakeup

    async def deliveries(
        self,
        workspace_id: str,
        webhook_id: str | None = None,
        *,
        status: str | None = None,
        event_type: str | None = None,
        event_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Page[dict[str, Any]]:
        """List deliveries, newest first, each with its last attempt's outcome."""
        if status is not None and status not in STATUSES:
            raise InvalidInput.of("status", f"must be one of {', '.join(STATUSES)}; got {shown(status)}")
        filters = {
            "webhook_id": webhook_id,
            "status": status,
            "event_type": event_type,
            "event_id": event_id,
            "since": since,
            "until": until,
        }
        async with self._database.read() as connection:
            page = await store.page(connection, workspace_id, filters, limit, offset)
        return page.map(delivery_view)

    async def delivery(self, workspace_id: str, delivery_id: str) -> dict[str, Any]:
        """Return a delivery with its attempts, in order; raises NotFound."""
        async with self._database.read() as connection:
            row = await store.get(connection, workspace_id, delivery_id)
            if row is None:
                raise NotFound("delivery", delivery_id)
            known = {"since": row["created_at"], "count": row["attempts"]}
            made = await store.attempts_of(connection, delivery_id, **known)
        return {**delivery_view(row), "attempts": [attempt_view(entry) for entry in made]}

    async def attempts(
        self, workspace_id: str, webhook_id: str, *, limit: int = 50, offset: int = 0
    ) -> Page[dict[str, Any]]:
        """List a webhook's attempts, newest first, tests included (B09)."""
        async with self._database.read() as connection:
            await self._check(connection, workspace_id, webhook_id)
            page = await store.attempt_page(connection, webhook_id, limit, offset)
        return page.map(lambda row: {"delivery_id": row["delivery_id"], **attempt_view(row)})

    async def alerts(
        self,
        workspace_id: str,
        *,
        is_open: bool | None = None,
        topic: str | None = None,
        webhook_id: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Page[dict[str, Any]]:
        """List what needs attention or did, newest first (E07); `is_open` None lists both."""
        if topic is not None and topic not in set(Topic):
            raise InvalidInput.of("topic", f"must be one of {', '.join(Topic)}; got {shown(topic)}")
        filters: dict[str, Any] = {"is_open": is_open, "topic": topic, "webhook_id": webhook_id}
        async with self._database.read() as connection:
            page = await alert_store.page(connection, workspace_id, **filters, limit=limit, offset=offset)
        return page.map(alert_view)

    async def recent_events(self, workspace_id: str, webhook_id: str, limit: int = 20) -> list[dict[str, Any]]:
        """Return the newest events that the webhook hears, whether its filters take them or not."""
        async with self._database.read() as connection:
            webhook = await self._check(connection, workspace_id, webhook_id)
            perspective_id, kind = webhook["perspective_id"], webhook["operational"]
            rows = await store.recent_events(connection, workspace_id, perspective_id, limit, operational=kind)
        return [{**row, "payload": json.loads(row["payload"])} for row in rows]

    async def sealed(self, workspace_id: str, webhook_id: str) -> list[str]:
        """Return the secrets of a webhook, each as it is sealed; raises NotFound."""
        async with self._database.read() as connection:
            webhook = await self._check(connection, workspace_id, webhook_id)
        return [value for name, value in webhook.items() if name.endswith("_sealed") and value is not None]

    async def retry(self, workspace_id: str, delivery_id: str) -> dict[str, Any]:
        """Make a delivery due now, with its retries restored, whether it has finished or still waits."""
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            row = await store.get(connection, workspace_id, delivery_id)
            if row is None:
                raise NotFound("delivery", delivery_id)
            if row["last_cause"] == store.ERASED:
                raise Conflict(f"What the delivery {delivery_id} held has been erased; it cannot be sent again.")
            await self._check_active(connection, workspace_id, row["webhook_id"])
            if not await store.retry(connection, [delivery_id], now):
                raise Conflict(f"The delivery {delivery_id} is being attempted at this moment.")
        self._wakeup.announce()
        return await self.delivery(workspace_id, delivery_id)

    async def replay(
        self,
        workspace_id: str,
        webhook_id: str,
        *,
        since: datetime,
        until: datetime | None = None,
        status: str = "failed",
        event_type: str | None = None,
    ) -> int:
        """Make the finished deliveries of a time range due again (E08); returns how many, at most 100 000."""
        if until is not None and until <= since:
            raise InvalidInput.of("until", "must be later than since")
        statuses = {"failed": ["failed"], "all": ["failed", "delivered"]}.get(status)
        if statuses is None:
            raise InvalidInput.of("status", f"must be failed or all; got {shown(status)}")
        filters: Mapping[str, Any] = {
            "webhook_id": webhook_id,
            "event_type": event_type,
            "since": since,
            "until": until,
        }
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            await self._check_active(connection, workspace_id, webhook_id)
            ids = await store.ids_to_replay(connection, workspace_id, dict(filters), statuses, MAX_REPLAY)
            starts = range(0, len(ids), 500)
            count = sum([await store.retry(connection, ids[start : start + 500], now, statuses) for start in starts])
        self._wakeup.announce()
        return count

    async def _check(self, connection: Any, workspace_id: str, webhook_id: str) -> Mapping[str, Any]:
        row = await webhook_store.get(connection, workspace_id, webhook_id)
        if row is None:
            raise NotFound("webhook", webhook_id)
        return row

    async def _check_active(self, connection: Any, workspace_id: str, webhook_id: str) -> None:
        row = await self._check(connection, workspace_id, webhook_id)
        if not row["enabled"]:
            raise Conflict(f"The webhook {row['name']!r} is disabled; enable it before retrying its deliveries.")
