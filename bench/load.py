"""The load generator: clients that POST one after the other, each on its own connection, in a process apart.

It sends the same bytes each time and reads nothing of an answer but its status line and its length, so that it leaves
the processor to the server: `python -m bench.load HOST PORT PATH KEY CLIENTS REQUESTS FILE` prints one line of JSON.
"""

import array
import asyncio
import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of the generator saw: seconds of each request, seconds of all, and the processor time that it took."""

    latencies: list[float]
    seconds: float
    cpu_seconds: float
    refused: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


async def load(url: str, path: str, key: str, body: bytes, *, clients: int, requests: int, body_file: Path) -> Load:
    """Send `requests` POSTs with one body from `clients` connections, from a process of its own."""
    await asyncio.to_thread(body_file.write_bytes, body)
    host, _, port = url.removeprefix("http://").partition(":")
    words = (host, port, path, key, str(clients), str(requests), str(body_file))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", *words, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the load generator failed")
    found = json.loads(output)
    return Load([micro / 1e6 for micro in found["micros"]], found["seconds"], found["cpu"], found["refused"])


class _Client(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again."""

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._data = b""
        self._missing = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._data += data
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._data[:end].lower()
            at = head.find(b"content-length:") + 15
            self._missing = int(head[at:].split(b"\r\n", 1)[0]) - (len(self._data) - end - 4)
            self._run.refused += head[9:12] != b"202"
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._run.micros.append(int((time.perf_counter() - self._sent) * 1e6))
            self._data, self._missing = b"", -1
            self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._run.ended.done():
            self._run.ended.set_exception(RuntimeError("the server closed a connection"))

    def _next(self) -> None:
        if self._run.left:
            self._run.left -= 1
            self._sent = time.perf_counter()
            self._transport.write(self._run.request)  # type: ignore[attr-defined]
        elif len(self._run.micros) == self._run.requests and not self._run.ended.done():
            self._run.ended.set_result(None)


class _Run:
    def __init__(self, request: bytes, requests: int) -> None:
        self.request, self.requests, self.left, self.refused = request, requests, requests, 0
        self.micros = array.array("l")
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()


async def _main(words: list[str]) -> None:
    host, port, path, key, clients, requests, file = words
    body = Path(file).read_bytes()  # noqa: ASYNC240 - before anything is under way
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    run = _Run("\r\n".join(lines).encode() + b"\r\n\r\n" + body, int(requests))
    loop = asyncio.get_running_loop()
    started, cpu = time.perf_counter(), _cpu()
    for _ in range(min(int(clients), run.requests)):
        await loop.create_connection(lambda: _Client(run), host, int(port))
    await run.ended
    seconds, used = time.perf_counter() - started, _cpu() - cpu
    print(json.dumps({"micros": list(run.micros), "seconds": seconds, "cpu": used, "refused": run.refused}))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1:]))
