"""What the tools work with: the services of the webhooks room."""

from dataclasses import dataclass

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
