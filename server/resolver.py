"""Name lookups on threads of their own, so that names that hang cannot hold up the rest of the server.

uvloop's own lookups share libuv's four threads with file access: four dead DNS zones would stop every delivery to a
new host.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

LOOKUPS_AT_ONCE = 32
LOOKUP_SECONDS = 4.0


class Resolver(AbstractResolver):
    """`getaddrinfo` on a private thread pool; the threads start when they are first needed."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`; raises socket.gaierror when there are none, or no answer in time."""
        looking = asyncio.get_running_loop().run_in_executor(self._pool, _lookup, host, port, family)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await looking
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "The name servers gave no answer in time") from None
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
