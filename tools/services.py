"""What the tools work with: the services of the rooms below."""

from dataclasses import dataclass

from integrations.assistants import Assistants
from integrations.call_log import CallLog
from integrations.executor import Executor
from integrations.sessions import Sessions
from integrations.triggers import Triggers
from integrations.vault import Vault
from tools.history import History
from webhooks.insights import Insights
from webhooks.perspectives import Perspectives
from webhooks.registry import Registry
from webhooks.repair import Doctor
from webhooks.testing import Tester


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a tool may call."""

    registry: Registry
    perspectives: Perspectives
    insights: Insights
    tester: Tester
    doctor: Doctor
    assistants: Assistants
    triggers: Triggers
    vault: Vault
    sessions: Sessions
    executor: Executor
    history: History
    call_log: CallLog
