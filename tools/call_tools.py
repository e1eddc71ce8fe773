"""Tools over the calls of triggers: try one out, and read the log. What endpoints answered is wrapped as untrusted."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from integrations.calls import CallReport
from integrations.sessions import SessionView
from integrations.triggers import TriggerView
from rules.changes import FieldChange
from rules.errors import InvalidInput
from tools.integration_tools import OneTrigger
from tools.integration_views import trigger_row
from tools.services import Services
from tools.toolbox import Arguments, Call, Result, Tool, approved, fitting, refused, untrusted

_MAX_ANSWER = 4_000
_MAX_LOGGED = 600


class TestTrigger(OneTrigger):
    """What to call it with."""

    arguments: dict[str, Any] = Field(default_factory=dict, description="Arguments as its parameters describe them.")
    dry_run: bool = Field(default=True, description="true only shows the request; false really calls the API.")
    session_id: str | None = Field(None, description="A session whose client data to use.")


class ListCalls(Arguments):
    """Of what: a session or a trigger."""

    session_id: str | None = Field(None, description="Only those of this session.")
    trigger_id: str | None = Field(None, description="Only those of this trigger.")
    limit: int = Field(10, ge=1, le=30)


async def test_trigger(services: Services, call: Call, arguments: TestTrigger) -> Result:
    """Show the request that a trigger would send, and send it when that is wanted and approved."""
    trigger = await services.triggers.get(call.workspace_id, arguments.trigger_id)
    try:
        return await _tried(services, call, trigger, arguments)
    except InvalidInput as error:
        return {**refused("Nothing was sent: this does not fit.", errors=error.errors), "trigger": trigger_row(trigger)}


async def _tried(services: Services, call: Call, trigger: TriggerView, arguments: TestTrigger) -> Result:
    session = None
    if arguments.session_id is not None:
        session = await services.sessions.get(call.workspace_id, arguments.session_id)
    run = services.executor.run
    planned = await run(call.workspace_id, trigger, arguments.arguments, session=session, dry_run=True)
    if arguments.dry_run:
        return _planned(trigger, planned, session)
    if _needs_approval(trigger, call):
        title = f"Really call “{trigger.name}” now"
        if refusal := await approved(call, title, _as_diff(planned.request)):
            return refusal
    report = await run(call.workspace_id, trigger, arguments.arguments, session=session)
    return _done(trigger, report, session)


def _needs_approval(trigger: TriggerView, call: Call) -> bool:
    return trigger.integration["method"] != "GET" or trigger.confirm or call.tainted


def _as_diff(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Show a masked request as what is about to be sent."""
    headers = [f"{name}: {value}" for name, value in request["headers"].items()]
    rows = {"request": f"{request['method']} {request['url']}", "headers": headers or None, "body": request["body"]}
    return [FieldChange(name, None, value).as_dict() for name, value in rows.items() if value is not None]


def _planned(trigger: TriggerView, report: CallReport, session: SessionView | None) -> Result:
    # `changed: []` says that nothing was done: a dry run is no test to speak of.
    sent = {"sent": False, "changed": [], "note": "A dry run: this would be sent. Nothing was sent."}
    return {"ok": True, **sent, **_request(report, session), **_about(trigger)}


def _done(trigger: TriggerView, report: CallReport, session: SessionView | None) -> Result:
    answer = None
    if report.response is not None:
        body = report.response["body"]
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        answer = {"status": report.response["status"], "body": untrusted(text, limit=_MAX_ANSWER)}
    return {
        "ok": report.accepted,
        "tested": True,
        "sent": True,
        **_request(report, session),
        "response": answer,
        "error": report.error["cause"] if report.error else None,
        "directive": report.directive,
        "log_id": report.log_id,
        **_about(trigger),
    }


def _request(report: CallReport, session: SessionView | None) -> dict[str, Any]:
    """Return the masked request; what a session has put into it is the customer's or an endpoint's word."""
    request = {"untrusted": report.request} if session is not None else report.request
    return {"request": request, "warnings": list(report.warnings)}


def _about(trigger: TriggerView) -> dict[str, Any]:
    return {"trigger": {"id": trigger.id, "name": trigger.name, "assistant_id": trigger.assistant_id}}


async def list_calls(services: Services, call: Call, arguments: ListCalls) -> Result:
    """Show the log of calls, newest first."""
    page = await services.call_log.newest(
        call.workspace_id, session_id=arguments.session_id, trigger_id=arguments.trigger_id, limit=arguments.limit
    )
    rows = [_logged(row) for row in page.items]
    return {"ok": True, "calls": fitting(rows), "total": page.total}


def _logged(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of the log; what a customer said or an endpoint answered is in all but its head."""
    head = {name: row[name] for name in ("id", "trigger", "trigger_id", "status", "duration_ms", "at")}
    said = {
        "request": f"{row['request']['method']} {row['request']['url']}",
        "variables": row["variables"],
        "warnings": row["warnings"],
        "error": row["error"],
        "response": (row["response_body"] or "")[:_MAX_LOGGED],
    }
    return {**head, "details": {"untrusted": {name: value for name, value in said.items() if value}}}


TOOLS = (
    Tool(
        "test_trigger",
        "Try a trigger out: a dry run shows the request; dry_run false really calls the API and shows its answer. "
        "Asks for approval when that writes.",
        TestTrigger,
        test_trigger,
    ),
    Tool(
        "list_calls",
        "Show the log of API calls, newest first: status, duration, variables, error, warnings, response.",
        ListCalls,
        list_calls,
    ),
)
