import json
import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.addresses import Policy, check_url, refuse_address
from rules.errors import InvalidInput

PUBLIC = Policy()
LOOPBACK = Policy((ip_network("127.0.0.0/8"), ip_network("::1/128")), allow_http=True)
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "urls.json").read_text())
ADDRESSES = st.ip_addresses()


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.255.255.255",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "localhost",
        "0x7f000001",
        "127.1",
        "2130706433",
    ],
)
def test_addresses_that_are_not_public_are_refused_with_a_reason(ip: str):
    reason = refuse_address(ip, PUBLIC)
    assert reason is not None
    assert reason.startswith(f"{ip} is ")
    assert reason.endswith(".")


@pytest.mark.parametrize(
    "ip", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_permitted(ip: str):
    assert refuse_address(ip, PUBLIC) is None


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_one_it_holds(address: IPv4Address):
    mapped = f"::ffff:{address}"
    assert (refuse_address(mapped, PUBLIC) is None) is (refuse_address(str(address), PUBLIC) is None)


@given(ADDRESSES)
def test_what_is_permitted_is_global_unicast(address: IPv4Address | IPv6Address):
    if refuse_address(str(address), PUBLIC) is None:
        judged = getattr(address, "ipv4_mapped", None) or address
        assert judged.is_global
        assert not judged.is_multicast


@given(st.ip_addresses(network="127.0.0.0/8") | st.just(ip_address("::1")))
def test_an_allowed_network_is_permitted_and_no_other(address: IPv4Address | IPv6Address):
    assert refuse_address(str(address), LOOPBACK) is None
    assert refuse_address("10.0.0.1", LOOPBACK) is not None
    assert refuse_address("169.254.169.254", LOOPBACK) is not None


@pytest.mark.parametrize("row", VECTORS["refused"], ids=lambda row: ascii(row["url"])[:60])
def test_a_refused_url_says_why(row: dict[str, str]):
    with pytest.raises(InvalidInput) as refused:
        check_url(row["url"], PUBLIC)
    assert [error.field for error in refused.value.errors] == ["url"]
    assert row["why"] in refused.value.errors[0].message
    assert "s3cret" not in refused.value.detail


@pytest.mark.parametrize("row", VECTORS["accepted"], ids=lambda row: ascii(row["url"])[:60])
def test_an_accepted_url_has_a_normal_form_that_stays(row: dict[str, str]):
    normal = check_url(row["url"], PUBLIC)
    assert normal == row["normal"]
    assert check_url(normal, PUBLIC) == normal


def test_an_incomplete_url_is_told_of_http_only_where_that_is_allowed():
    for policy, schemes in ((PUBLIC, "https://."), (LOOPBACK, "https:// or http://.")):
        with pytest.raises(InvalidInput, match=re.escape(f"it must start with {schemes}")):
            check_url("localhost:9000", policy)


def test_each_case_has_its_own_sentence():
    whys = {row["why"] for row in VECTORS["refused"]}
    assert len(whys) >= 20


def test_a_url_of_the_greatest_length_is_accepted():
    start = "https://example.com/"
    assert check_url(start + "x" * (2048 - len(start)), PUBLIC)
    with pytest.raises(InvalidInput, match="2049 characters; at most 2048"):
        check_url(start + "x" * (2049 - len(start)), PUBLIC)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/hook", "http://localhost:9000/hook", "https://[::1]:9000/", "http://api.local/"]
)
def test_the_development_switch_allows_named_ranges(url: str):
    assert check_url(url, LOOPBACK) == url


def test_the_development_switch_allows_nothing_else():
    with pytest.raises(InvalidInput, match=r"10\.0\.0\.1 is a private address"):
        check_url("http://10.0.0.1/", LOOPBACK)


@given(st.text(max_size=40) | st.text(max_size=30).map(lambda rest: "https://" + rest))
def test_any_text_is_normalised_or_refused(text: str):
    try:
        normal = check_url(text, PUBLIC)
    except InvalidInput:
        return
    assert normal.isascii()
    assert normal.startswith("https://")
    assert check_url(normal, PUBLIC) == normal


@given(st.ip_addresses(v=4), st.sampled_from(["{0}", "{0:#x}", "{1}.{2}.{3}.{4:#x}", "0{1:o}.{2}.{3}.{4}", "{1}.{5}"]))
def test_no_spelling_of_a_refused_address_is_accepted(address: IPv4Address, form: str):
    number = int(address)
    first, second, third, fourth = address.packed
    host = form.format(number, first, second, third, fourth, number & 0xFFFFFF)
    if refuse_address(str(address), PUBLIC) is not None:
        with pytest.raises(InvalidInput):
            check_url(f"https://{host}/", PUBLIC)
