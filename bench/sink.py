"""The receiver of the benchmarks: reads POSTs and answers 204 as fast as asyncio can, in a process of its own."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink(asyncio.Protocol):
    """HTTP/1.1 with Content-Length bodies, nothing else."""

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
            self._transport.write(_ANSWER)  # type: ignore[attr-defined]


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
