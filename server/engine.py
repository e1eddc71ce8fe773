"""What delivers, put together from the settings: all of a worker's process, and the lower half of a server's.

Nothing here may import `agent`, nor anything that does: a worker that is started after a crash delivers seconds sooner
without an assistant.
"""

import asyncio
import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from rules.alerting_mail import MailServer, Recipients, sender
from server.auth import Gatekeeper
from server.egress import Egress
from server.logs import LogWatcher
from server.mail import Postman
from server.mailing import Mailer
from server.master_key import MasterKey
from server.metrics import Metrics
from server.readiness import readiness
from server.settings import Settings
from server.tracing_switch import tracing_of
from server.version import VERSION
from server.watching import Watchers
from store import partitions
from store.migrate import migrate
from store.notify import Notifier
from store.session import Database, driver_url
from webhooks.alert_watch import AlertWatch
from webhooks.columns import Columns
from webhooks.handover import Handover
from webhooks.maintenance import Maintenance
from webhooks.wakeup import Wakeup
from webhooks.worker import Worker

if TYPE_CHECKING:
    from server.metrics_port import MetricsPort

log = logging.getLogger("hookwright.engine")


class Engine:
    """Everything that a process needs that delivers; nothing is connected before it is started.

    Args:
        settings: What was configured; the folder of its `home` is made if it is missing.

    """

    def __init__(self, settings: Settings) -> None:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.settings = settings
        self.master_key = MasterKey(plain(settings.master_key), settings.home / "master.key")
        self.box = self.master_key.box
        self.database = Database(settings.database_url, pool_size=settings.database_pool_size)
        self.notifier = _notifier(settings, self.database)
        self.wakeup = Wakeup(self.notifier.ring if self.notifier else None)
        self.handover = Handover()
        self.gatekeeper = Gatekeeper(self.database)
        self.metrics = Metrics(self.database, VERSION)
        self.tracing = tracing_of(os.environ, VERSION)
        self.watchers = Watchers([self.metrics, LogWatcher(), *([self.tracing] if self.tracing else [])])
        self.columns = Columns(self.box, settings.policy, settings.console)
        self.egress = Egress(settings.policy, ca_file=settings.egress_ca_file, proxy=settings.egress_proxy)
        late_after = timedelta(minutes=settings.alert_late_minutes)
        self.alert_watch = AlertWatch(self.database, console=settings.console, late_after=late_after)
        self.mailer = _mailer(settings, self.database)
        self.workspace_id = ""
        self.worker: Worker | None = None
        self._metrics_port: MetricsPort | None = None
        self._working: asyncio.Task[None] | None = None
        self._notifying: asyncio.Task[None] | None = None
        self._background: list[asyncio.Task[None]] = []

    async def prepare(self) -> None:
        """Bring the store up to date; raises what is wrong with it, or with the master key."""
        await migrate(self.database)
        await self.master_key.check(self.database)

    async def start(self, *, with_worker: bool) -> None:
        """Prepare the store and start what runs in the background."""
        await self.prepare()
        await partitions.extend(self.database, self.settings.retention_days)
        self.workspace_id = await self.gatekeeper.default_workspace(plain(self.settings.api_key))
        if self.settings.metrics_port is not None:
            from server.metrics_port import MetricsPort  # noqa: PLC0415 - a worker mostly needs no web framework

            self._metrics_port = await MetricsPort.open(self, self.settings.metrics_port)
        if with_worker:
            self.worker = Worker(
                self.database,
                self.columns,
                self.egress,
                self.wakeup,
                observer=self.watchers,
                handover=self.handover,
            )
            self._working = asyncio.create_task(self.worker.run())
            maintenance = Maintenance(self.database, self.settings.retention_days)
            self._background.append(asyncio.create_task(maintenance.run()))
        self._background.append(asyncio.create_task(self.alert_watch.run()))  # also where no worker is: all may be dead
        if self.mailer is not None:
            self._background.append(asyncio.create_task(self.mailer.run()))
        if self.notifier is not None:
            self._notifying = asyncio.create_task(self.notifier.run(self.wakeup.set if with_worker else None))

    async def close(self) -> None:
        """Finish what is in flight and close every connection; what fails is logged, and the rest is closed as well."""
        if self.worker is not None:
            self.worker.stop()
        for name, end in (
            ("the port for metrics", self._close_port),
            ("what runs in the background", self._end_background),
            ("the conversations", self._hang_up),
            ("the delivery worker", self._end_work),
            ("the connections to endpoints", self.egress.close),
            ("the connections to the database", self.database.close),
            ("the traces", self._end_traces),
        ):
            try:
                await end()
            except (OSError, SQLAlchemyError) as error:  # the store, mostly: it may be gone before us
                log.error("%s did not end well: %s", name, type(error).__name__)  # noqa: TRY400 - it is no fault of ours
            except Exception:
                log.exception("%s did not end well", name)

    async def _close_port(self) -> None:
        if self._metrics_port is not None:
            await self._metrics_port.close()

    async def _end_background(self) -> None:
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background)

    async def _hang_up(self) -> None:
        """End the conversations under way; where nobody converses, there are none."""

    async def _end_work(self) -> None:
        """Wait for the worker, and then for those that it rings."""
        if self._working is not None:
            await asyncio.wait([self._working])
        if self._notifying is not None:
            self._notifying.cancel()
            await asyncio.wait([self._notifying])
        if self._working is not None and not self._working.cancelled():
            self._working.result()

    async def _end_traces(self) -> None:
        if self.tracing is not None:
            await asyncio.to_thread(self.tracing.close)

    async def worked(self) -> None:
        """Wait until the worker of this process has ended; raises what ended it."""
        if self._working is not None:
            await asyncio.shield(self._working)

    async def ready(self) -> dict[str, dict[str, Any]]:
        """Say of the store, the workers and the master key whether they are there; see `readiness`."""
        return await readiness(self.database, self._working, self.master_key)


def plain(secret: SecretStr | None) -> str | None:
    """Return what a secret setting holds, for the part that needs it."""
    return None if secret is None else secret.get_secret_value()


def _notifier(settings: Settings, database: Database) -> Notifier | None:
    return None if database.is_sqlite else Notifier(driver_url(settings.notify_url or settings.database_url))


def _mailer(settings: Settings, database: Database) -> Mailer | None:
    url = plain(settings.smtp_url)
    if url is None or settings.alert_from is None:
        return None
    return Mailer(
        database,
        Postman(MailServer.parse(url), settings.egress_ca_file),
        by=sender(settings.alert_from),
        recipients=Recipients.parse(settings.alert_emails),
        console=settings.console,
    )
