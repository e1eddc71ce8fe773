"""The receiver of the reconciliation: a process of its own that writes down every request before it answers.

One line of JSON for each request, in a file that outlives whatever is killed meanwhile.
"""

import asyncio
import base64
import contextlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import uvloop

MAX_AGE_SECONDS = 300.0  # what Standard Webhooks lets a signature age
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Arrival(NamedTuple):
    """One request: what it brought, when (CLOCK_MONOTONIC, which all processes share), and whether it was signed.

    `number` is None for a body that is not one of ours; `age` is how old the signature said it was, in seconds.
    """

    number: int | None
    event: str
    delivery: str
    at: float
    signed: bool
    age: float


class Recorder(asyncio.Protocol):
    """HTTP/1.1 with Content-Length bodies; what arrives in one piece is written down in one piece."""

    def __init__(self, journal: BinaryIO, key: bytes, delay_seconds: float) -> None:
        self._journal, self._key, self._delay = journal, key, delay_seconds
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Write down, then answer, every request that is complete."""
        self._data += data
        while (request := self._next()) is not None:
            self._journal.write(_line(self._judge(*request)))
            self._journal.flush()
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._answer)
            else:
                self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():  # whoever asked may have been killed meanwhile
            self._transport.write(_ANSWER)

    def _next(self) -> tuple[dict[str, str], bytes] | None:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._data[:end].decode("latin-1").split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        whole = end + 4 + int(headers.get("content-length", "0"))
        if len(self._data) < whole:
            return None
        body, self._data = self._data[end + 4 : whole], self._data[whole:]
        return headers, body

    def _judge(self, headers: dict[str, str], body: bytes) -> Arrival:
        event, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        digest = hmac.new(self._key, f"{event}.{moment}.".encode() + body, sha256).digest()
        expected = "v1," + base64.b64encode(digest).decode()
        signed = any(hmac.compare_digest(expected, one) for one in headers.get("webhook-signature", "").split())
        age = time.time() - int(moment) if moment.isdigit() else MAX_AGE_SECONDS * 2
        return Arrival(_number(body), event, headers.get("x-idempotency-key", ""), time.monotonic(), signed, age)


def _number(body: bytes) -> int | None:
    try:
        number = json.loads(body)["n"]
    except (ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) else None


def _line(arrival: Arrival) -> bytes:
    return json.dumps(arrival).encode() + b"\n"


class Journal:
    """What the receiver has written down, read while it grows.

    Args:
        url: Where the receiver takes webhooks.
        file: Its journal.

    """

    def __init__(self, url: str, file: Path) -> None:
        self.url = url
        self.arrivals: list[Arrival] = []
        self.numbers: set[int] = set()
        self._file = file
        self._offset = 0

    def read(self) -> list[Arrival]:
        """Return all that has arrived until now, in its order."""
        with self._file.open("rb") as journal:
            journal.seek(self._offset)
            whole, newline, _ = journal.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        for line in whole.splitlines():
            arrival = Arrival(*json.loads(line))
            self.arrivals.append(arrival)
            if arrival.number is not None:
                self.numbers.add(arrival.number)
        return self.arrivals

    def count(self) -> int:
        """Return how many different numbers have arrived."""
        self.read()
        return len(self.numbers)


@contextmanager
def recording(file: Path, secret: str, *, delay_seconds: float = 0.0) -> Iterator[Journal]:
    """Run a receiver that writes into `file` and checks signatures with `secret` (`whsec_…`)."""
    file.touch()
    process = subprocess.Popen(
        [sys.executable, __file__, str(file), str(delay_seconds)],
        env={**os.environ, "RECEIVER_SECRET": secret},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        yield Journal(f"http://127.0.0.1:{port}/hook", file)
    finally:
        process.terminate()
        process.communicate()


async def _serve(file: str, delay_seconds: float) -> None:
    key = base64.b64decode(os.environ["RECEIVER_SECRET"].removeprefix("whsec_"))
    with open(file, "ab") as journal:  # noqa: ASYNC230, PTH123 - appending a line to a local file is what this does
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Recorder(journal, key, delay_seconds), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], float(sys.argv[2])))
