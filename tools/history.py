"""Everything that was changed, whatever it was: listed and undone in one place (X02)."""

from typing import Protocol

from integrations.assistants import AssistantChanged, Assistants, AssistantView
from integrations.triggers import TriggerChanged, Triggers, TriggerView
from rules.actor import Actor
from rules.changes import ChangeView
from webhooks.registry import Changed, Registry
from webhooks.views import WebhookView

Undone = Changed | TriggerChanged | AssistantChanged


class Undoer(Protocol):
    """Whoever can undo changes to one kind of thing."""

    async def undo(self, workspace_id: str, change_id: str, actor: Actor) -> Undone:
        """Apply the inverse of a change; raises Conflict when it was undone already or changed again since."""
        ...


class History:
    """The changes to webhooks, triggers and assistants."""

    def __init__(self, registry: Registry, triggers: Triggers, assistants: Assistants) -> None:
        self.list = registry.changes
        self.get = registry.change
        self._undoers: dict[str, Undoer] = {
            "webhook_id": registry,
            "trigger_id": triggers,
            "assistant_id": assistants,
        }

    async def undo(self, workspace_id: str, change_id: str, actor: Actor) -> Undone:
        """Apply the inverse of a change; raises NotFound, or Conflict when it was undone or changed again since."""
        change: ChangeView = await self.get(workspace_id, change_id)
        return await self._undoers[change.subject].undo(workspace_id, change_id, actor)


def subject_of(changed: Undone) -> tuple[str, WebhookView | TriggerView | AssistantView]:
    """Return what was changed, as it now is, after the name of its kind: webhook, trigger or assistant."""
    match changed:
        case Changed(webhook=webhook):
            return "webhook", webhook
        case TriggerChanged(trigger=trigger):
            return "trigger", trigger
        case AssistantChanged(assistant=assistant):
            return "assistant", assistant
