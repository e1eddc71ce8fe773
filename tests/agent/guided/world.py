"""A tiny world for the guided model: webhooks in a dict, tools that answer like the real ones, and the agent's loop."""
# ruff: noqa: ARG002 - every tool of the tiny world has the same signature

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.guided.model import GuidedModel

READS = {
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
}
WRITES = {
    "create_webhook",
    "edit_webhook",
    "edit_endpoint",
    "set_enabled",
    "delete_webhook",
    "set_event_filter",
    "set_conditions",
    "set_tag_filter",
    "set_trust_filter",
    "test_webhook",
    "retry_delivery",
    "replay_deliveries",
    "undo_change",
}
TAGS = ("pricing", "support", "feature-request", "churn-risk", "high_intent")
INTERVIEW = ["interview.completed", "interview.partial", "interview.abandoned"]
SYSTEM = 'You are the assistant.\n\nPerspective: psp_1 "Churn study" (interviewer)'


def webhook(identifier: str, name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "url": f"https://{identifier.replace('_', '')}.example.com/hook",
        "enabled": True,
        "state": "healthy",
        "profile": "perspective",
        "event_filter": {"mode": "include", "events": list(INTERVIEW)},
        "conditions": [],
        "tag_filter": None,
        "trust_score": None,
        "auth_header": {"name": "Authorization", "set": True},
        "perspective_id": "psp_1",
        "perspective_name": "Churn study",
        "consecutive_failures": 0,
        "last_error": None,
        **fields,
    }


def delivery(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"dlv_{number}",
        "webhook_id": "wh_2",
        "event_type": "interview.completed",
        "event_id": f"evt_{number}",
        "status": "failed",
        "attempts": 1,
        "status_code": 401,
        "cause": "unauthorized",
        "created_at": f"2999-01-0{number}T00:00:00Z",
        "error": "Unauthorized",
        **fields,
    }


def three() -> list[dict[str, Any]]:
    return [
        webhook("wh_1", "CRM sync", url="https://hooks.acme.com/crm"),
        webhook(
            "wh_2",
            "Slack alerts",
            url="https://hooks.slack.com/services/T1",
            state="failing",
            consecutive_failures=4,
            last_error="HTTP 401",
        ),
        webhook(
            "wh_3",
            "Orders",
            url="https://api.shop.example/orders",
            profile="perspection",
            perspective_id=None,
            perspective_name=None,
            event_filter={"mode": "include", "events": []},
        ),
    ]


@dataclass
class World:
    """State, and a conversation with the model about it."""

    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    system: str = SYSTEM
    messages: list[BaseMessage] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    decline: bool = False
    diagnosis: dict[str, Any] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=lambda: [delivery(n) for n in (9, 8, 7)])

    @classmethod
    def of(cls, *webhooks: dict[str, Any], **fields: Any) -> "World":
        return cls({one["id"]: one for one in webhooks}, **fields)

    def say(self, text: str) -> AIMessage:
        """Say something and run the agent's loop until the model's reply."""
        self.messages.append(HumanMessage(text))
        self.calls = []
        model = GuidedModel().bind_tools(
            [
                {"name": name, "description": name, "parameters": {"type": "object", "properties": {}}}
                for name in READS | WRITES
            ]
        )
        for _ in range(30):
            answer = model.invoke([SystemMessage(self.system), *self.messages])
            self.messages.append(answer)
            if not answer.tool_calls:
                return answer
            for call in answer.tool_calls:
                self.calls.append((call["name"], call["args"]))
                result = self.run(call["name"], call["args"])
                self.messages.append(ToolMessage(json.dumps(result), name=call["name"], tool_call_id=call["id"]))
        raise AssertionError("the model never came to an end")

    @property
    def acts(self) -> list[tuple[str, dict[str, Any]]]:
        """Give the calls of the last message that change or send something."""
        return [call for call in self.calls if call[0] in WRITES]

    def run(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        known = self.webhooks.get(args.get("webhook_id", ""))
        if "webhook_id" in args and known is None:
            return {"ok": False, "error": f"There is no webhook {args['webhook_id']!r} in this workspace."}
        return deepcopy(getattr(self, f"_{name}")(args, known))

    def _list_webhooks(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        found = [one for one in self.webhooks.values() if args.get("perspective_id") in (None, one["perspective_id"])]
        return {"ok": True, "webhooks": found, "total": len(found)}

    def _get_webhook(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {
            "ok": True,
            "webhook": {
                **known,
                "headers": known.get("headers", {}),
                "timeout_ms": known.get("timeout_ms", 5000),
                "health": {"total": 0},
            },
        }

    def _list_tags(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {
            "ok": True,
            "perspective": "Churn study",
            "tags": [{"name": tag, "description": f"when {tag}"} for tag in TAGS],
        }

    def _list_event_types(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {"ok": True, "event_types": [{"name": name, "description": name} for name in INTERVIEW]}

    def _list_perspectives(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {
            "ok": True,
            "perspectives": [
                {"id": "psp_1", "name": "Churn study", "kind": "interviewer"},
                {"id": "psp_2", "name": "Shop", "kind": "event_stream"},
            ],
            "total": 2,
        }

    def _dry_run_filters(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {
            "ok": True,
            "matched": False,
            "event_filter": {"passed": True, "reason": "ok"},
            "conditions": [],
            "tag_filter": None,
            "trust_score": {"passed": False, "reason": "The trust score 50 is below 70."},
        }

    def _diagnose_webhook(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {"ok": True, "webhook_id": args["webhook_id"], **(self.diagnosis or DIAGNOSIS)}

    def _list_alerts(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {"ok": True, "alerts": self.alerts, "total": len(self.alerts)}

    def _list_deliveries(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        rows = [
            one
            for one in self.deliveries
            if all(args.get(name) in (None, one[name]) for name in ("status", "webhook_id"))
        ]
        return {"ok": True, "deliveries": rows[: args.get("limit", 10)], "total": len(rows)}

    def _get_delivery(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {
            "ok": True,
            "delivery": {
                "id": args["delivery_id"],
                "webhook_id": "wh_2",
                "status": "failed",
                "event_type": "interview.completed",
                "attempts": 1,
                "attempts_log": [],
            },
        }

    def _list_changes(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {
            "ok": True,
            "changes": [
                {"id": one["id"], "action": "update", "actor": "assistant", "at": "now", "undoable": True}
                for one in reversed(self.changes)
            ],
        }

    def _create_webhook(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        identifier = f"wh_{len(self.webhooks) + 1}n"
        fields = {key: value for key, value in args.items() if value is not None}
        self.webhooks[identifier] = webhook(identifier, fields.pop("name", "Churn study webhook"), **fields)
        return self._changed(identifier, [{"field": "webhook", "before": None, "after": "new"}], None)

    def _edit_webhook(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return self._set(args, {key: value for key, value in args.items() if key != "webhook_id"})

    def _edit_endpoint(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return self._changed(known["id"], [{"field": "auth_header", "before": "set", "after": "changed"}], dict(known))

    def _set_enabled(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return self._set(args, {"enabled": args["enabled"], "state": "healthy" if args["enabled"] else "disabled"})

    def _delete_webhook(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        if self.decline:
            return {"ok": False, "declined": True, "note": "no"}
        result = self._changed(known["id"], [], dict(known))
        del self.webhooks[known["id"]]
        return {**result, "deleted": True}

    def _set_event_filter(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return self._set(args, {"event_filter": {"mode": args["mode"], "events": args["events"]}})

    def _set_conditions(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return self._set(args, {"conditions": args["conditions"]})

    def _set_tag_filter(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        wrong = [tag for tag in args.get("tags", []) if tag not in TAGS]
        if wrong:
            return {"ok": False, "error": f"There is no tag {wrong[0]!r}.", "suggestions": ["pricing"]}
        return self._set(
            args, {"tag_filter": {"match": args["match"], "tags": args["tags"]} if args.get("tags") else None}
        )

    def _set_trust_filter(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        bounds = {side: args[side] for side in ("min", "max") if args.get(side) is not None}
        return self._set(args, {"trust_score": bounds or None})

    def _test_webhook(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        known["state"] = "healthy"
        return {
            "ok": True,
            "status_code": 200,
            "duration_ms": 12,
            "error": None,
            "response_body": None,
            "tested": True,
            "webhook": known,
        }

    def _retry_delivery(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        return {"ok": True, "delivery": {"id": args["delivery_id"], "webhook_id": "wh_2", "status": "pending"}}

    def _replay_deliveries(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        found = [
            one
            for one in self.deliveries
            if (one["webhook_id"], one["status"]) == (args["webhook_id"], "failed")
            and one["created_at"] >= args["since"]
        ]
        return {"ok": True, "webhook_id": args["webhook_id"], "count": len(found)}

    def _undo_change(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        found = [one for one in self.changes if one["id"] == args.get("change_id", one["id"])]
        if not found:
            return {"ok": False, "error": "There is no change that can be undone."}
        change = found[-1]
        now = self.webhooks.get(change["webhook_id"])
        if change["before"] is None:
            gone = self.webhooks.pop(change["webhook_id"])
            return {
                "ok": True,
                "webhook": gone,
                "deleted": True,
                "changed": [],
                "change_id": "chg_u",
                "undo": True,
                "undone": {"id": change["id"]},
            }
        self.webhooks[change["webhook_id"]] = change["before"]
        diff = [
            {"field": key, "before": (now or {}).get(key), "after": value}
            for key, value in change["before"].items()
            if (now or {}).get(key) != value
        ]
        return {**self._changed(change["webhook_id"], diff, now), "undone": {"id": change["id"]}}

    def _set(self, args: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        known = self.webhooks[args["webhook_id"]]
        before = deepcopy(known)
        diff = [
            {"field": key, "before": known.get(key), "after": value}
            for key, value in fields.items()
            if known.get(key) != value
        ]
        if not diff:
            return {"ok": True, "webhook": known, "changed": []}
        known.update(fields)
        return self._changed(known["id"], diff, before)

    def _changed(self, identifier: str, diff: list[dict[str, Any]], before: Any) -> dict[str, Any]:
        change = {"id": f"chg_{len(self.changes) + 1}", "webhook_id": identifier, "before": before}
        if diff or before is not None:
            self.changes.append(change)
        return {
            "ok": True,
            "webhook": self.webhooks[identifier],
            "changed": diff,
            "change_id": change["id"],
            "undo": True,
        }


DIAGNOSIS: dict[str, Any] = {
    "cause": "unauthorized",
    "summary": "The endpoint answers 401 and an auth header is set.",
    "evidence": [{"kind": "attempt", "text": "The last 4 attempts got HTTP 401."}],
    "fixes": [
        {"text": "Correct the auth header.", "change": {"action": "edit_endpoint"}},
        {"text": "Then run a test.", "change": {"action": "test"}},
    ],
    "probe": {},
}
