"""What an assistant is shown of triggers: short rows, diffs to approve, and where each variable comes from."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from integrations.assistants import AssistantView
from integrations.checks import compile_integration
from integrations.triggers import TriggerView
from rules.changes import ChangeView, FieldChange, diff, unfolded
from rules.integration_spec import Integration
from rules.literal_credentials import masked
from rules.variable_sources import variable_sources

REQUEST = ("method", "url", "headers", "body", "responseDirective", "timeout_ms")
_USUAL = {"interpret_response": True, "confirm": False}
_MAX_LINE = 2_000


def assistant_row(assistant: AssistantView) -> dict[str, Any]:
    """Return an assistant in short."""
    return {"id": assistant.id, "name": assistant.name, "instructions": assistant.instructions}


def trigger_row(trigger: TriggerView) -> dict[str, Any]:
    """Return a trigger in short: what it calls and what it needs."""
    request = masked(trigger.integration)
    return {
        "id": trigger.id,
        "assistant_id": trigger.assistant_id,
        "name": trigger.name,
        "description": trigger.description,
        "method": request["method"],
        "url": request["url"],
        "arguments": list(trigger.parameters.get("properties") or ()),
        "interpret_response": trigger.interpret_response,
        "confirm": trigger.confirm,
    }


def trigger_details(trigger: TriggerView) -> dict[str, Any]:
    """Return a whole trigger; credentials that are written into it are masked."""
    request = masked(trigger.integration)
    parts = {name: shown(name, request.get(name)) for name in REQUEST}
    return {**trigger_row(trigger), "parameters": trigger.parameters, "request": parts}


def shown(field: str, value: Any) -> Any:
    """Return a field's value as people read it: headers as lines."""
    if field == "headers":
        return [f"{header['key']}: {header['value']}" for header in value or ()]
    return value


def shown_diff(changes: Iterable[FieldChange]) -> list[dict[str, Any]]:
    """Return changes as plain data, the parts of a request by their own names."""
    return [
        {"field": each.field, "before": shown(each.field, each.before), "after": shown(each.field, each.after)}
        for each in unfolded(changes)
    ]


def outcome(change: ChangeView) -> dict[str, Any]:
    """Return what the record of a change to a trigger or an assistant says, for a tool's result."""
    whole = change.after if change.before is None else change.before if change.after is None else None
    changed = [row for row in shown_diff(diff(change.before, change.after)) if row["before"] or row["after"]]
    if whole is not None and "integration" in whole:
        changed = draft_diff(whole)
        if change.after is None:
            changed = [{**row, "before": row["after"], "after": None} for row in changed]
    return {"changed": changed, "change_id": change.id, "undo": change.undoable}


def draft_diff(draft: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the whole of a trigger that is to be created, as a diff."""
    request = masked(draft["integration"])
    rows: dict[str, Any] = {"name": draft["name"], "description": draft["description"]}
    rows |= {name: shown(name, request.get(name)) for name in REQUEST if name != "timeout_ms"}
    rows["headers"] = rows["headers"] or None
    rows["parameters"] = parameters_text(draft["parameters"]) or None
    rows |= {name: draft[name] for name, usual in _USUAL.items() if draft[name] != usual}
    return [{"field": name, "before": None, "after": value} for name, value in rows.items() if value is not None]


def draft_line(draft: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trigger that is to be created as one line, where there are several."""
    request = masked(draft["integration"])
    parts = [f"{draft['name']}: {request['method']} {request['url']}", *shown("headers", request["headers"])]
    parts.append(f"“{draft['description']}”")
    if (body := request.get("body")) is not None:
        parts.append(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))
    if needs := parameters_text(draft["parameters"]):
        parts.append(f"needs {needs}")
    return {"field": "trigger", "before": None, "after": " · ".join(parts)[:_MAX_LINE]}


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """Name the arguments of a trigger; optional ones are marked."""
    required = set(parameters.get("required") or ())
    return ", ".join(name if name in required else f"{name} (optional)" for name in parameters.get("properties") or ())


def variables_of(trigger: TriggerView, secrets: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Explain each variable of a trigger's request: {name, source, …} in the order of precedence (C03).

    Args:
        trigger: The trigger.
        secrets: The hosts of the workspace's secrets, by name.

    """
    template = compile_integration(Integration.model_validate(trigger.integration))
    return variable_sources(template.references, trigger.parameters.get("properties") or {}, secrets)


def to_set(names: Mapping[str, Sequence[str]], vault: Collection[str]) -> dict[str, Any]:
    """Say which secrets, given with their hosts, are not in the vault yet; nothing when all are."""
    missing = [{"name": name, "hosts": list(hosts)} for name, hosts in names.items() if name not in vault]
    if not missing:
        return {}
    return {"secrets_to_set": missing, "note": "Offer set_secret for each: the person types its value into a form."}


def host_of(integration: Mapping[str, Any]) -> str:
    """Return the host that a stored request goes to, with its port when it has one."""
    return compile_integration(Integration.model_validate(integration)).host
