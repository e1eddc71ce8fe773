"""Memory: what the message list says about webhooks, the one last spoken of, and what was done and asked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.guided.script import Call, Question, Result

_PERSPECTIVE = re.compile(r"Perspective:\s*(psp_\w+)\s*\"([^\"\n]*)\"\s*\((\w+)\)")
_DIAGNOSIS = re.compile(r"```(?:diagnosis|json)\s*\n(.*?)```", re.DOTALL)
_READS = {
    "list_webhooks",
    "get_webhook",
    "list_tags",
    "list_event_types",
    "list_perspectives",
    "dry_run_filters",
    "diagnose_webhook",
    "list_deliveries",
    "list_alerts",
    "get_delivery",
    "list_changes",
    "list_assistants",
    "list_triggers",
    "get_trigger",
    "list_calls",
    "list_secrets",
}


@dataclass(frozen=True, slots=True)
class Act:
    """What one call did, and in which turn of the conversation."""

    call: Call
    result: Result
    turn: int = 0

    @property
    def change_ids(self) -> tuple[str, ...]:
        """Give the ids of the recorded changes, in the order in which they were made."""
        return tuple(str(one) for one in self.result.get("change_ids") or [self.result.get("change_id")] if one)

    @property
    def change_id(self) -> str:
        """Give the id of the last recorded change, or nothing when none was recorded."""
        return self.change_ids[-1] if self.change_ids else ""


@dataclass(slots=True)
class Turn:
    """What a person said, and the tool calls with results that followed."""

    text: str
    exchanges: list[tuple[Call, Result]] = field(default_factory=list)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Perspective:
    """The perspective that the chat is on."""

    id: str
    name: str
    kind: str


@dataclass(slots=True)
class Memory:
    """Everything a script may know; rebuilt from the messages every time."""

    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    focus: str = ""
    acts: list[Act] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    perspective: Perspective | None = None
    diagnosis: dict[str, Any] = field(default_factory=dict)
    diagnosed: str = ""
    question: Question | None = None
    deleted: set[str] = field(default_factory=set)
    failed_test: str = ""
    triggers: dict[str, dict[str, Any]] = field(default_factory=dict)
    assistants: dict[str, dict[str, Any]] = field(default_factory=dict)
    trigger: str = ""
    turn: int = 0

    def learn(self, call: Call, result: Result) -> None:
        """Take in one tool call and its result."""
        for row in rows(result, "webhooks", "items"):
            self._know(row)
        webhook = webhook_of(result)
        if webhook:
            self._know(webhook)
        target = str((webhook or {}).get("id") or call.arguments.get("webhook_id") or "")
        tested = call.name == "test_webhook" and "status_code" in result
        if target and (tested or result.get("ok", True) is not False):
            self.focus, self.trigger = target, ""
        if tested:
            self.failed_test = "" if result.get("ok") else target
        self._learn_integrations(call, result)
        if call.name == "list_webhooks":
            self._listed([str(row["id"]) for row in rows(result, "webhooks", "items") if "id" in row])
        elif call.name == "list_deliveries":
            self.deliveries = rows(result, "deliveries", "items")
        elif call.name == "get_delivery":
            self.deliveries = [dict(result.get("delivery") or result)]
        elif call.name == "diagnose_webhook" and target:
            self.diagnosis, self.diagnosed = dict(result.get("diagnosis") or result), target
        elif call.name not in _READS and result.get("ok") is True:
            self._did(Act(call, result, self.turn))

    def _learn_integrations(self, call: Call, result: Result) -> None:
        """Take in assistants and triggers; the one trigger that a result is about is spoken of from then on."""
        if call.name == "list_triggers" and result.get("ok") is True and not call.arguments:
            self.triggers = {}
        for kind, known in (("trigger", self.triggers), ("assistant", self.assistants)):
            one = result.get(kind)
            found = [one] if isinstance(one, dict) else []
            listed = result.get(f"{kind}s")
            for row in [*(listed if isinstance(listed, list) else ()), *found]:
                known[str(row.get("id"))] = {**known.get(str(row.get("id")), {}), **row}
            if found and result.get("deleted"):
                known.pop(str(found[0].get("id")), None)
        if isinstance(result.get("trigger"), dict):
            identifier = str(result["trigger"].get("id"))
            self.trigger = identifier if identifier in self.triggers else ""
            self.focus = ""

    def _know(self, row: Mapping[str, Any]) -> None:
        identifier = row.get("id")
        if isinstance(identifier, str) and identifier.startswith("wh_"):
            self.webhooks[identifier] = {**self.webhooks.get(identifier, {}), **row}

    def _listed(self, ids: list[str]) -> None:
        self.listed = tuple(ids)
        if len(ids) == 1 and not self.focus and not self.elsewhere(self.webhooks.get(ids[0], {})):
            self.focus = ids[0]

    def elsewhere(self, webhook: Mapping[str, Any]) -> bool:
        """Tell whether a webhook belongs to another perspective than the one that the chat is on."""
        theirs = webhook.get("perspective_id")
        return bool(self.perspective and theirs and theirs != self.perspective.id)

    def _did(self, act: Act) -> None:
        self.acts.append(act)
        target = str(act.call.arguments.get("webhook_id", ""))
        if act.call.name == "undo_change" and act.result.get("deleted"):
            target = str((webhook_of(act.result) or {}).get("id") or "")
        if act.call.name == "delete_webhook" or act.result.get("deleted"):
            self.webhooks.pop(target, None)
            self.deleted.add(target)
            self.focus = "" if self.focus == target else self.focus
            self.listed = tuple(one for one in self.listed if one != target)

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the known webhooks."""
        return tuple(sorted({str(row.get("name") or "") for row in self.webhooks.values()} - {""}))

    @property
    def last_step(self) -> list[str]:
        """Give the ids of the changes of the last message that has any to be undone, the latest first."""
        acts = self.changes
        return [one for act in reversed(acts) if act.turn == acts[-1].turn for one in reversed(act.change_ids)]

    @property
    def changes(self) -> list[Act]:
        """Give what was done and can still be undone, the latest last."""
        undone = {act.call.arguments.get("change_id") for act in self.acts if act.call.name == "undo_change"}
        undone |= {_id_of(act.result.get("undone")) for act in self.acts if act.call.name == "undo_change"}
        return [
            act for act in self.acts if act.change_id and act.change_id not in undone and act.call.name != "undo_change"
        ]


def _id_of(undone: Any) -> str:
    return str(undone.get("id")) if isinstance(undone, dict) else str(undone or "")


def rows(result: Result, *names: str) -> list[dict[str, Any]]:
    """Give the rows of a listing, whatever the list in it is called."""
    for name in (*names, *result):
        value = result.get(name)
        if isinstance(value, list) and all(isinstance(row, dict) for row in value) and (value or name in names):
            return [dict(row) for row in value]
    return []


def webhook_of(result: Result) -> dict[str, Any] | None:
    """Give the webhook that a result carries."""
    found = result.get("webhook")
    if isinstance(found, dict):
        return found
    return dict(result) if str(result.get("id", "")).startswith("wh_") else None


def turns_of(messages: Sequence[BaseMessage]) -> list[Turn]:
    """Cut the message list into turns; each tool call is paired with its result by id."""
    results = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    turns: list[Turn] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append(Turn(str(message.text)))
        elif isinstance(message, AIMessage) and turns:
            for call in message.tool_calls:
                answer = results.get(call["id"] or "")
                if answer is not None:
                    turns[-1].exchanges.append((Call(call["name"], dict(call["args"])), _result(answer)))
            turns[-1].closed = turns[-1].closed or not message.tool_calls
    return turns


def _result(message: ToolMessage) -> Result:
    text = str(message.text)
    try:
        value = json.loads(text)
    except ValueError:
        return {"ok": False, "error": text} if message.status == "error" else {"ok": True, "text": text}
    if isinstance(value, list):
        return {"items": value}
    return value if isinstance(value, dict) else {"ok": message.status != "error", "text": text}


def read_system(messages: Sequence[BaseMessage], memory: Memory) -> None:
    """Take in what the system prompt says: the perspective of the chat, and the diagnosis of "Fix it"."""
    text = "\n".join(str(message.text) for message in messages if isinstance(message, SystemMessage))
    found = _PERSPECTIVE.search(text)
    if found:
        memory.perspective = Perspective(*found.groups())
    block = _DIAGNOSIS.search(text)
    if not block:
        return
    try:
        value = json.loads(block.group(1))
    except ValueError:
        return
    if not isinstance(value, dict) or not {"diagnosis", "cause"} & set(value):
        return
    webhook = value.get("webhook") or {}
    memory.diagnosis = dict(value.get("diagnosis") or value)
    memory.diagnosed = memory.focus = str(webhook.get("id") or value.get("webhook_id") or "")
    if webhook.get("id"):
        memory.webhooks[memory.focus] = dict(webhook)
