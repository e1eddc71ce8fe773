"""The receiver of the benchmarks: reads POSTs and answers 204 as fast as asyncio can, in a process of its own.

It counts what it answered and when the first and the last of them came (`seen`), and leaves whoever posts to a path
that begins with /hang without an answer.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import uvloop

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(slots=True)
class Seen:
    """POSTs answered since the last look that forgot them; `first` and `last` in seconds of a monotonic clock."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0

    @property
    def rate(self) -> float:
        """POSTs per second, from the first to the last."""
        return (self.count - 1) / (self.last - self.first) if self.last > self.first else 0.0


class Sink(asyncio.Protocol):
    """HTTP/1.1 with Content-Length bodies, nothing else."""

    seen: ClassVar[Seen] = Seen()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        self._data += data
        while (head_end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:head_end].lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            whole = head_end + 4 + length
            if len(self._data) < whole:
                return
            self._data = self._data[whole:]
            self._transport.write(self._answer(head))  # type: ignore[attr-defined]

    def _answer(self, head: bytes) -> bytes:
        seen = Sink.seen
        if head.startswith(b"post /hang"):
            return b""
        if not head.startswith(b"post"):
            return _told(forget=b"forget" in head.split(b"\r\n", 1)[0])
        seen.last = time.monotonic()
        seen.first = seen.first or seen.last
        seen.count += 1
        return _ANSWER


def _told(*, forget: bool) -> bytes:
    seen = Sink.seen
    body = json.dumps([seen.count, seen.first, seen.last]).encode()
    if forget:
        Sink.seen = Seen()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def seen(url: str, *, forget: bool = False) -> Seen:
    """Ask the sink at a URL what it has seen, and with `forget`, to begin anew."""
    with urllib.request.urlopen(url + ("?forget" if forget else ""), timeout=10) as answer:  # noqa: S310 - our own sink
        return Seen(*json.load(answer))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def sink() -> Iterator[str]:
    """Run a sink and give its URL."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        yield f"http://127.0.0.1:{port}/hook"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    uvloop.run(_serve())
