"""How assistants, API calls, secrets and what came of a call are told to a person."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.guided.listings import change_line, outside
from agent.guided.script import Result

_ROWS = 10
_ANSWER = 300
_SOURCES = {
    "system": "known by the system",
    "secret": "a secret",
    "argument": "an argument",
    "client_data": "from the session's client data, if it is there",
}


def call_title(trigger: Mapping[str, Any]) -> str:
    """Name a trigger in a sentence."""
    return f"“{trigger.get('name')}”"


def call_command(verb: str, trigger: Mapping[str, Any]) -> str:
    """Write a command on a trigger so that it can be read back."""
    return f"{verb} the {trigger.get('name')} call"


def listed(arguments: Mapping[str, Any]) -> str:
    """Write arguments so that they can be read back; those that are no single values are left out."""
    pairs = [(name, one) for name, one in arguments.items() if isinstance(one, str | int | float)]
    return ", ".join(f"{name} {_plain(one)}" for name, one in pairs)


def _plain(value: str | float) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if re.fullmatch(r"[\w./@:-]+", text) else f'"{text}"'


def why_text(one: Mapping[str, Any]) -> str:
    """Tell how a call in the log went, and what to look at when it failed."""
    details = (one.get("details") or {}).get("untrusted") or {}
    status, said = one.get("status"), outside(details.get("response"), _ANSWER)
    title, when = call_title({"name": one.get("trigger")}), str(one.get("at") or "")[:16].replace("T", " ")
    request = outside(details.get("request"), _ANSWER)
    if not status:
        error = outside(details.get("error"), 200).replace("_", " ") or "nothing came back"
        return f"The last call of {title} ({when} UTC) got no answer: {error}. It was {request}."
    verdict = next((text for below, text in _VERDICTS if status < below), _VERDICTS[-1][1])
    text = f"The last call of {title} ({when} UTC), {request}, answered HTTP {status}: {_KNOWN.get(status, verdict)}"
    return text + (f"\nIt said: {said}" if said else "")


_VERDICTS = (
    (300, "it succeeded."),
    (400, "a redirect, which is not followed. Change the URL to where it leads."),
    (500, "the request was not accepted. Compare the arguments with what the API expects."),
    (1000, "the other side failed. That is not the call's fault; try it again later."),
)
_KNOWN = {
    401: "the credentials were refused. Check the secret that it uses.",
    403: "the credentials were refused, or may not do this. Check the secret that it uses.",
    404: "there is nothing at that address. Check the arguments and the URL.",
    405: "that address does not take this method. Change the method.",
    429: "the other side takes no more calls for now. Try it again later.",
}


def call_lines(triggers: Sequence[Mapping[str, Any]], total: int) -> str:
    """List triggers, numbered."""
    lines = [
        f"{place}. {one.get('name')} → {one.get('method')} {one.get('url')} — {outside(one.get('description'), 120)}"
        for place, one in enumerate(triggers[:_ROWS], 1)
    ]
    more = total - len(lines)
    return "\n".join([f"{total} API call{'s' * (total != 1)}:", *lines, *([f"… and {more} more"] if more > 0 else [])])


def assistant_lines(assistants: Sequence[Mapping[str, Any]]) -> str:
    """List assistants, numbered."""
    lines = [
        f"{place}. “{one.get('name')}”, {_counted(int(one.get('triggers') or 0), 'API call')}"
        for place, one in enumerate(assistants[:_ROWS], 1)
    ]
    more = len(assistants) - len(lines)
    count = _counted(len(assistants), "assistant")
    return "\n".join([f"{count}:", *lines, *([f"… and {more} more"] if more > 0 else [])])


def secret_lines(secrets: Sequence[Mapping[str, Any]]) -> str:
    """List secrets by name; there is nothing else to tell."""
    lines = [f"• {one.get('name')}: may be sent to {', '.join(one.get('hosts') or ()) or 'no host'}" for one in secrets]
    return "\n".join([f"{_counted(len(secrets), 'secret')}, values never shown:", *lines])


def log_lines(calls: Sequence[Mapping[str, Any]]) -> str:
    """List calls that were made, the newest first."""
    if not calls:
        return "No calls have been made yet."
    return "\n".join(
        ["The latest calls (times in UTC):", *(_log_line(place, one) for place, one in enumerate(calls, 1))]
    )


def _log_line(place: int, one: Mapping[str, Any]) -> str:
    details = (one.get("details") or {}).get("untrusted") or {}
    status = f"HTTP {one['status']}" if one.get("status") else outside(details.get("error"), 120) or "no answer"
    when = str(one.get("at") or "")[:16].replace("T", " ")
    parts = [
        str(one.get("trigger")),
        status,
        f"{one.get('duration_ms')} ms",
        outside(details.get("request"), 120),
        when,
    ]
    return f"{place}. " + " · ".join(part for part in parts if part)


def explained(trigger: Mapping[str, Any], recent: Sequence[Mapping[str, Any]] = ()) -> str:
    """Tell everything about one trigger, and how its last calls went."""
    request = trigger.get("request") or {}
    properties = (trigger.get("parameters") or {}).get("properties") or {}
    directive = request.get("responseDirective")
    silent = trigger.get("interpret_response") is False
    lines = [
        f"{call_title(trigger)} ({trigger.get('id')}) calls {request.get('method')} {request.get('url')}.",
        outside(trigger.get("description"), 400),
        *([f"Arguments: {', '.join(properties)}"] if properties else []),
        *(f"Header {line}" for line in request.get("headers") or ()),
        *([f"Body: {_body_text(request['body'], 600)}"] if request.get("body") is not None else []),
        *(_variable_line(one) for one in trigger.get("variables") or ()),
        *([f"With the response: {outside(directive, 400)}"] if directive else []),
        *(["The assistant never sees the response."] if silent else []),
        *(["The customer is asked before each call."] if trigger.get("confirm") else []),
        *([f"Last calls, the newest first: {', '.join(map(_status, recent))}"] if recent else []),
    ]
    return "\n".join(lines)


def _status(one: Mapping[str, Any]) -> str:
    return f"HTTP {one['status']}" if one.get("status") else "no answer"


def _variable_line(one: Mapping[str, Any]) -> str:
    source = _SOURCES.get(str(one.get("source")), "")
    if one.get("source") == "secret":
        source += f" that may be sent to {', '.join(one.get('hosts') or ()) or 'no host'}"
    described = f": {outside(one['description'], 120)}" if one.get("description") else ""
    return f"${one.get('name')} is {source}{described}"


def tried_text(trigger: Mapping[str, Any], result: Result) -> str:
    """Tell how a call went, or what a dry run would send."""
    if result.get("declined"):
        return "You declined, so nothing was sent."
    if "sent" not in result:
        errors = [f"{one.get('field')}: {one.get('message')}" for one in result.get("errors") or ()]
        return " ".join([outside(result.get("error")), *(outside(error) for error in errors)])
    request = result.get("request") or {}
    line = f"{request.get('method')} {request.get('url')}"
    if not result["sent"]:
        body = f" with the body {_body_text(request['body'], _ANSWER)}" if request.get("body") is not None else ""
        return f"{call_title(trigger)} would send {line}{body}. Nothing was sent."
    answer = result.get("response")
    if not answer:
        return f"{call_title(trigger)} got no answer: {str(result.get('error')).replace('_', ' ')}."
    said = outside(answer.get("body"), _ANSWER)
    verdict = "succeeded" if result.get("ok") else "failed"
    return f"The call {verdict}: {line} answered HTTP {answer['status']}." + (f"\nIt said: {said}" if said else "")


def changed_text(result: Result) -> str:
    """Tell what a change did to a trigger or an assistant, old and new value."""
    one = result.get("trigger") or result.get("assistant") or {}
    lines = [change_line(each) for each in result.get("changed") or ()]
    return f"{call_title(one)}: {'; '.join(lines) or 'it is already so, so nothing changed'}."


def _body_text(body: Any, limit: int) -> str:
    return outside(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False), limit)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
