"""For every cause of a failing endpoint: what it means, and what to do."""

from collections.abc import Mapping
from typing import Final

from rules.diagnosis_facts import WebhookFacts
from rules.findings import EDIT_ENDPOINT, TEST, Fix
from rules.outcomes import Cause

_EDIT_URL: Final = Fix("Correct the URL, if it is not the right one.", EDIT_ENDPOINT)
_TEST: Final = Fix("When the endpoint has been put right, send a test: a passing test clears the error.", TEST)
_SIGNATURE: Final = Fix(
    "Or, if it refuses the signature: have it verify with the present signing secret; rotating it shows a new one."
)

SUMMARIES: Final[Mapping[Cause, str]] = {
    Cause.DNS_FAILURE: "The host name {host} cannot be found, so nothing can be sent there.",
    Cause.CONNECTION_REFUSED: "Nothing accepts connections at {host}: the service is down, or listens elsewhere.",
    Cause.CONNECT_TIMEOUT: "{host} does not answer attempts to connect; usually a firewall drops them.",
    Cause.TLS_EXPIRED: "The TLS certificate of {host} is outside its period of validity.",
    Cause.TLS_UNTRUSTED: "The TLS certificate of {host} does not come from an authority that is trusted.",
    Cause.TLS_HOSTNAME: "The TLS certificate that {host} shows was issued for another name.",
    Cause.TLS_ERROR: "No TLS session can be set up with {host}.",
    Cause.RESPONSE_TIMEOUT: "{host} takes the request but does not answer within {timeout}.",
    Cause.CONNECTION_RESET: "{host} closes the connection instead of answering.",
    Cause.INVALID_RESPONSE: "{host} answers with something that is not complete, valid HTTP.",
    Cause.BLOCKED_ADDRESS: "{host} leads to an address that webhooks may not call.",
    Cause.REDIRECT: "The endpoint redirects; webhooks are never sent on to another address.",
    Cause.BAD_REQUEST: "The endpoint rejects the payload as invalid.",
    Cause.UNAUTHORIZED: "The endpoint refuses the request as not authorized.",
    Cause.NOT_FOUND: "The server at {host} answers, but has nothing at this path.",
    Cause.METHOD_NOT_ALLOWED: "The endpoint does not take POST requests at this path.",
    Cause.GONE: "The endpoint says that it is gone for good.",
    Cause.PAYLOAD_TOO_LARGE: "The endpoint rejects the payload as too large.",
    Cause.UNSUPPORTED_MEDIA: "The endpoint does not take JSON.",
    Cause.RATE_LIMITED: "The endpoint is asked more often than it allows.",
    Cause.CLIENT_ERROR: "The endpoint rejects the request.",
    Cause.SERVER_ERROR: "The endpoint fails inside while it handles the request.",
    Cause.PAYLOAD_TEMPLATE: "The payload template cannot be filled in with these events; nothing was sent.",
    Cause.LOCAL_ERROR: "This server could not send; the endpoint is not at fault.",
}

_FIXES: Final[Mapping[Cause, tuple[Fix, ...]]] = {
    Cause.DNS_FAILURE: (Fix("Look for a misspelt host name, or create the DNS record."), _EDIT_URL),
    Cause.CONNECTION_REFUSED: (Fix("Start the service, and check that it listens on the port in the URL."), _EDIT_URL),
    Cause.CONNECT_TIMEOUT: (Fix("Let this server's addresses through the endpoint's firewall."), _EDIT_URL),
    Cause.TLS_EXPIRED: (Fix("Renew the certificate on the endpoint's server, and check the server's clock."),),
    Cause.TLS_UNTRUSTED: (
        Fix("Install a certificate of a public authority together with its intermediate certificates."),
    ),
    Cause.TLS_HOSTNAME: (
        Fix("Call the endpoint by a name that is in its certificate.", EDIT_ENDPOINT),
        Fix("Or install a certificate that names this host."),
    ),
    Cause.TLS_ERROR: (Fix("Check that the port in the URL speaks TLS 1.2 or 1.3."), _EDIT_URL),
    Cause.CONNECTION_RESET: (Fix("Look in the endpoint's log, and at the proxy in front of it, for why it hangs up."),),
    Cause.INVALID_RESPONSE: (Fix("Check that the port in the URL is that of an HTTP server."), _EDIT_URL),
    Cause.BLOCKED_ADDRESS: (
        Fix("Use a public address; for a service on your own machine, open a tunnel to it.", EDIT_ENDPOINT),
        Fix("While developing, an operator can allow named ranges with HOOKWRIGHT_EGRESS_ALLOW."),
    ),
    Cause.BAD_REQUEST: (Fix("Compare the payload of a failed delivery with what the endpoint expects."),),
    Cause.NOT_FOUND: (Fix("Correct the path in the URL.", EDIT_ENDPOINT),),
    Cause.METHOD_NOT_ALLOWED: (Fix("Make the endpoint take POST at this path."), _EDIT_URL),
    Cause.GONE: (Fix("Enter the new address, if there is one.", EDIT_ENDPOINT),),
    Cause.PAYLOAD_TOO_LARGE: (Fix("Raise the largest body that the endpoint, or the proxy in front of it, takes."),),
    Cause.UNSUPPORTED_MEDIA: (Fix("Make the endpoint take the content type application/json."),),
    Cause.CLIENT_ERROR: (Fix("Look up in the endpoint's documentation what it means by this status."), _EDIT_URL),
    Cause.SERVER_ERROR: (Fix("Look in the endpoint's own log at the time of a failed attempt."),),
    Cause.PAYLOAD_TEMPLATE: (Fix("Preview the template on one of the failed events, and correct it."),),
    Cause.LOCAL_ERROR: (Fix("Have an operator look at this server's log: sockets, memory, egress proxy."),),
}

_MAX_TIMEOUT_MS: Final = 30_000
_GENTLE_RATE: Final = 1.0


def summary_of(cause: Cause, webhook: WebhookFacts) -> str:
    """Say in one sentence what a cause means for this webhook."""
    if cause is Cause.UNAUTHORIZED:
        return f"{SUMMARIES[cause]} {auth_header_text(webhook)}"
    return SUMMARIES[cause].format(host=webhook.host, timeout=f"{webhook.timeout_ms / 1000:g} s")


def fixes_of(cause: Cause, webhook: WebhookFacts) -> tuple[Fix, ...]:
    """List what to do about a cause, ending with the test that proves it."""
    match cause:
        case Cause.UNAUTHORIZED:
            own: tuple[Fix, ...] = (_auth_fix(webhook), *((_SIGNATURE,) if webhook.signed else ()))
        case Cause.RESPONSE_TIMEOUT:
            own = (Fix("Make the endpoint answer 2xx at once and do its work afterwards."), *timeout_fixes(webhook))
        case Cause.RATE_LIMITED:
            own = (_rate_fix(webhook),)
        case _:
            own = _FIXES.get(cause, ())
    return (*own, _TEST)


def auth_header_text(webhook: WebhookFacts) -> str:
    """Say whether an auth header is set; its value is never known here."""
    if webhook.auth_header is None:
        return "No auth header is set."
    return f"The auth header `{webhook.auth_header}` is set, so its value is probably wrong or has expired."


def timeout_fixes(webhook: WebhookFacts) -> tuple[Fix, ...]:
    """Offer a longer timeout, as long as one is allowed."""
    if webhook.timeout_ms >= _MAX_TIMEOUT_MS:
        return ()
    longer = min(2 * webhook.timeout_ms, _MAX_TIMEOUT_MS)
    change = {"patch": {"timeout_ms": longer}}
    return (Fix(f"Raise the timeout from {webhook.timeout_ms} to {longer} ms.", change),)


def _auth_fix(webhook: WebhookFacts) -> Fix:
    if webhook.auth_header is None:
        return Fix("Set the auth header that the endpoint expects.", EDIT_ENDPOINT)
    return Fix(f"Enter the value of `{webhook.auth_header}` again, or another header.", EDIT_ENDPOINT)


def _rate_fix(webhook: WebhookFacts) -> Fix:
    present = webhook.rate_limit_per_second
    slower = max(round(present / 2, 1), 0.1) if present else _GENTLE_RATE
    return Fix(f"Send at most {slower:g} per second.", {"patch": {"rate_limit_per_second": slower}})
