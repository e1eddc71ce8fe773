"""What a server has beyond the engine, put together: configuration, integrations, and who converses about them."""

from typing import TYPE_CHECKING

from agent.assistant import Assistant
from agent.model import choose_model
from agent.session import SessionAssistant
from integrations.assistants import Assistants
from integrations.call_log import CallLog
from integrations.imports import Imports
from integrations.sessions import Sessions
from integrations.triggers import Triggers
from integrations.vault import Vault
from server.engine import Engine, plain
from server.settings import Settings
from server.watched_executor import WatchedExecutor
from tools.catalogue import toolbox
from tools.history import History
from tools.services import Services
from webhooks.erasure import Eraser
from webhooks.insights import Insights
from webhooks.intake import Intake
from webhooks.payloads import Payloads
from webhooks.perspectives import Perspectives
from webhooks.probe import Prober
from webhooks.registry import Registry
from webhooks.repair import Doctor
from webhooks.testing import Tester

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Platform(Engine):
    """Everything that a server has; see `Engine` for its argument."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._add_webhooks()
        self._add_integrations()
        self._add_assistants()

    def _add_webhooks(self) -> None:
        settings, egress = self.settings, self.egress
        self.registry = Registry(self.database, self.box, settings.policy, settings.console, self.wakeup)
        self.perspectives = Perspectives(self.database)
        self.payloads = Payloads(self.database)
        self.intake = Intake(self.database, self.wakeup, self.watchers, self.handover)
        self.insights = Insights(self.database, self.wakeup)
        self.eraser = Eraser(self.database)
        self.tester = Tester(self.database, self.columns, egress, self.wakeup)
        prober = Prober(egress, settings.policy, tls=egress.tls, proxied=settings.egress_proxy is not None)
        self.doctor = Doctor(self.registry, self.insights, prober, settings.policy, self.box.opens)

    def _add_integrations(self) -> None:
        self.assistants = Assistants(self.database, self.box)
        self.triggers = Triggers(self.database, self.box)
        self.vault = Vault(self.database, self.box)
        self.sessions = Sessions(self.database)
        self.executor = WatchedExecutor(self.database, self.vault, self.egress, watcher=self.watchers)
        self.call_log = CallLog(self.database)
        self.imports = Imports(self.vault, self.triggers)
        self.history = History(self.registry, self.triggers, self.assistants)

    def _add_assistants(self) -> None:
        services = Services(
            registry=self.registry,
            perspectives=self.perspectives,
            insights=self.insights,
            tester=self.tester,
            doctor=self.doctor,
            assistants=self.assistants,
            triggers=self.triggers,
            vault=self.vault,
            sessions=self.sessions,
            executor=self.executor,
            history=self.history,
            call_log=self.call_log,
        )
        self.assistant = Assistant(self.database, toolbox(services), self._model, self.watchers.turned)
        self.session_assistant = SessionAssistant(self.assistant.turns, services)

    def _model(self) -> "BaseChatModel":
        settings = self.settings
        key = plain(settings.openai_api_key)
        return choose_model(name=settings.model, base_url=settings.openai_base_url, api_key=key)

    async def _hang_up(self) -> None:
        await self.assistant.aclose()


def wire(settings: Settings) -> Platform:
    """Build a server's platform; nothing is connected yet."""
    return Platform(settings)
