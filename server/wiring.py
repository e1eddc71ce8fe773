"""The one place where the parts are put together, from the settings."""

import asyncio
import contextlib
import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from agent.assistant import Assistant
from agent.model import choose_model
from agent.session import SessionAssistant
from integrations.assistants import Assistants
from integrations.call_log import CallLog
from integrations.executor import Executor
from integrations.imports import Imports
from integrations.sessions import Sessions
from integrations.triggers import Triggers
from integrations.vault import Vault
from rules.alerting_mail import MailServer, Recipients, sender
from server.auth import Gatekeeper
from server.egress import Egress
from server.logs import LogWatcher
from server.mail import Postman
from server.mailing import Mailer
from server.metrics import Metrics
from server.readiness import readiness
from server.settings import Settings
from server.tracing_switch import tracing_of
from server.version import VERSION
from server.watched_executor import WatchedExecutor
from server.watching import Watchers
from store import partitions
from store.migrate import migrate
from store.notify import Notifier
from store.sealing import SealingBox, load_master_keys
from store.session import Database, driver_url
from tools.catalogue import toolbox
from tools.history import History
from tools.services import Services
from webhooks.alert_watch import AlertWatch
from webhooks.columns import Columns
from webhooks.erasure import Eraser
from webhooks.insights import Insights
from webhooks.intake import Intake
from webhooks.maintenance import Maintenance
from webhooks.payloads import Payloads
from webhooks.perspectives import Perspectives
from webhooks.probe import Prober
from webhooks.registry import Registry
from webhooks.repair import Doctor
from webhooks.testing import Tester
from webhooks.wakeup import Wakeup
from webhooks.worker import Worker

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from server.metrics_port import MetricsPort
    from server.telemetry import Tracing


@dataclass(slots=True)
class Platform:
    """Everything that a running process has."""

    settings: Settings
    database: Database
    gatekeeper: Gatekeeper
    registry: Registry
    perspectives: Perspectives
    payloads: Payloads
    intake: Intake
    insights: Insights
    eraser: Eraser
    tester: Tester
    doctor: Doctor
    assistants: Assistants
    triggers: Triggers
    vault: Vault
    sessions: Sessions
    executor: Executor
    call_log: CallLog
    imports: Imports
    history: History
    assistant: Assistant
    session_assistant: SessionAssistant
    egress: Egress
    columns: Columns
    wakeup: Wakeup
    metrics: Metrics
    watchers: Watchers
    alert_watch: AlertWatch
    mailer: Mailer | None = None
    notifier: Notifier | None = None
    tracing: "Tracing | None" = None
    workspace_id: str = ""
    worker: Worker | None = None
    _metrics_port: "MetricsPort | None" = None
    _working: "asyncio.Task[None] | None" = None
    _notifying: "asyncio.Task[None] | None" = None
    _background: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def start(self, *, with_worker: bool) -> None:
        """Bring the store up to date and start what runs in the background."""
        await migrate(self.database)
        await partitions.extend(self.database, self.settings.retention_days)
        self.workspace_id = await self.gatekeeper.default_workspace(_plain(self.settings.api_key))
        if self.settings.metrics_port is not None:
            from server.metrics_port import MetricsPort  # noqa: PLC0415 - the app is built around the platform

            self._metrics_port = await MetricsPort.open(self, self.settings.metrics_port)
        if with_worker:
            self.worker = Worker(self.database, self.columns, self.egress, self.wakeup, observer=self.watchers)
            self._working = asyncio.create_task(self.worker.run())
            maintenance = Maintenance(self.database, self.settings.retention_days)
            self._background.append(asyncio.create_task(maintenance.run()))
        self._background.append(asyncio.create_task(self.alert_watch.run()))  # also where no worker is: all may be dead
        if self.mailer is not None:
            self._background.append(asyncio.create_task(self.mailer.run()))
        if self.notifier is not None:
            self._notifying = asyncio.create_task(self.notifier.run(self.wakeup.set if with_worker else None))

    async def close(self) -> None:
        """Finish what is in flight and close every connection."""
        if self._metrics_port is not None:
            await self._metrics_port.close()
        if self.worker is not None:
            self.worker.stop()
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background)
        await self.assistant.aclose()
        if self._working is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._working
        if self._notifying is not None:
            self._notifying.cancel()
            await asyncio.wait([self._notifying])
        await self.egress.close()
        await self.database.close()
        if self.tracing is not None:
            await asyncio.to_thread(self.tracing.close)

    async def worked(self) -> None:
        """Wait until the worker of this process has ended; raises what ended it."""
        if self._working is not None:
            await asyncio.shield(self._working)

    async def ready(self) -> dict[str, dict[str, Any]]:
        """Say of the store and of the workers whether they are there; see `readiness`."""
        return await readiness(self.database, self._working)


def wire(settings: Settings) -> Platform:
    """Build a platform; nothing is connected yet."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    box = SealingBox(load_master_keys(_plain(settings.master_key), settings.home / "master.key"))
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    notifier = None if database.is_sqlite else Notifier(driver_url(settings.notify_url or settings.database_url))
    wakeup = Wakeup(notifier.ring if notifier else None)
    metrics, tracing = Metrics(database, VERSION), tracing_of(os.environ, VERSION)
    watchers = Watchers([metrics, LogWatcher(), *([tracing] if tracing else [])])
    columns = Columns(box, settings.policy, settings.console)
    egress = Egress(settings.policy, ca_file=settings.egress_ca_file, proxy=settings.egress_proxy)
    registry = Registry(database, box, settings.policy, settings.console, wakeup)
    perspectives, insights = Perspectives(database), Insights(database, wakeup)
    tester = Tester(database, columns, egress, wakeup)
    prober = Prober(egress, settings.policy, tls=egress.tls, proxied=settings.egress_proxy is not None)
    doctor = Doctor(registry, insights, prober, settings.policy)
    assistants, triggers = Assistants(database, box), Triggers(database, box)
    vault, sessions = Vault(database, box), Sessions(database)
    executor = WatchedExecutor(database, vault, egress, watcher=watchers)
    services = Services(
        registry=registry,
        perspectives=perspectives,
        insights=insights,
        tester=tester,
        doctor=doctor,
        assistants=assistants,
        triggers=triggers,
        vault=vault,
        sessions=sessions,
        executor=executor,
        history=History(registry, triggers, assistants),
        call_log=CallLog(database),
    )
    assistant = Assistant(database, toolbox(services), lambda: _model(settings), watchers.turned)
    return Platform(
        settings=settings,
        database=database,
        gatekeeper=Gatekeeper(database),
        registry=registry,
        perspectives=perspectives,
        payloads=Payloads(database),
        intake=Intake(database, wakeup, watchers),
        insights=insights,
        eraser=Eraser(database),
        tester=tester,
        doctor=doctor,
        assistants=assistants,
        triggers=triggers,
        vault=vault,
        sessions=sessions,
        executor=executor,
        call_log=services.call_log,
        imports=Imports(vault, triggers),
        history=services.history,
        assistant=assistant,
        session_assistant=SessionAssistant(assistant.turns, services),
        egress=egress,
        columns=columns,
        wakeup=wakeup,
        metrics=metrics,
        watchers=watchers,
        alert_watch=AlertWatch(
            database, console=settings.console, late_after=timedelta(minutes=settings.alert_late_minutes)
        ),
        mailer=_mailer(settings, database),
        notifier=notifier,
        tracing=tracing,
    )


def _mailer(settings: Settings, database: Database) -> Mailer | None:
    url = _plain(settings.smtp_url)
    if url is None or settings.alert_from is None:
        return None
    return Mailer(
        database,
        Postman(MailServer.parse(url), settings.egress_ca_file),
        by=sender(settings.alert_from),
        recipients=Recipients.parse(settings.alert_emails),
        console=settings.console,
    )


def _model(settings: Settings) -> "BaseChatModel":
    key = _plain(settings.openai_api_key)
    return choose_model(name=settings.model, base_url=settings.openai_base_url, api_key=key)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
