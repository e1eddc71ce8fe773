"""The operating system's and OpenSSL's errors while connecting, by name and in plain words.

Both the egress door and the probe meet these errors, so both say the same thing about them.
"""

import contextlib
import errno
import socket
import ssl
from collections.abc import Callable
from typing import NamedTuple

from rules.outcomes import Cause

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
NO_PATH = frozenset({errno.ENETUNREACH, errno.ENETDOWN})
UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
RESET = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)

# X509_V_ERR_* of OpenSSL's x509_vfy.h; the ssl module gives the numbers without names.
NOT_YET_VALID, EXPIRED, SELF_SIGNED, SELF_SIGNED_IN_CHAIN, HOSTNAME, IP_ADDRESS = 9, 10, 18, 19, 62, 64


class Reason(NamedTuple):
    """A named cause, a sentence for people, and the library's own words."""

    cause: Cause
    message: str
    detail: str = ""


class AddressRefusedError(OSError):
    """The address policy does not let us connect there; `reason` is the policy's own sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EACCES, reason)
        self.reason = reason


class ResolverDownError(socket.gaierror):
    """Our name servers do not answer, so nothing is known of the name that was looked up."""


def has_route() -> bool:
    """Tell whether this host has a route to the Internet at all; nothing is sent."""
    for family, address in ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as unconnected:
            unconnected.connect((address, 9))
            return True
    return False


def reason_of(error: Exception, host: str, port: int, *, has_route: Callable[[], bool] = has_route) -> Reason | None:
    """Name the cause of an error met while connecting to `host`:`port`; None when it is not a network error.

    `has_route` is asked when there is no path, to tell whether there is one to anywhere.
    """
    if isinstance(error, ResolverDownError):
        text = "The name servers that this server uses do not answer; the endpoint is not at fault."
        return Reason(Cause.LOCAL_ERROR, text, str(error))
    if isinstance(error, ssl.SSLError):
        return _of_tls(error, host, port)
    if isinstance(error, socket.gaierror):
        return _of_dns(error, host)
    if isinstance(error, AddressRefusedError):
        return Reason(Cause.BLOCKED_ADDRESS, f"{host} is not an address we may connect to: {error.reason}")
    if isinstance(error, OSError) and error.errno in NO_PATH and not has_route():
        text = "This server has no network route at all; the endpoint is not at fault."
        return Reason(Cause.LOCAL_ERROR, text, error.strerror or str(error))
    return _of_socket(error, host, port) if isinstance(error, OSError) else None


def _of_dns(error: socket.gaierror, host: str) -> Reason:
    detail = str(error)
    if error.errno in {socket.EAI_MEMORY, socket.EAI_SYSTEM}:
        return Reason(Cause.LOCAL_ERROR, "This server could not look up names; the endpoint is not at fault.", detail)
    if error.errno == socket.EAI_AGAIN:
        return Reason(
            Cause.DNS_FAILURE, f"The name {host} could not be looked up: the DNS servers gave no answer.", detail
        )
    return Reason(Cause.DNS_FAILURE, f"The name {host} does not exist in DNS, or has no address.", detail)


def _of_certificate(error: ssl.SSLCertVerificationError, host: str) -> Reason:
    detail = error.verify_message or str(error)
    match error.verify_code:
        case code if code == EXPIRED:
            return Reason(Cause.TLS_EXPIRED, f"The TLS certificate of {host} has expired.", detail)
        case code if code == NOT_YET_VALID:
            return Reason(Cause.TLS_EXPIRED, f"The TLS certificate of {host} is not valid yet.", detail)
        case code if code in {HOSTNAME, IP_ADDRESS}:
            return Reason(Cause.TLS_HOSTNAME, f"The TLS certificate was issued for another name than {host}.", detail)
        case code if code in {SELF_SIGNED, SELF_SIGNED_IN_CHAIN}:
            return Reason(Cause.TLS_UNTRUSTED, f"The TLS certificate of {host} is self-signed.", detail)
    text = f"The TLS certificate of {host} does not lead to a trusted authority (often a missing intermediate)."
    return Reason(Cause.TLS_UNTRUSTED, text, detail)


def _of_tls(error: ssl.SSLError, host: str, port: int) -> Reason:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, host)
    detail = error.reason or str(error)
    if "WRONG_VERSION_NUMBER" in detail or "HTTP_REQUEST" in detail:
        return Reason(Cause.TLS_ERROR, f"{host}:{port} does not speak TLS on this port.", detail)
    return Reason(Cause.TLS_ERROR, f"No TLS session could be agreed with {host}:{port}.", detail)


def _of_socket(error: OSError, host: str, port: int) -> Reason:
    cause, message = _name_socket_error(error, f"{host}:{port}")
    return Reason(cause, message, error.strerror or str(error))


def _name_socket_error(error: OSError, peer: str) -> tuple[Cause, str]:
    code = error.errno
    if code in EXHAUSTED:
        return Cause.LOCAL_ERROR, "This server has run out of sockets or memory; the endpoint is not at fault."
    if isinstance(error, TimeoutError):
        return Cause.CONNECT_TIMEOUT, f"{peer} did not answer the attempt to connect in time."
    if isinstance(error, RESET):
        return Cause.CONNECTION_RESET, f"{peer} broke the connection while it was being set up."
    if code in UNREACHABLE:
        return Cause.CONNECTION_REFUSED, f"There is no network path to {peer}."
    return Cause.CONNECTION_REFUSED, f"Nothing accepts connections at {peer}."
