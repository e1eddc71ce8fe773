"""Each URL that cannot receive webhooks is refused with its own reason, and never repeats credentials."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.acceptance.house import House, open_house
from tests.acceptance.talk import Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    settings = {"egress_allow": (), "egress_allow_http": False}
    async with open_house(tmp_path_factory.mktemp("urls"), **settings) as one:
        yield one


URLS = {
    "   ": "The URL is empty",
    "example": "This is not a complete URL: it must start with https://",
    "example.com/hook": "This is not a complete URL: it must start with https://",
    "//example.com/hook": "This is not a complete URL: it must start with https://",
    "https://": "The URL has no host",
    "https:///hook": "The URL has no host",
    "https://[::1/hook": "This is not a URL: its host cannot be read",
    "http://example.com/hook": "Plain http is not allowed",
    "ftp://example.com/hook": "The scheme ftp:// cannot receive webhooks",
    "file:///etc/passwd": "The URL has no host",
    "javascript://example.com/%0aalert(1)": "The scheme javascript:// cannot receive webhooks",
    "https://user:planted@example.com/hook": "The URL contains credentials",
    "https://planted@example.com/hook": "The URL contains credentials",
    "https://example.com/hook#part": "The URL has a fragment",
    "https://example.com/a b": "The URL contains a space",
    "https://example.com/\r\nX-A: b": "The URL contains a line break",
    "https://example.com/\u200b": "The URL contains an invisible control character",
    "https://example.com\\@127.0.0.1/": "The URL contains a backslash",
    "https://example.com:0/": "The port 0 is out of range: 1 to 65535",
    "https://example.com:65536/": "The port 65536 is out of range: 1 to 65535",
    "https://example.com:http/": "The port http is not a number",
    "https://exa_mple..com/": "is not a valid internet name",
    "https://-example.com/": "is not a valid internet name",
    "https://999.1.1.1/": "is not a valid IP address",
    "https://1.2.3.4.5/": "is neither a name nor an IP address",
    "https://[fe80::1%25eth0]/": "The host has an IPv6 zone",
    "https://[::g]/": "its host cannot be read",
    "https://localhost/": "localhost is this server itself, not your machine",
    "https://api.localhost:3000/": "is this server itself, not your machine",
    "https://printer.local/": "ends in .local, which exists only in private networks",
    "https://db.internal/": "ends in .internal, which exists only in private networks",
    "https://intranet/": "ends in .intranet",
    "https://fileserver/": "fileserver has no domain",
    "https://127.0.0.1/": "127.0.0.1 is a loopback address",
    "https://127.1/": "The host 127.1 is another spelling of 127.0.0.1",
    "https://0x7f000001/": "is another spelling of 127.0.0.1",
    "https://2130706433/": "is another spelling of 127.0.0.1",
    "https://017700000001/": "is another spelling of 127.0.0.1",
    "https://0.0.0.0/": "an unspecified address",
    "https://10.1.2.3/": "10.1.2.3 is a private address",
    "https://172.31.255.255/": "a private address",
    "https://192.168.0.1/": "a private address",
    "https://169.254.169.254/": "the cloud metadata service",
    "https://169.254.1.1/": "a link-local address",
    "https://100.64.0.1/": "a carrier-grade NAT address",
    "https://192.0.2.1/": "a documentation address",
    "https://224.0.0.1/": "a multicast address",
    "https://255.255.255.255/": "the broadcast address",
    "https://[::1]/": "a loopback address",
    "https://[::ffff:127.0.0.1]/": "a loopback address",
    "https://[64:ff9b::7f00:1]/": "a NAT64 address",
    "https://[fd00::1]/": "a private address",
    "https://[fe80::1]/": "a link-local address",
}


@pytest.mark.parametrize("url", URLS)
async def test_url_is_refused_with_its_reason(house: House, url: str):
    for method, path in (("POST", "/v1/webhooks"), ("PATCH", f"/v1/webhooks/{house.webhook}")):
        [error] = await house.refuses(method, path, {"name": "CRM", "url": url})
        assert error["field"] == "url"
        assert URLS[url] in error["message"]
        assert "planted" not in str(error)


async def test_url_over_2048_characters_is_refused_with_its_length(house: House):
    [error] = await house.refuses("POST", "/v1/webhooks", {"name": "CRM", "url": "https://example.com/" + "x" * 2048})
    assert error["message"] == "must be a text of 1 to 2048 characters; got 2068 characters"


@pytest.mark.parametrize("url", ["https://10.0.0.5/hook", "http://example.com/hook", "https://localhost:3000/hook"])
async def test_assistant_refuses_it_for_the_same_reason(house: House, url: str):
    talk = Talk(house.api)
    said = await talk.say(f"change the url to {url}")
    [error] = await house.refuses("POST", "/v1/webhooks", {"name": "CRM", "url": url})
    assert error["message"].split(". ")[0] in said
    assert talk.reply["interrupt"] is None


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("HTTPS://Hooks.Example.COM:443/In?x=%20", "https://hooks.example.com/In?x=%20"),
        ("https://bücher.example/straße", "https://xn--bcher-kva.example/stra%C3%9Fe"),
        ("https://8.8.8.8:8443/hook", "https://8.8.8.8:8443/hook"),
        ("https://[2606:4700::1111]/hook", "https://[2606:4700::1111]/hook"),
    ],
)
async def test_public_https_url_is_stored_in_its_normal_form(house: House, url: str, stored: str):
    assert (await house.api.webhook(url))["url"] == stored
