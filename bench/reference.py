"""How fast this machine is today: the bare HTTP client's rate, to read other figures by."""

from bench.deliver import bare
from bench.sink import sink

_REQUESTS = 4000


async def reference() -> float:
    """Send 1 KB POSTs to a receiver in another process, 64 at a time, and return how many went out per second."""
    with sink() as url:
        await bare(url, _REQUESTS // 8)
        return await bare(url, _REQUESTS)
