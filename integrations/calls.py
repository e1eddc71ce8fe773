"""One call of a trigger: what came of it, and its row in the session's log (C09)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from integrations.answer import Answer
from integrations.triggers import TriggerView
from rules.echoes import Echoes
from rules.ids import new_id
from rules.literal_credentials import header_templates, mask_body, mask_headers, mask_url
from rules.request_template import Rendered
from rules.responses import CallResult, envelope, without_client_data
from store.pages import Row

BEGUN: Final = "Sent; the outcome is not known."
_LOGGED_REQUEST: Final = 65_536  # characters of JSON


@dataclass(frozen=True, slots=True)
class CallReport:
    """What came of a call, as POST /v1/triggers/{id}/run shows it; no secret's value is in it.

    Args:
        request: `{method, url, headers, body}` with masks in the place of secrets.
        response: `{status, headers, body}`; None when none came, or nothing was sent.
        error: `{cause, message}` when the answer was not 2xx, or there was none.
        directive: How the model is to use the response; None with `interpret_response: false` (C07).
        client_data: The session's data after the call.
        warnings: Sentences.
        log_id: The call's id in the log; None when it was not logged.
        for_model: What the model sees of it.
        accepted: Whether the endpoint answered 2xx.
        variables: What was substituted, by full name; secrets are masks.
        attempts: How often it was sent.
        duration_ms: From the first attempt's begin to the last one's end.

    """

    request: dict[str, Any]
    response: dict[str, Any] | None
    error: dict[str, str] | None
    directive: str | None
    client_data: dict[str, Any]
    warnings: tuple[str, ...]
    log_id: str | None
    for_model: dict[str, Any]
    accepted: bool
    variables: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    duration_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        return {
            "request": self.request,
            "response": self.response,
            "error": self.error,
            "responseDirective": self.directive,
            "client_data": self.client_data,
            "warnings": list(self.warnings),
            "log_id": self.log_id,
            "attempts": self.attempts,
            "duration_ms": self.duration_ms,
        }


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call that is ready to be sent, with everything that is later logged and masked.

    Args:
        request: What is sent.
        echoes: Finds the secrets that went with it.
        client_data: What the request was rendered with.
        secret_names: All secrets of the workspace: a response may overwrite none.

    """

    trigger: TriggerView
    session_id: str | None
    at: datetime
    request: Rendered
    echoes: Echoes
    client_data: dict[str, Any]
    secret_names: frozenset[str]
    shown: dict[str, Any] = field(init=False)
    used: dict[str, Any] = field(init=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        """Render the request for eyes: secrets are masked, and so is what else looks like a credential."""
        shown = self.request.shown
        headers = mask_headers(shown.headers, header_templates(self.trigger.integration))
        url = mask_url(shown.url, self.trigger.integration["url"])
        body = mask_body(shown.body, self.trigger.integration.get("body"))
        whole = {"method": shown.method, "url": url, "headers": headers, "body": body}
        object.__setattr__(self, "shown", self.echoes.scrub_json(whole))
        object.__setattr__(self, "used", self.echoes.scrub_json(self.request.used))
        object.__setattr__(self, "id", new_id("call"))

    def begun_row(self) -> Row:
        """Render the row of the log for a call whose answer is awaited, or was when this server was killed."""
        return {**self._head(), "warnings": list(self.request.warnings), "error": BEGUN, "attempts": 1}

    def row(self, answer: Answer, *, warnings: tuple[str, ...], attempts: int, duration_ms: int) -> Row:
        """Render the row of the log."""
        return {
            **self._head(),
            "warnings": list(warnings),
            "status": answer.result.status,
            "response_headers": answer.headers if answer.result.status is not None else None,
            "response_body": answer.text,
            "error": None if answer.error is None else answer.error["message"],
            "attempts": attempts,
            "duration_ms": duration_ms,
        }

    def _head(self) -> Row:
        return {
            **subject(self.trigger, self.session_id, self.at),
            "id": self.id,
            "method": self.shown["method"],
            "url": self.shown["url"],
            "request": _capped({"headers": self.shown["headers"], "body": self.shown["body"]}),
            "variables": self.used,
        }

    def report(
        self, answer: Answer, *, client_data: dict[str, Any], warnings: tuple[str, ...], log_id: str | None
    ) -> CallReport:
        """Say what came of it."""
        result = answer.result
        response = {"status": result.status, "headers": answer.headers, "body": result.body}
        if result.truncated:
            response["truncated"] = True
        interpreted = self.trigger.interpret_response
        return CallReport(
            request=self.shown,
            response=None if result.status is None else response,
            error=answer.error,
            directive=directive(self.trigger),
            client_data=client_data,
            warnings=warnings,
            log_id=log_id,
            for_model=envelope(replace(result, body=without_client_data(result.body)))
            if interpreted
            else {"accepted": answer.accepted},
            accepted=answer.accepted,
            variables=self.echoes.scrub_json(self.request.used),
        )

    def dry_report(self) -> CallReport:
        """Say what would be sent."""
        return CallReport(
            request=self.shown,
            response=None,
            error=None,
            directive=directive(self.trigger),
            client_data=self.client_data,
            warnings=self.request.warnings,
            log_id=None,
            for_model={"dry_run": True, "sent": False},
            accepted=False,
            variables=self.echoes.scrub_json(self.request.used),
        )


def _for_model(result: CallResult) -> dict[str, Any]:
    return envelope(replace(result, body=without_client_data(result.body)))


def directive(trigger: TriggerView) -> str | None:
    """Return how the model is to use the response: configuration, never part of the response (C07)."""
    return (trigger.integration.get("responseDirective") or None) if trigger.interpret_response else None


def subject(trigger: TriggerView, session_id: str | None, at: datetime) -> Row:
    """Return the columns that every row of the log begins with."""
    return {
        "id": new_id("call"),
        "workspace_id": trigger.workspace_id,
        "session_id": session_id,
        "trigger_id": trigger.id,
        "trigger_name": trigger.name,
        "at": at,
    }


def _capped(request: Mapping[str, Any]) -> dict[str, Any]:
    written = json.dumps(request, ensure_ascii=False)
    if len(written) <= _LOGGED_REQUEST:
        return dict(request)
    return {"truncated": True, "beginning": written[:_LOGGED_REQUEST]}
