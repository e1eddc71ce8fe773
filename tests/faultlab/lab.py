"""Servers, one per fault; each method starts one and returns its URL."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakSet

from tests.faultlab import certificates
from tests.listening import stop_accepting

HOST = certificates.HOST
Answer = Callable[["Seen", asyncio.StreamWriter], Awaitable[bool | None]]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FaultLab:
    """Starts faulty servers and remembers what they were sent; close it when the test ends."""

    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    unasked: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _handlers: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    async def close(self) -> None:
        await stop_accepting(listener for server in self._servers for listener in server.sockets)
        for server in self._servers:
            server.close()
        while self._handlers:
            for handler, writer in self._handlers.items():
                handler.cancel()
                writer.transport.abort()
            await asyncio.wait(self._handlers)
        for held in self._sockets:
            held.close()

    async def status(
        self,
        code: int,
        body: bytes = b"",
        headers: tuple[str, ...] = (),
        *,
        tls: ssl.SSLContext | None = None,
        delay: float = 0,
    ) -> str:
        """Answer every request with one status."""

        async def answer(_: Seen, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(delay)
            lines = [f"HTTP/1.1 {code} Status", f"Content-Length: {len(body)}", *headers]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

        return await self.serve(answer, tls=tls)

    async def redirect(self, target: str) -> str:
        return await self.status(307, headers=(f"Location: {target}",))

    async def raw(self, answer_bytes: bytes) -> str:
        """Answer with exactly these bytes, then close."""

        async def answer(_: Seen, writer: asyncio.StreamWriter) -> bool:
            writer.write(answer_bytes)
            return False

        return await self.serve(answer)

    async def refused(self) -> str:
        """Return the address of a port on which nothing listens, nor can, as it is taken."""
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        self._sockets.append(held)
        return f"http://{HOST}:{held.getsockname()[1]}/hook"

    async def full_backlog(self) -> str:
        """Listen with a queue of waiting connections that is full, so that no further one is ever answered."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        self._sockets.append(listener)
        for _ in range(4):
            filler = socket.socket()
            filler.settimeout(0)
            with suppress(BlockingIOError):
                filler.connect(address)
            self._sockets.append(filler)
        await asyncio.sleep(0.05)
        return f"http://127.0.0.1:{address[1]}/hook"

    async def silent_tls(self) -> str:
        """Accept the connection and never say a word of TLS."""
        return (await self._listen(self._hold)).replace("http:", "https:")

    async def plain_on_tls_port(self) -> str:
        """Answer whatever comes with an HTTP error in clear text, as web servers do."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()

        return (await self._listen(handle)).replace("http:", "https:")

    async def never_answers(self) -> str:
        return await self.serve(self._wait)

    async def slow_body(self) -> str:
        """Send the headers at once and the body a byte at a time, for ever."""

        async def answer(_: Seen, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(0.02)

        return await self.serve(answer)

    async def reset(self) -> str:
        """Read the request, then send a real RST."""

        async def answer(_: Seen, writer: asyncio.StreamWriter) -> bool:
            send_reset(writer)
            return False

        return await self.serve(answer)

    async def reset_in_body(self) -> str:
        async def answer(_: Seen, writer: asyncio.StreamWriter) -> bool:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            await writer.drain()
            await asyncio.sleep(0.05)
            send_reset(writer)
            return False

        return await self.serve(answer)

    async def hangs_up_when_reused(self, *, reset: bool = False) -> str:
        """Answer the first request of each connection; drop the connection when a second one comes on it."""
        used: WeakSet[asyncio.StreamWriter] = WeakSet()

        async def answer(_: Seen, writer: asyncio.StreamWriter) -> bool:
            if writer in used:
                if reset:
                    send_reset(writer)
                return False
            used.add(writer)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return True

        return await self.serve(answer)

    async def answers_unasked(self) -> str:
        """Answer each request with 200 and then, unasked, with a 408 as some servers send on idle connections."""

        async def answer(_: Seen, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            await self.unasked.wait()
            writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            self.told.set()

        return await self.serve(answer)

    async def serve(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> str:
        """Read requests and give each to `answer`; a False from it ends the connection."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while (seen := await _read(reader)) is not None:
                self.requests.append(seen)
                self.arrived.set()
                if await answer(seen, writer) is False:
                    break

        return await self._listen(handle, tls)

    async def _listen(
        self,
        handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        tls: ssl.SSLContext | None = None,
    ) -> str:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                with suppress(OSError, asyncio.IncompleteReadError):
                    await handle(reader, writer)
            finally:
                writer.close()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            task = asyncio.create_task(guarded(reader, writer))
            self._handlers[task] = writer
            task.add_done_callback(self._handlers.pop)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        self._servers.append(server)
        port = server.sockets[0].getsockname()[1]
        return f"{'https' if tls else 'http'}://{HOST}:{port}/hook"

    @staticmethod
    async def _wait(_: Seen, writer: asyncio.StreamWriter) -> None:
        await writer.drain()
        await asyncio.Event().wait()

    @staticmethod
    async def _hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.drain()
        await asyncio.Event().wait()


def send_reset(writer: asyncio.StreamWriter) -> None:
    """Make closing the connection send RST instead of FIN."""
    held: socket.socket = writer.get_extra_info("socket")
    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = request_line.split(" ", 2)
    return Seen(method, target, headers, body)
