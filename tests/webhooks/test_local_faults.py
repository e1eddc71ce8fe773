"""Faults of ours: told from the endpoint's, logged, tried again, and never at the endpoint's expense."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NoReturn

import pytest

from rules.outcomes import Cause
from rules.retry import MAX_LOCAL_FAULTS, delay_after_local_fault
from server.name_servers import NameServers
from server.receiver import Receiver
from server.resolver import Resolver
from tests.serving import Api, serving, until
from tests.webhooks.rows import set_webhook, webhook_row
from webhooks.faults import ResolverDownError, has_route, reason_of

SERVER_FAILURE, REFUSED = 2, 5


class NameServer(asyncio.DatagramProtocol):
    """A name server with one answer to everything."""

    def __init__(self, code: int) -> None:
        self.code = code

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = data[:2] + bytes([0x81, 0x80 | self.code]) + data[4:]
        self.transport.sendto(reply, addr)


@asynccontextmanager
async def name_server(code: int) -> AsyncIterator[tuple[str, int]]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(code), ("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")
    finally:
        transport.close()


def closed_port() -> tuple[str, int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()


async def test_name_servers_that_answer_anything_but_their_own_failure_are_up():
    async with name_server(REFUSED) as up, name_server(SERVER_FAILURE) as failing:
        assert await NameServers([closed_port(), up]).answer()
        assert not await NameServers([failing]).answer()
    assert not await NameServers([closed_port()]).answer()


async def test_a_list_of_name_servers_that_cannot_be_read_is_a_fault_of_ours(tmp_path: Path):
    assert not await NameServers(resolv_conf=tmp_path / "missing").answer()


class FailingLookup(Resolver):
    """A resolver whose lookups fail as the system's do when no name server answers."""

    async def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> NoReturn:
        raise socket.gaierror(socket.EAI_AGAIN, f"Temporary failure for {host}:{port} ({family})")


async def test_a_lookup_without_answer_is_ours_only_when_no_name_server_answers():
    async with name_server(REFUSED) as up:
        with pytest.raises(socket.gaierror) as theirs:
            await FailingLookup(NameServers([up])).resolve("shop.example")
    with pytest.raises(ResolverDownError) as ours:
        await FailingLookup(NameServers([closed_port()])).resolve("shop.example")
    assert reason_of(theirs.value, "shop.example", 443).cause is Cause.DNS_FAILURE
    assert reason_of(ours.value, "shop.example", 443).cause is Cause.LOCAL_ERROR


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.ENETDOWN])
def test_no_path_is_ours_only_when_there_is_none_to_anywhere(code: int):
    error = OSError(code, "no path")
    assert reason_of(error, "h", 443, has_route=lambda: True).cause is Cause.CONNECTION_REFUSED
    assert reason_of(error, "h", 443, has_route=lambda: False).cause is Cause.LOCAL_ERROR
    assert isinstance(has_route(), bool)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EADDRNOTAVAIL])
def test_what_we_ran_out_of_is_ours(code: int):
    assert reason_of(OSError(code, "none left"), "h", 443).cause is Cause.LOCAL_ERROR


def test_delays_after_our_faults_are_short_and_end_after_a_day():
    waits = [delay_after_local_fault(n, Random(1)) for n in range(1, MAX_LOCAL_FAULTS + 1)]
    assert all(wait is not None and wait.total_seconds() <= 72 for wait in waits)
    assert sum(wait.total_seconds() for wait in waits if wait) > 23 * 3600
    assert delay_after_local_fault(MAX_LOCAL_FAULTS + 1, Random(1)) is None


@pytest.mark.both_databases
async def test_while_the_proxy_is_down_no_retry_and_no_health_is_spent_and_then_all_arrives(tmp_path: Path):
    host, port = closed_port()
    async with serving(tmp_path / "home", egress_proxy=f"http://{host}:{port}") as api:
        webhook = await api.webhook("http://127.0.0.1:9/hook", retry={"max_retries": 0})
        await api.post("/v1/events", [{"type": "purchase", "payload": {"n": n}} for n in range(20)])

        async def tried() -> list[dict] | None:
            found = (await api.get(f"/v1/webhooks/{webhook['id']}/attempts"))["items"]
            return found if len(found) > 10 else None

        attempts = await until(tried)
        assert {(one["status"], one["cause"]) for one in attempts} == {("retrying", "local_error")}
        row = await webhook_row(api, webhook["id"])
        assert (row["total"], row["consecutive_failures"], row["breaker_until"]) == (0, 0, None)
        proxy = Receiver()
        async with proxy.serve(port):
            delivered = await api.deliveries(20, "delivered")
        assert len(proxy.received) == 20
        assert all(one["attempts"][-1]["status"] == "delivered" for one in delivered)


async def test_an_exception_outside_the_exchange_is_settled_and_tried_again(
    api: Api, receiver: Receiver, endpoint: str
):
    receiver.status = 500
    webhook = await api.webhook(endpoint, retry={"strategy": "exponential"})
    whole = (await webhook_row(api, webhook["id"]))["retry"]
    await set_webhook(api, webhook["id"], retry={**whole, "base_seconds": "two"})
    await api.event()
    [broken] = await api.deliveries(1, "retrying")
    assert broken["attempts"][0]["cause"] == "local_error"
    receiver.status = 200
    await set_webhook(api, webhook["id"], retry=whole)
    [delivered] = await api.deliveries(1, "delivered")
    assert delivered["id"] == broken["id"]
