"""Whether the name servers of this host answer at all: when they do not, a failed lookup is no fault of the name's."""

import asyncio
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
_PORT = 53
_ASK_SECONDS = 0.7
_FRESH_SECONDS = 2.0
_SERVER_FAILURE = 2
_MOST = 3


class NameServers:
    """The host's name servers, each asked who serves the root: all can answer that, or refuse to.

    Args:
        servers: Addresses and ports; those of `resolv_conf` when absent.
        resolv_conf: Where the host's are listed (resolv.conf(5)).

    """

    def __init__(self, servers: Sequence[tuple[str, int]] | None = None, *, resolv_conf: Path = RESOLV_CONF) -> None:
        self._servers = servers
        self._resolv_conf = resolv_conf
        self._asking: asyncio.Task[bool] | None = None
        self._asked_at = 0.0

    async def answer(self) -> bool:
        """Tell whether any of them answers; asked at most every two seconds, however many want to know."""
        if self._asking is None or (self._asking.done() and time.monotonic() - self._asked_at > _FRESH_SECONDS):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(asyncio.to_thread(self._ask_all))
        return await asyncio.shield(self._asking)

    def _ask_all(self) -> bool:
        try:
            servers = self._listed() if self._servers is None else self._servers
            return any(_ask(host, port) for host, port in servers[:_MOST])
        except OSError:  # neither a file nor a socket can be opened: the fault is ours
            return False

    def _listed(self) -> Sequence[tuple[str, int]]:
        found = []
        for line in self._resolv_conf.read_text(errors="replace").splitlines():
            word, _, rest = line.strip().partition(" ")
            with suppress(ValueError, IndexError):
                if word == "nameserver":
                    found.append((str(ip_address(rest.split()[0])), _PORT))
        return found or [("127.0.0.1", _PORT)]


def _ask(host: str, port: int) -> bool:
    """Ask one server for the root's name servers (RFC 1035, section 4); its own failure is no answer."""
    identity = secrets.token_bytes(2)
    query = identity + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x00\x00\x02\x00\x01"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_ASK_SECONDS)
        with suppress(OSError):
            asking.connect((host, port))
            asking.send(query)
            reply = asking.recv(4096)
            return reply[:2] == identity and len(reply) > 3 and reply[3] & 15 != _SERVER_FAILURE
    return False
