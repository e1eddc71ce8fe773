"""Name lookups on threads of their own, so that names that hang cannot hold up the rest of the server.

uvloop's own lookups share libuv's four threads with file access: four dead DNS zones would stop every delivery to a
new host.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from server.name_servers import NameServers
from webhooks.faults import ResolverDownError

LOOKUPS_AT_ONCE = 32
LOOKUP_SECONDS = 4.0
PROMPT_SECONDS = 1.5

# What a lookup also fails with when it is the name servers, or we, that fail, and not the name.
_PERHAPS_OURS = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM, socket.EAI_MEMORY})


class Resolver(AbstractResolver):
    """`getaddrinfo` on a private thread pool; the threads start when they are first needed."""

    def __init__(self, name_servers: NameServers | None = None) -> None:
        self._name_servers = name_servers or NameServers()
        self._pool = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`.

        Raises:
            ResolverDownError: our name servers answer no question at all.
            socket.gaierror: `host` has no address, or those who should know it gave no answer in time.

        """
        try:
            return await self._look_up(host, port, family)
        except socket.gaierror as error:
            if error.errno in _PERHAPS_OURS and not await self._name_servers.answer():
                raise ResolverDownError(error.errno, error.strerror) from error
            raise

    async def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        looking = asyncio.get_running_loop().run_in_executor(self._pool, _lookup, host, port, family)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                done, _ = await asyncio.wait({looking}, timeout=PROMPT_SECONDS)
                if not done and not await self._name_servers.answer():  # said early: requests have time limits as well
                    raise ResolverDownError(socket.EAI_AGAIN, "The name servers give no answer")
                found = await looking
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "The name servers gave no answer in time") from None
        finally:
            looking.cancel()
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)
            for kind, address in found
        ]

    async def close(self) -> None:
        """Let go of the threads; a lookup still under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _lookup(host: str, port: int, family: int) -> list[tuple[int, str]]:
    answers = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((int(kind), str(address[0])) for kind, _, _, _, address in answers))
