"""From aiohttp's exceptions to a cause and a sentence (E09).

No text here repeats the request's path, query or headers: they may hold a secret.
"""

import aiohttp

from rules.outcomes import Cause
from webhooks.faults import AddressRefusedError, Reason, reason_of

DETAIL_CHARACTERS = 300


def classify(error: Exception, host: str, port: int, timeout_seconds: float) -> Reason | None:
    """Name the cause of a failed exchange with `host`:`port`; None for an error that is not the network's."""
    if isinstance(error, AddressRefusedError):
        return reason_of(error, host, port)
    if isinstance(error, TimeoutError):
        return _of_timeout(error, host, port, timeout_seconds)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _of_connecting(error, host, port)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _of_proxy(error, host, port)
    return _of_answer(error, host)


def broke_off(error: Exception) -> bool:
    """Tell whether the connection was lost before any answer, as when an idle connection was closed by the peer."""
    if isinstance(error, aiohttp.ClientConnectorError | TimeoutError):
        return False
    return isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | OSError)


def _of_timeout(error: TimeoutError, host: str, port: int, timeout_seconds: float) -> Reason:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        text = f"No connection to {host}:{port} could be made within the time allowed ({timeout_seconds:g} s in all)."
        return Reason(Cause.CONNECT_TIMEOUT, text)
    text = f"{host} accepted the connection but gave no complete answer within {timeout_seconds:g} s."
    return Reason(Cause.RESPONSE_TIMEOUT, text)


def _of_connecting(error: aiohttp.ClientConnectorError, host: str, port: int) -> Reason | None:
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Reason(Cause.LOCAL_ERROR, "The egress proxy cannot be reached.", _words(error.os_error))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return reason_of(error.certificate_error, host, port)
    return reason_of(error.os_error, host, port)


def _of_answer(error: Exception, host: str) -> Reason | None:
    match error:
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | OSError():
            text = f"{host} closed the connection without answering."
            return Reason(Cause.CONNECTION_RESET, text, _words(error))
        case aiohttp.ClientPayloadError() if "ConnectionResetError" in str(error):  # aiohttp keeps only its text
            return Reason(Cause.CONNECTION_RESET, f"{host} broke the connection in the middle of its answer.")
        case aiohttp.ClientPayloadError():
            return Reason(Cause.INVALID_RESPONSE, f"The answer of {host} ends before it is complete.")
        case aiohttp.ClientResponseError():
            return Reason(
                Cause.INVALID_RESPONSE, f"{host} answered with something that is not HTTP.", _words(error.message)
            )
        case aiohttp.InvalidURL():
            return Reason(Cause.BLOCKED_ADDRESS, f"{host} is not a host name or address written in its usual form.")
    return None


def _of_proxy(error: aiohttp.ClientHttpProxyError, host: str, port: int) -> Reason:
    detail = f"the proxy answered HTTP {error.status}"
    match error.status:
        case 407:
            return Reason(Cause.LOCAL_ERROR, "The egress proxy wants credentials that it was not given.", detail)
        case 403:
            return Reason(
                Cause.BLOCKED_ADDRESS, f"The egress proxy does not allow connections to {host}:{port}.", detail
            )
        case 504:
            return Reason(Cause.CONNECT_TIMEOUT, f"The egress proxy could not reach {host}:{port} in time.", detail)
    return Reason(Cause.CONNECTION_REFUSED, f"The egress proxy could not connect to {host}:{port}.", detail)


def _words(source: object) -> str:
    text = source.strerror or str(source) if isinstance(source, OSError) else str(source)
    return " ".join(text.split())[:DETAIL_CHARACTERS]
