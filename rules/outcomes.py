"""What came of one HTTP exchange: a `Reply` or a `Fault`, both plain values, never exceptions."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol


class Cause(StrEnum):
    """Why a webhook does not deliver, by name (X03, E09). The order is the order in the documentation."""

    DNS_FAILURE = "dns_failure"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_EXPIRED = "tls_expired"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_HOSTNAME = "tls_hostname"
    TLS_ERROR = "tls_error"
    RESPONSE_TIMEOUT = "response_timeout"
    CONNECTION_RESET = "connection_reset"
    INVALID_RESPONSE = "invalid_response"
    BLOCKED_ADDRESS = "blocked_address"
    REDIRECT = "redirect"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    GONE = "gone"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    RATE_LIMITED = "rate_limited"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    PAYLOAD_TEMPLATE = "payload_template"
    LOCAL_ERROR = "local_error"
    DISABLED = "disabled"
    EVENT_NOT_SELECTED = "event_not_selected"
    EMPTY_EXCLUDE = "empty_exclude"
    FILTERS_NEVER_MATCH = "filters_never_match"
    NO_EVENTS_YET = "no_events_yet"
    HEALTHY = "healthy"


class Reply(NamedTuple):
    """A complete HTTP response. `headers` have lower-case names; `body` is capped while being read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_ms: int
    truncated: bool = False


class Fault(NamedTuple):
    """No complete response arrived. `message` is a sentence for people; `detail` the library's own words."""

    cause: Cause
    message: str
    duration_ms: int
    detail: str = ""


Exchange = Reply | Fault


class Send(Protocol):
    """The one door out, as everything below the server sees it."""

    async def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        max_body_bytes: int = 16_384,
    ) -> Exchange:
        """Exchange one request for a reply or a fault; never raises for anything the other side does."""
        ...


STATUS_CAUSES: Mapping[int, Cause] = {
    400: Cause.BAD_REQUEST,
    401: Cause.UNAUTHORIZED,
    403: Cause.UNAUTHORIZED,
    404: Cause.NOT_FOUND,
    405: Cause.METHOD_NOT_ALLOWED,
    410: Cause.GONE,
    413: Cause.PAYLOAD_TOO_LARGE,
    415: Cause.UNSUPPORTED_MEDIA,
    422: Cause.BAD_REQUEST,
    429: Cause.RATE_LIMITED,
}


def cause_of_status(status: int) -> Cause:
    """Name the cause that an HTTP status code (100–599) stands for; 2xx is `healthy`."""
    if status in STATUS_CAUSES:
        return STATUS_CAUSES[status]
    if 200 <= status < 300:
        return Cause.HEALTHY
    if 300 <= status < 400:
        return Cause.REDIRECT
    if 400 <= status < 500:
        return Cause.CLIENT_ERROR
    if status >= 500:
        return Cause.SERVER_ERROR
    return Cause.INVALID_RESPONSE
