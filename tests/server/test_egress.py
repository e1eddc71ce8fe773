"""The one door out, against real servers that misbehave."""

import asyncio
import gzip
import socket
import threading
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from rules.addresses import Policy
from rules.errors import InvalidInput
from rules.outcomes import Cause, Exchange, Fault, Reply
from server.egress import Egress
from tests.faultlab import FaultLab, certificates

LOOPBACK = Policy(allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")), allow_http=True)
KEYED = {"Content-Type": "application/json", "webhook-id": "msg_1"}
UNKEYED = {"Content-Type": "application/json"}


@pytest.fixture
async def lab() -> AsyncIterator[FaultLab]:
    laboratory = FaultLab()
    yield laboratory
    await laboratory.close()


@pytest.fixture
async def egress(tmp_path: Path) -> AsyncIterator[Egress]:
    door = Egress(LOOPBACK, ca_file=certificates.write_authority(tmp_path))
    yield door
    await door.close()


async def post(egress: Egress, url: str, *, headers: dict[str, str] = KEYED, timeout_seconds: float = 5.0) -> Exchange:
    return await egress("POST", url, headers=headers, body=b"{}", timeout_seconds=timeout_seconds)


def fault(exchange: Exchange) -> Fault:
    assert isinstance(exchange, Fault), exchange
    assert exchange.message.endswith(".")
    return exchange


def reply(exchange: Exchange) -> Reply:
    assert isinstance(exchange, Reply), exchange
    return exchange


async def test_request_arrives_as_given(lab: FaultLab, egress: Egress):
    url = await lab.status(204)
    answer = reply(await egress("POST", url + "?a=1%202", headers={"X-Own": "a\tb ü"}, body=b"[1]", timeout_seconds=5))
    seen = lab.requests[0]
    assert (answer.status, answer.body, answer.truncated) == (204, b"", False)
    assert (seen.method, seen.target, seen.body) == ("POST", "/hook?a=1%202", b"[1]")
    assert seen.headers["x-own"].encode("latin-1").decode() == "a\tb ü"
    assert "content-type" not in seen.headers
    assert "cookie" not in seen.headers


async def test_url_arrives_to_the_letter(egress: Egress):
    lines: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode())
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    target = "/a%2Fb/%24x/$y/%3B/%2e%2E/%27?q=a%2Fb%20%2B+%27"
    async with server:
        for path in (target, "/é"):
            await egress("GET", base + path, headers={}, body=None, timeout_seconds=3)
    assert lines == [f"GET {target} HTTP/1.1", "GET /%C3%A9 HTTP/1.1"]


async def test_no_body_sends_none(lab: FaultLab, egress: Egress):
    url = await lab.status(200, b"hello")
    answer = reply(await egress("GET", url, headers={}, body=None, timeout_seconds=5))
    assert answer.body == b"hello"
    assert lab.requests[0].body == b""


async def test_response_headers_are_lower_case_and_joined(lab: FaultLab, egress: Egress):
    url = await lab.status(200, headers=("X-Two: a", "x-two: b", "Set-Cookie: a=1"))
    answer = reply(await post(egress, url))
    assert answer.headers["x-two"] == "a, b"
    await post(egress, url)
    assert "cookie" not in lab.requests[1].headers


async def test_connections_are_kept_for_repeatable_requests(lab: FaultLab, egress: Egress):
    url = await lab.status(200, b"ok")
    for _ in range(3):
        reply(await post(egress, url))
    assert lab.connections == 1


@pytest.mark.parametrize("reset", [False, True])
async def test_stale_kept_connection_is_not_blamed_on_the_endpoint(lab: FaultLab, egress: Egress, *, reset: bool):
    url = await lab.hangs_up_when_reused(reset=reset)
    for _ in range(3):
        assert reply(await post(egress, url)).status == 200


async def test_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(lab: FaultLab, egress: Egress):
    url = await lab.answers_unasked()
    assert reply(await post(egress, url)).status == 200
    lab.unasked.set()
    await lab.told.wait()
    await asyncio.sleep(0.1)
    assert reply(await post(egress, url)).status == 200


async def test_unrepeatable_request_is_sent_once_on_a_connection_of_its_own(lab: FaultLab, egress: Egress):
    url = await lab.hangs_up_when_reused()
    for sent in range(1, 4):
        assert reply(await post(egress, url, headers=UNKEYED)).status == 200
        assert len(lab.requests) == sent


async def test_reset_by_the_endpoint_itself_is_not_repeated(lab: FaultLab, egress: Egress):
    url = await lab.reset()
    found = fault(await post(egress, url))
    assert found.cause is Cause.CONNECTION_RESET
    assert len(lab.requests) == 1


@pytest.mark.parametrize(
    "headers", [{"A": "x\r\nB: y"}, {"A": "x\ny"}, {"A": "x\0"}, {"A\r\nB": "x"}, {"A B": "x"}, {"": "x"}]
)
async def test_header_that_breaks_the_request_apart_is_refused(lab: FaultLab, egress: Egress, headers: dict[str, str]):
    url = await lab.status(200)
    with pytest.raises(InvalidInput) as refused:
        await post(egress, url, headers=headers)
    assert "x\r" not in str(refused.value)
    assert lab.requests == []


async def test_unknown_name_is_dns_failure(egress: Egress):
    found = fault(await post(egress, "http://no-such-host.invalid/hook", timeout_seconds=20))
    assert found.cause is Cause.DNS_FAILURE
    assert "no-such-host.invalid" in found.message


async def test_name_servers_that_do_not_answer_are_dns_failure(egress: Egress, monkeypatch: pytest.MonkeyPatch):
    answered = threading.Event()
    monkeypatch.setattr("server.resolver._lookup", lambda *_: answered.wait(10))
    monkeypatch.setattr("server.resolver.LOOKUP_SECONDS", 0.1)
    found = fault(await post(egress, "http://hooks.example.com/hook", timeout_seconds=20))
    answered.set()
    assert found.cause is Cause.DNS_FAILURE
    assert "no answer" in found.message


async def test_closed_port_is_connection_refused(lab: FaultLab, egress: Egress):
    assert fault(await post(egress, await lab.refused())).cause is Cause.CONNECTION_REFUSED


@pytest.mark.parametrize("where", ["full_backlog", "silent_tls"])
async def test_connection_that_never_comes_about_is_connect_timeout(lab: FaultLab, egress: Egress, where: str):
    url = await getattr(lab, where)()
    found = fault(await post(egress, url, timeout_seconds=0.5))
    assert found.cause is Cause.CONNECT_TIMEOUT
    assert found.duration_ms >= 400


@pytest.mark.parametrize("where", ["never_answers", "slow_body"])
async def test_connected_but_slow_is_response_timeout(lab: FaultLab, egress: Egress, where: str):
    url = await getattr(lab, where)()
    found = fault(await post(egress, url, timeout_seconds=0.5))
    assert found.cause is Cause.RESPONSE_TIMEOUT
    assert found.duration_ms >= 450


@pytest.mark.parametrize(
    ("context", "cause"),
    [
        (certificates.ending_in(-1), Cause.TLS_EXPIRED),
        (certificates.not_yet(), Cause.TLS_EXPIRED),
        (certificates.untrusted(), Cause.TLS_UNTRUSTED),
        (certificates.other_name(), Cause.TLS_HOSTNAME),
    ],
)
async def test_bad_certificate_is_named(lab: FaultLab, egress: Egress, context: object, cause: Cause):
    url = await lab.status(200, tls=context)
    assert fault(await post(egress, url)).cause is cause
    assert lab.requests == []


async def test_good_certificate_of_a_further_authority_is_trusted(lab: FaultLab, egress: Egress):
    url = await lab.status(200, tls=certificates.good())
    assert reply(await post(egress, url)).status == 200


async def test_plain_http_on_a_tls_port_is_tls_error(lab: FaultLab, egress: Egress):
    found = fault(await post(egress, await lab.plain_on_tls_port()))
    assert found.cause is Cause.TLS_ERROR
    assert "does not speak TLS" in found.message


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        (b"\x00\x01 garbage\r\n\r\n", Cause.INVALID_RESPONSE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Cause.INVALID_RESPONSE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", Cause.INVALID_RESPONSE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Cause.INVALID_RESPONSE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", Cause.INVALID_RESPONSE),
        (b"", Cause.CONNECTION_RESET),
        (b"HTTP/1.1 200 OK\r\nX: half", Cause.CONNECTION_RESET),
    ],
)
async def test_answer_that_is_not_http_is_named(lab: FaultLab, egress: Egress, sent: bytes, cause: Cause):
    assert fault(await post(egress, await lab.raw(sent))).cause is cause


async def test_reset_in_the_body_is_connection_reset(lab: FaultLab, egress: Egress):
    assert fault(await post(egress, await lab.reset_in_body())).cause is Cause.CONNECTION_RESET


async def test_redirect_is_not_followed(lab: FaultLab, egress: Egress):
    target = await lab.status(200)
    answer = reply(await post(egress, await lab.redirect(target)))
    assert (answer.status, answer.headers["location"], len(lab.requests)) == (307, target, 1)


async def test_body_is_cut_at_the_cap(lab: FaultLab, egress: Egress):
    url = await lab.status(200, b"x" * 1_000_000)
    answer = reply(await egress("POST", url, headers=KEYED, body=b"", timeout_seconds=5, max_body_bytes=1000))
    assert (answer.body, answer.truncated) == (b"x" * 1000, True)
    whole = reply(await egress("POST", url, headers=KEYED, body=b"", timeout_seconds=5, max_body_bytes=1_000_000))
    assert (len(whole.body), whole.truncated) == (1_000_000, False)


async def test_compressed_bomb_is_decoded_only_to_the_cap(lab: FaultLab, egress: Egress):
    url = await lab.status(200, gzip.compress(b"x" * 10_000_000), ("Content-Encoding: gzip",))
    answer = reply(await egress("POST", url, headers=KEYED, body=b"", timeout_seconds=5, max_body_bytes=16_384))
    assert (answer.body, answer.truncated) == (b"x" * 16_384, True)


async def test_small_compressed_body_is_readable(lab: FaultLab, egress: Egress):
    url = await lab.status(200, gzip.compress(b"hello"), ("Content-Encoding: gzip",))
    answer = reply(await post(egress, url))
    assert (answer.body, answer.truncated) == (b"hello", False)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1/", "https://localhost:1/", "https://[::1]:1/", "https://169.254.169.254/"]
)
async def test_private_address_is_blocked(url: str):
    door = Egress(Policy(allow=(), allow_http=False))
    assert fault(await post(door, url)).cause is Cause.BLOCKED_ADDRESS
    await door.close()


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://①②⑦.0.0.1/"])
async def test_odd_spelling_of_an_address_is_blocked(url: str):
    door = Egress(Policy(allow=(), allow_http=False))
    assert fault(await post(door, url)).cause is Cause.BLOCKED_ADDRESS
    await door.close()


async def test_plain_http_needs_the_switch(lab: FaultLab):
    door = Egress(Policy(allow=LOOPBACK.allow, allow_http=False))
    assert fault(await post(door, await lab.status(200))).cause is Cause.BLOCKED_ADDRESS
    assert lab.requests == []
    await door.close()


async def test_environment_proxy_is_ignored(lab: FaultLab, egress: Egress, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert reply(await post(egress, await lab.status(200))).status == 200


async def test_proxy_takes_every_request(lab: FaultLab):
    proxy = await lab.status(200, b"from the proxy")
    door = Egress(LOOPBACK, proxy=proxy)
    answer = reply(await post(door, "http://no-such-host.invalid/hook"))
    assert answer.body == b"from the proxy"
    assert lab.requests[0].target == "http://no-such-host.invalid/hook"
    await door.close()


async def test_private_address_behind_a_proxy_is_blocked(lab: FaultLab):
    door = Egress(Policy(allow=(), allow_http=True), proxy=await lab.status(200))
    assert fault(await post(door, "http://localhost/hook")).cause is Cause.BLOCKED_ADDRESS
    assert lab.requests == []
    await door.close()


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (407, Cause.LOCAL_ERROR),
        (403, Cause.BLOCKED_ADDRESS),
        (504, Cause.CONNECT_TIMEOUT),
        (502, Cause.CONNECTION_REFUSED),
    ],
)
async def test_proxy_that_will_not_connect_is_named(lab: FaultLab, status: int, cause: Cause):
    door = Egress(LOOPBACK, proxy=await lab.status(status))
    assert fault(await post(door, "https://no-such-host.invalid/")).cause is cause
    await door.close()


async def test_unreachable_proxy_is_our_own_fault(lab: FaultLab):
    door = Egress(LOOPBACK, proxy=await lab.refused())
    assert fault(await post(door, "http://no-such-host.invalid/")).cause is Cause.LOCAL_ERROR
    await door.close()


async def test_running_out_of_sockets_is_our_own_fault(lab: FaultLab, egress: Egress, monkeypatch: pytest.MonkeyPatch):
    url = await lab.status(200)

    def exhausted(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr("server.egress.socket.socket", exhausted)
        assert fault(await post(egress, url)).cause is Cause.LOCAL_ERROR


async def test_no_text_of_a_fault_repeats_a_secret_in_the_url(lab: FaultLab, egress: Egress):
    for url in (
        await lab.refused(),
        await lab.full_backlog(),
        await lab.raw(b"junk\r\n\r\n"),
        "http://no.invalid/hook",
    ):
        found = fault(await post(egress, url + "?token=planted", timeout_seconds=0.5))
        assert "planted" not in found.message + found.detail


async def test_cancelling_leaves_nothing_open(lab: FaultLab, egress: Egress):
    url = await lab.never_answers()
    sending = asyncio.create_task(post(egress, url))
    await lab.arrived.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_door_can_be_used_again_after_closing(lab: FaultLab, egress: Egress):
    url = await lab.status(200)
    await post(egress, url)
    await egress.close()
    assert reply(await post(egress, url)).status == 200
