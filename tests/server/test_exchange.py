"""One exchange on a pooled connection, where answers come early, late, in pieces, or never end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from rules.addresses import Policy
from rules.errors import InvalidInput
from rules.outcomes import Cause, Fault, Reply
from server.egress import Egress

LOOPBACK = Policy(allow=(ip_network("127.0.0.0/8"),), allow_http=True)
HEADERS = {"Content-Type": "application/json", "webhook-id": "msg_1"}

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    door = Egress(LOOPBACK)
    yield door
    await door.close()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """Serve connections, each of them until `serve` returns, and give their URL."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            tasks.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_answer_without_an_end_is_no_answer_when_time_is_up(egress: Egress):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nthe length is not told")
        await asyncio.sleep(60)

    async with listening(serve) as url:
        got = await egress("POST", url, headers=HEADERS, body=b"{}", timeout_seconds=0.5)
    assert isinstance(got, Fault)
    assert got.cause is Cause.RESPONSE_TIMEOUT


async def test_a_peer_that_does_not_read_is_left_when_time_is_up(egress: Egress):
    held: list[asyncio.StreamWriter] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        await asyncio.sleep(60)

    async with listening(serve) as url:
        got = await egress("POST", url, headers=HEADERS, body=b"x" * 16_000_000, timeout_seconds=0.5)
        assert isinstance(got, Fault)
        assert got.cause is Cause.RESPONSE_TIMEOUT
        assert len(held) == 1


async def test_an_answer_before_the_request_is_read_ends_its_connection(egress: Egress):
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(60)

    async with listening(serve) as url:
        for _ in range(2):
            got = await egress("POST", url, headers=HEADERS, body=b"x" * 16_000_000, timeout_seconds=5)
            assert isinstance(got, Reply)
            assert got.status == 413
    assert len(connections) == 2


async def test_what_comes_before_the_answer_is_passed_over(egress: Egress):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")
        await asyncio.sleep(60)

    async with listening(serve) as url:
        got = await egress("POST", url, headers=HEADERS, body=b"{}", timeout_seconds=5)
    assert isinstance(got, Reply)
    assert (got.status, got.body) == (201, b"ok")


async def test_what_comes_before_the_answer_for_ever_is_no_answer(egress: Egress):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
            await writer.drain()

    async with listening(serve) as url:
        got = await egress("POST", url, headers=HEADERS, body=b"{}", timeout_seconds=30)
    assert isinstance(got, Fault)
    assert got.cause is Cause.INVALID_RESPONSE
    assert got.detail == "too many interim answers"


async def test_head_has_no_body_whatever_its_length_says(egress: Egress):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n")
        await asyncio.sleep(60)

    async with listening(serve) as url:
        for _ in range(2):
            got = await egress("HEAD", url, headers={}, body=None, timeout_seconds=5)
            assert isinstance(got, Reply)
            assert (got.status, got.body, got.headers["content-length"]) == (200, b"", "12")


async def test_headers_of_the_connection_are_not_the_callers(egress: Egress):
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await asyncio.sleep(60)

    theirs = {"Host": "elsewhere", "content-length": "5", "Transfer-Encoding": "chunked", "Connection": "upgrade"}
    async with listening(serve) as url:
        await egress("POST", url, headers={**HEADERS, **theirs}, body=b"{}", timeout_seconds=5)
    lines = heads[0].lower().split("\r\n")
    assert [line for line in lines if line.startswith("host:")] == [f"host: {url.split('/')[2]}"]
    assert [line for line in lines if line.startswith("content-length:")] == ["content-length: 2"]
    assert not any(line.startswith(("transfer-encoding:", "connection:")) for line in lines)


async def test_requests_in_flight_do_not_share_a_connection(egress: Egress):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            number = head.split(b"x-number: ")[1].split(b"\r\n")[0]
            await asyncio.sleep(0.001 * (int(number) % 7))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(number), number))

    async with listening(serve) as url:

        async def one(number: int) -> bool:
            headers = {"x-number": str(number)}
            got = await egress("GET", url, headers=headers, body=None, timeout_seconds=10)
            return isinstance(got, Reply) and got.body == str(number).encode()

        for _ in range(3):
            assert all(await asyncio.gather(*(one(number) for number in range(100))))


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://:80/", "http://\\@127.0.0.1/"])
async def test_what_is_no_url_is_a_fault_and_no_error(egress: Egress, url: str):
    got = await egress("POST", url, headers=HEADERS, body=b"{}", timeout_seconds=1)
    assert isinstance(got, Fault)
    assert got.cause is Cause.BLOCKED_ADDRESS


async def test_a_method_is_one_of_those_there_are(egress: Egress):
    with pytest.raises(InvalidInput, match="method"):
        await egress("GET /x HTTP/1.1\r\nX:", "http://127.0.0.1/", headers={}, body=None, timeout_seconds=1)


async def test_half_a_character_in_a_header_is_refused(egress: Egress):
    with pytest.raises(InvalidInput, match=r"headers\.x"):
        await egress("GET", "http://127.0.0.1/", headers={"x": "\ud800"}, body=None, timeout_seconds=1)
