"""Alerts go out by e-mail: gathered, claimed, handed over, marked (E07)."""

import asyncio
import logging
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from typing import Final

from rules.alerting_mail import PACE, STALE, Recipients, compose, wait_after
from server.mail import MailRefused, Postman
from store import alert_mail as store
from store import dialect
from store.pages import Row
from store.session import Database

INTERVAL: Final = timedelta(seconds=10)
_CLAIMED: Final = timedelta(minutes=5)
_AT_ONCE: Final = 500

log = logging.getLogger("hookwright.mail")


class Mailer:
    """Mail what is due, at most one mail to the same people in five minutes.

    Any number of processes may do so: an alert is claimed before it is mailed. A process that dies in between leaves
    it claimed for five minutes; then another one mails it, perhaps once more, under the same Message-ID.

    Args:
        database: Where alerts are.
        postman: Hands mails over.
        by: Who sends them.
        recipients: Who gets them.
        console: Where the console is, for links.

    """

    def __init__(
        self, database: Database, postman: Postman, *, by: Address, recipients: Recipients, console: str
    ) -> None:
        self._database = database
        self._postman = postman
        self._by = by
        self._recipients = recipients
        self._console = console

    async def run(self) -> None:
        """Mail what is due, at intervals, until cancelled."""
        while True:
            try:
                await self.send_due()
            except Exception:
                log.exception("mailing alerts failed; it is tried again later")
            await asyncio.sleep(INTERVAL.total_seconds())

    async def send_due(self, now: datetime | None = None) -> int:
        """Mail what is due now; returns how many alerts were mailed."""
        now = now or datetime.now(UTC)
        by_address: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in await self._claim(now):
            by_address[self._recipients.of(row["workspace_id"])].append(row)
        return sum([await self._send(to, rows, now) for to, rows in by_address.items()])

    async def _claim(self, now: datetime) -> list[Row]:
        async with self._database.read() as connection:
            due = await store.workspaces_due(connection, now)
        if not due:
            return []
        async with self._database.write() as connection:
            if not await dialect.take_turn_if_free(connection, "alert mail"):
                return []
            if given_up := await store.forget(connection, now, now - STALE):
                log.warning("%d alerts were not mailed: they have been over for a day", given_up)
            if unheard := [id_ for id_ in due if not self._recipients.of(id_)]:
                await store.forget_workspaces(connection, unheard)
            served = {self._recipients.of(id_) for id_ in await store.workspaces_mailed(connection, now - PACE)}
            chosen = [id_ for id_ in due if self._recipients.of(id_) and self._recipients.of(id_) not in served]
            return await store.claim(connection, chosen[:_AT_ONCE], now, now + _CLAIMED, _AT_ONCE)

    async def _send(self, to: tuple[str, ...], rows: list[Row], now: datetime) -> int:
        message = compose(rows, by=self._by, to=to, base=self._console, now=now)
        try:
            refused = await self._postman.send(message, by=self._by.addr_spec, to=to)
        except MailRefused as error:
            attempts = min(row["mail_attempts"] for row in rows) + 1
            wait = wait_after(attempts)
            log.error("%d alerts could not be mailed, next attempt in %s: %s", len(rows), wait, error)  # noqa: TRY400
            async with self._database.write() as connection:
                await store.put_off(connection, [row["id"] for row in rows], now + wait)
            return 0
        if refused:
            log.warning("the mail server refused %d of %d recipients of alerts", len(refused), len(to))
        async with self._database.write() as connection:
            await store.mark(connection, rows, now)
        log.info("mailed %d alerts", len(rows))
        return len(rows)
