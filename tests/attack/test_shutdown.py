"""A server that is told to stop, and clients who would not let it."""

import asyncio
import time
from pathlib import Path

from server.receiver import Receiver
from tests.processes import environment, free_port, server_process
from tests.serving import serving

KEY = "hwk_key_of_the_shutdown_tests"
UPLOAD = (
    "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
)


async def drip(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.2)


async def test_upload_that_never_ends_does_not_keep_the_server_alive(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    async with server_process(environment(tmp_path, port, KEY), log) as process:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPLOAD.format(key=KEY).encode())
        dripping = asyncio.create_task(drip(writer))
        await asyncio.sleep(0.5)
        process.terminate()
        async with asyncio.timeout(15):
            await process.wait()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()


async def test_client_that_hangs_up_in_the_middle_leaves_no_trace_in_the_log(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    async with server_process(environment(tmp_path, port, KEY), log) as process:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPLOAD.format(key=KEY).encode())
        await writer.drain()
        await asyncio.sleep(0.3)
        writer.close()
        await asyncio.sleep(0.3)
        process.terminate()
        await process.wait()
    assert "Traceback" not in log.read_text()


async def test_queue_is_given_back_when_the_server_stops(tmp_path: Path) -> None:
    receiver = Receiver(delay_seconds=1)
    async with receiver.serve() as url:
        async with serving(tmp_path / "home") as api:
            webhook = await api.webhook(url, max_in_flight=64)
            await api.post("/v1/events", [{"type": "a", "payload": {}} for _ in range(400)])
            await asyncio.sleep(0.5)
            started = time.monotonic()
        assert time.monotonic() - started < 4, "the whole queue was sent before stopping"
        receiver.delay_seconds = 0
        async with serving(tmp_path / "home") as api:
            assert await api.deliveries(200, "delivered", webhook_id=webhook["id"])
