"""What came of a call to an endpoint, for a model to act on: a class, whether to try again, and a hint.

Everything that the endpoint chose sits under the key `untrusted`. Class and hint are our own words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from rules.outcomes import Cause, Exchange, Fault, Reply
from rules.response_body import read_body
from rules.shortening import shortened, written_length

LIMIT: Final = 20_000  # characters, of what the model reads of one call

_TRANSIENT: Final = frozenset({502, 503, 504})
_NEVER_SENT: Final = frozenset(
    {Cause.DNS_FAILURE, Cause.CONNECTION_REFUSED, Cause.CONNECT_TIMEOUT, Cause.BLOCKED_ADDRESS}
)
_TLS: Final = frozenset({Cause.TLS_ERROR, Cause.TLS_EXPIRED, Cause.TLS_HOSTNAME, Cause.TLS_UNTRUSTED})
_HOST: Final = re.compile(r"(?:https?:)?//(?:[^/?#@\s]*@)?([A-Za-z0-9.-]{1,80}(?::\d{1,5})?)(?=[/?#]|$)", re.IGNORECASE)


class CallClass(StrEnum):
    """What a call came to."""

    SUCCESS = "success"
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    CLIENT_ERROR = "client_error"
    AUTH_ERROR = "auth_error"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    NETWORK_ERROR = "network_error"


_HINTS: Final = {
    CallClass.SUCCESS: "The call succeeded.",
    CallClass.TOO_LARGE: "The call succeeded, but its answer was too large: only the beginning is here. "
    "Do not repeat it; ask for less if the arguments allow that.",
    CallClass.CLIENT_ERROR: "The endpoint did not accept these arguments. Correct them if the body says how.",
    CallClass.AUTH_ERROR: "The endpoint refused our credentials. Other arguments will not help: the person who set "
    "this integration up must correct them.",
    CallClass.NOT_FOUND: "The endpoint knows nothing by these arguments. Check them with the person.",
    CallClass.CONFLICT: "The endpoint says that this contradicts what it already holds. It may have been done before.",
    CallClass.SERVER_ERROR: "The endpoint failed on its side.",
}
_FAULTS: Final = {
    Cause.CONNECT_TIMEOUT: "the endpoint could not be reached in time.",
    Cause.RESPONSE_TIMEOUT: "the endpoint did not answer in time.",
    Cause.CONNECTION_RESET: "the endpoint broke the connection off.",
    Cause.INVALID_RESPONSE: "the endpoint answered with something that is no HTTP.",
    Cause.LOCAL_ERROR: "the call failed on our side.",
    **dict.fromkeys(_TLS, "no secure connection to the endpoint could be made."),
}
"""No address is named: a customer may read what a model makes of it. The log has the whole story."""
_AGAIN: Final = " Trying again later may work."
_NOT_AGAIN: Final = " It may or may not have taken effect: do not repeat it without asking the person."


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call's result. `retryable`: the same call may be made again later without doing harm."""

    status: int | None
    class_: CallClass
    retryable: bool
    hint: str
    body: Any
    truncated: bool = False


def read_reply(exchange: Exchange, *, method: str = "GET") -> CallResult:
    """Classify a reply or fault.

    Args:
        exchange: What came of the request; a secret in it must have been masked, or be masked in the result's body.
        method: The request's method: only a GET can be repeated when nobody knows whether it took effect.

    """
    safe = method == "GET"
    if isinstance(exchange, Fault):
        return _of_fault(exchange, safe=safe)
    kind = classify(exchange)
    retryable = kind == CallClass.RATE_LIMITED or (safe and exchange.status in _TRANSIENT)
    body = read_body(exchange.body, exchange.headers)
    if kind is CallClass.REDIRECT:  # where to is the endpoint's own words, too
        body = {"location": exchange.headers.get("location", "")[:512], "body": body}
    return CallResult(exchange.status, kind, retryable, _hint(kind, exchange, safe=safe), body, exchange.truncated)


def classify(reply: Reply) -> CallClass:
    """Name what a status code means for the caller."""
    status = reply.status
    if 200 <= status < 300:
        return CallClass.TOO_LARGE if reply.truncated else CallClass.SUCCESS
    if 300 <= status < 400:
        return CallClass.REDIRECT
    special = {
        **dict.fromkeys((401, 403, 407), CallClass.AUTH_ERROR),
        **dict.fromkeys((404, 410), CallClass.NOT_FOUND),
        409: CallClass.CONFLICT,
        429: CallClass.RATE_LIMITED,
    }
    return special.get(status, CallClass.CLIENT_ERROR if 400 <= status < 500 else CallClass.SERVER_ERROR)


def envelope(result: CallResult, limit: int = LIMIT) -> dict[str, Any]:
    """Render a result for the model, as JSON within `limit` characters; what is cut is marked `"truncated": true`."""
    outer = {"status": result.status, "class": str(result.class_), "retryable": result.retryable, "hint": result.hint}
    if result.body is None and result.status is None:
        return {**outer, "body": None}
    body: dict[str, Any] = {"untrusted": result.body}
    if result.truncated:
        body["truncated"] = True
    room = limit - written_length({**outer, "body": {"untrusted": "", "truncated": True}})
    if written_length(result.body) > room:
        body = {"untrusted": shortened(result.body, room), "truncated": True}
    return {**outer, "body": body}


def returned_client_data(body: Any) -> Any:
    """Find `session.client_data` in the body of a 2xx answer; None when it is not there (C06)."""
    session = body.get("session") if isinstance(body, Mapping) else None
    return session.get("client_data") if isinstance(session, Mapping) else None


def without_client_data(body: Any) -> Any:
    """Return a body without `session.client_data`: it is for later calls, and not for the model to tell (C06)."""
    if returned_client_data(body) is None:
        return body
    session = {name: value for name, value in body["session"].items() if name != "client_data"}
    rest = {name: value for name, value in body.items() if name != "session"}
    return {**rest, "session": session} if session else rest


def _of_fault(fault: Fault, *, safe: bool) -> CallResult:
    if fault.cause == Cause.RATE_LIMITED:  # by ourselves: there was no answer that could say so
        return CallResult(None, CallClass.RATE_LIMITED, retryable=True, hint=fault.message, body=None)
    blocked = fault.cause == Cause.BLOCKED_ADDRESS
    setup = blocked or fault.cause in _TLS
    hint = f"No answer came: {_FAULTS.get(fault.cause, 'the endpoint could not be reached.')}"
    if setup:
        hint += " The person who set this integration up must correct that; trying again will not help."
    elif safe or fault.cause in _NEVER_SENT:
        hint += _AGAIN
    else:
        hint += _NOT_AGAIN
    retryable = not setup and (safe or fault.cause in _NEVER_SENT)
    return CallResult(None, CallClass.NETWORK_ERROR, retryable, hint, None)


def _hint(kind: CallClass, reply: Reply, *, safe: bool) -> str:
    if kind is CallClass.REDIRECT:
        return (
            f"The endpoint redirects to {_host(reply)}, which is not followed; the integration's URL must be changed."
        )
    if kind is CallClass.RATE_LIMITED:
        wait = reply.headers.get("retry-after", "")
        when = f"in {int(wait)} s" if re.fullmatch(r"[0-9]{1,5}", wait) else "later"
        return f"The endpoint takes no more calls for now. Try again {when}, not at once."
    if kind is CallClass.SERVER_ERROR:
        return _HINTS[kind] + (_AGAIN if safe and reply.status in _TRANSIENT else "" if safe else _NOT_AGAIN)
    return _HINTS[kind]


def _host(reply: Reply) -> str:
    """Name the host that a redirect leads to, if it looks like one: its text is the endpoint's to choose."""
    match = _HOST.match(reply.headers.get("location", ""))
    # As it is written: what repeats a secret is found, and masked, only in the secret's own letters.
    return match[1] if match else "another path"
