"""A staged look at an endpoint: name, connection, TLS, HTTP (X03).

No event is delivered. The HTTP stage sends OPTIONS without a body and without credentials: by RFC 9110 it asks what a
resource can do and changes nothing, and frameworks answer it before a webhook handler runs. Any HTTP answer to it is
good news; what its status means for deliveries is for the attempt history to say.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from time import perf_counter
from urllib.parse import urlsplit

from rules.addresses import Policy, refuse_address
from rules.outcomes import Cause, Fault, Send
from rules.probe_report import ProbeReport, Stage
from webhooks.certificate import Certificate, read_certificate
from webhooks.faults import AddressRefusedError, reason_of

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

STAGE_SECONDS = 5.0
ADDRESSES_TRIED = 3
HEADER_CHARACTERS = 300
HTTP_NOTE = "An OPTIONS request without body or credentials; it shows that HTTP is answered, not what a delivery gets."


@dataclass(frozen=True, slots=True)
class _Target:
    url: str
    host: str
    port: int
    tls: bool


class Prober:
    """Probes endpoints under the same address policy as deliveries.

    Args:
        send: The one door out, for the HTTP stage.
        policy: Which addresses may be connected to.
        tls: How certificates are verified; must trust the same authorities as `send`.
        lookup: From a host name and a port to its addresses; raises socket.gaierror. By default the system's.
        proxied: Whether `send` goes through a proxy: then only the HTTP stage can say anything.
        stage_seconds: How long each stage may take.

    """

    def __init__(
        self,
        send: Send,
        policy: Policy,
        *,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup | None = None,
        proxied: bool = False,
        stage_seconds: float = STAGE_SECONDS,
    ) -> None:
        self._send = send
        self._policy = policy
        self._tls = tls or ssl.create_default_context()
        self._lookup = lookup or _system_lookup
        self._proxied = proxied
        self._seconds = stage_seconds

    async def __call__(self, url: str) -> ProbeReport:
        """Probe one endpoint; stops at the first stage that fails."""
        target = _target(url)
        if self._proxied:
            return ProbeReport(http=await self._http(target))
        report = ProbeReport()
        dns, addresses = await self._dns(target)
        report = replace(report, dns=dns)
        if not dns.ok:
            return report
        tcp, address = await self._tcp(target, addresses)
        report = replace(report, tcp=tcp)
        if address is None:
            return report
        if target.tls:
            tls, certificate = await self._handshake(target, address)
            report = replace(report, tls=tls, certificate_ends_at=certificate.not_after if certificate else None)
            if not tls.ok:
                return report
        return replace(report, http=await self._http(target))

    async def _dns(self, target: _Target) -> tuple[Stage, Sequence[str]]:
        if _is_address(target.host):
            return Stage(ok=True, ms=0, detail={"addresses": [target.host]}), [target.host]
        started = perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                addresses = await self._lookup(target.host, target.port)
        except TimeoutError:
            error = f"The DNS servers gave no answer about {target.host} within {self._seconds:g} s."
            return Stage(ok=False, ms=_since(started), cause=Cause.DNS_FAILURE, error=error), []
        except OSError as error:
            return _failed(error, target, started), []
        return Stage(ok=True, ms=_since(started), detail={"addresses": list(addresses)}), addresses

    async def _tcp(self, target: _Target, addresses: Sequence[str]) -> tuple[Stage, str | None]:
        """Connect to the first of the addresses that answers; the stage tells of the last one tried."""
        stage = Stage(ok=False, ms=0, cause=Cause.DNS_FAILURE, error=f"{target.host} has no address.")
        for address in addresses[:ADDRESSES_TRIED]:
            started = perf_counter()
            try:
                (await self._connect(address, target.port)).close()
            except OSError as error:
                stage = _failed(error, target, started, address=address)
            else:
                return Stage(ok=True, ms=_since(started), detail={"address": address}), address
        return stage, None

    async def _connect(self, address: str, port: int) -> socket.socket:
        if (reason := refuse_address(address, self._policy)) is not None:
            raise AddressRefusedError(reason)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(0)
            async with asyncio.timeout(self._seconds):
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except BaseException:
            connection.close()
            raise
        return connection

    async def _handshake(self, target: _Target, address: str) -> tuple[Stage, Certificate | None]:
        started = perf_counter()
        try:
            version, certificate = await self._tls_session(target, address, self._tls)
        except OSError as error:
            stage = _failed(error, target, started)
            if isinstance(error, TimeoutError):
                text = f"{target.host}:{target.port} accepted the connection but never answered in TLS."
                stage = replace(stage, cause=Cause.CONNECT_TIMEOUT, error=text)
            if not isinstance(error, ssl.SSLCertVerificationError):
                return stage, None
            certificate = await self._unverified(target, address)
            return replace(stage, detail=_detail(certificate)), certificate
        return Stage(ok=True, ms=_since(started), detail={"version": version, **_detail(certificate)}), certificate

    async def _unverified(self, target: _Target, address: str) -> Certificate | None:
        """Read a certificate that did not verify, on a connection over which nothing is sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            return (await self._tls_session(target, address, context))[1]
        except OSError:
            return None

    async def _tls_session(
        self, target: _Target, address: str, context: ssl.SSLContext
    ) -> tuple[str | None, Certificate | None]:
        connection = await self._connect(address, target.port)
        try:
            async with asyncio.timeout(self._seconds):
                transport, _ = await asyncio.get_running_loop().create_connection(
                    asyncio.Protocol, sock=connection, ssl=context, server_hostname=target.host
                )
        except BaseException:
            connection.close()
            raise
        try:
            session: ssl.SSLObject = transport.get_extra_info("ssl_object")
            der = session.getpeercert(binary_form=True)
            return session.version(), _read(der)
        finally:
            transport.abort()

    async def _http(self, target: _Target) -> Stage:
        exchange = await self._send(
            "OPTIONS",
            target.url,
            headers={"User-Agent": "Hookwright/0.1 (probe)"},
            body=None,
            timeout_seconds=self._seconds,
        )
        detail: dict[str, object] = {"method": "OPTIONS", "note": HTTP_NOTE}
        if isinstance(exchange, Fault):
            return Stage(ok=False, ms=exchange.duration_ms, detail=detail, cause=exchange.cause, error=exchange.message)
        detail["status"] = exchange.status
        for name in ("location", "server", "allow"):
            if name in exchange.headers:
                detail[name] = exchange.headers[name][:HEADER_CHARACTERS]
        return Stage(ok=True, ms=exchange.duration_ms, detail=detail)


async def _system_lookup(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _target(url: str) -> _Target:
    parts = urlsplit(url)
    tls = parts.scheme != "http"
    return _Target(url, parts.hostname or "", parts.port or (443 if tls else 80), tls)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _read(der: bytes | None) -> Certificate | None:
    try:
        return read_certificate(der) if der else None
    except ValueError:
        return None


def _detail(certificate: Certificate | None) -> dict[str, object]:
    return certificate.as_dict(datetime.now(UTC)) if certificate else {}


def _failed(error: OSError, target: _Target, started: float, **detail: object) -> Stage:
    reason = reason_of(error, target.host, target.port)
    cause, message = (reason.cause, reason.message) if reason else (Cause.CONNECTION_REFUSED, str(error))
    return Stage(ok=False, ms=_since(started), detail=detail, cause=cause, error=message)


def _since(started: float) -> int:
    return int((perf_counter() - started) * 1000)
