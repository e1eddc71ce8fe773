"""Where requests may go (A12): the address policy of the one door out, and the check of a URL before it is saved.

`refuse_address` decides about the address really being connected; `check_url` explains early, from the text alone.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna

from rules.errors import InvalidInput

MAX_URL_LENGTH: Final = 2048
MAX_PORT: Final = 65535
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_PRIVATE_SUFFIXES: Final = ("local", "internal", "localdomain", "lan", "intranet", "corp", "home", "home.arpa")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")

# FACTS.md: `is_global` is not enough. The first network that holds an address gives the reason.
_REFUSED: Final = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("169.254.169.254/32", "the cloud metadata service"),
        ("168.63.129.16/32", "the cloud platform's internal service"),
        ("100.100.100.200/32", "the cloud metadata service"),
        ("fd00:ec2::254/128", "the cloud metadata service"),
        ("127.0.0.0/8", "a loopback address: this machine itself"),
        ("::1/128", "a loopback address: this machine itself"),
        ("0.0.0.0/8", "an unspecified address, which means this machine"),
        ("::/128", "an unspecified address, which means this machine"),
        ("10.0.0.0/8", "a private address"),
        ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"),
        ("fc00::/7", "a private address"),
        ("fec0::/10", "a private (site-local) address"),
        ("169.254.0.0/16", "a link-local address"),
        ("fe80::/10", "a link-local address"),
        ("100.64.0.0/10", "a carrier-grade NAT address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("2001:2::/48", "a benchmarking address"),
        ("192.0.2.0/24", "a documentation address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("192.88.99.0/24", "a 6to4 relay address"),
        ("2002::/16", "a 6to4 address, which hides an IPv4 address"),
        ("64:ff9b::/96", "a NAT64 address, which hides an IPv4 address"),
        ("64:ff9b:1::/48", "a NAT64 address, which hides an IPv4 address"),
        ("2001::/32", "a Teredo address, which hides an IPv4 address"),
        ("::/96", "an IPv4-compatible address, which hides an IPv4 address"),
        ("::ffff:0:0:0/96", "an IPv4-translated address, which hides an IPv4 address"),
        ("192.0.0.0/24", "a reserved address"),
        ("240.0.0.0/4", "a reserved address"),
        ("2001::/23", "a reserved address"),
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is permitted beyond public addresses over HTTPS: named networks, and plain HTTP."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    allow_http: bool = False

    def permits(self, address: IPv4Address | IPv6Address) -> bool:
        """Say whether an address lies in a network that was allowed by name."""
        return any(address in network for network in self.allow if network.version == address.version)


@lru_cache(maxsize=4096)
def refuse_address(ip: str, policy: Policy) -> str | None:
    """Say why an address must not be connected to; None when it may.

    Args:
        ip: An address as the socket layer writes it, an IPv6 zone included; anything else is refused.
        policy: The networks that are permitted although they are not public.

    """
    try:
        address = _judged(ip_address(ip))
    except ValueError:
        return f"{ip} is not an IP address."
    if policy.permits(address):
        return None
    reason = next((why for network, why in _REFUSED if network.version == address.version and address in network), None)
    if reason is None and not _is_public(address):
        reason = "not a public address"
    return f"{ip} is {reason}." if reason else None


def _judged(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the address that a connection really reaches: the IPv4 one inside `::ffff:0:0/96`."""
    if isinstance(address, IPv6Address):
        # A zone (`fe80::1%eth0`) would keep the address from being found in any network.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and (address.version == 4 or address in _GLOBAL_UNICAST)


def check_url(url: str, policy: Policy, *, field: str = "url") -> str:
    """Return a URL in its normal form: scheme and host in lower case, the host in ASCII, no default port.

    Args:
        url: What a person typed.
        policy: Whether plain HTTP, and which private networks, are permitted.
        field: The name of the field in the error.

    Raises:
        InvalidInput: With one sentence that says what is wrong and what to do. It never repeats credentials.

    """
    try:
        return _checked(url, policy)
    except ValueError as problem:
        raise InvalidInput.of(field, str(problem)) from None


def _checked(url: str, policy: Policy) -> str:
    _refuse_characters(url)
    parts = _split(url, policy)
    _refuse_scheme(parts, policy)
    if "@" in parts.netloc:
        raise ValueError("The URL contains credentials (user:password@). Put them in the authorization header instead.")
    if "#" in url:
        raise ValueError("The URL has a fragment (#…), which is never sent to a server. Remove it.")
    port = _port(parts)
    host = _checked_host(parts.hostname or "", policy)
    netloc = host if port is None or port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}"
    safe = "%/:;=,?@!$&'()*+~[]|{}^`\"<>"
    path, query = quote(parts.path, safe=safe), quote(parts.query, safe=safe)
    return urlunsplit((parts.scheme, netloc, path, query, ""))


def _refuse_characters(url: str) -> None:
    if not url.strip():
        raise ValueError("The URL is empty. Give one such as https://example.com/webhooks.")
    if len(url) > MAX_URL_LENGTH:
        raise ValueError(f"The URL has {len(url)} characters; at most {MAX_URL_LENGTH} are allowed.")
    if "\r" in url or "\n" in url:
        raise ValueError("The URL contains a line break. Paste it as one line.")
    if any(mark.isspace() for mark in url):
        raise ValueError("The URL contains a space. Remove it, or write it as %20.")
    if not url.isprintable():
        raise ValueError("The URL contains an invisible control character. Type it again instead of pasting it.")
    if "\\" in url:
        raise ValueError("The URL contains a backslash. Use forward slashes.")


def _split(url: str, policy: Policy) -> SplitResult:
    example = "Give one such as https://example.com/webhooks."
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"This is not a URL: its host cannot be read. {example}") from None
    if "://" not in url or not parts.scheme:
        schemes = "https:// or http://" if policy.allow_http else "https://"
        raise ValueError(f"This is not a complete URL: it must start with {schemes}. {example}")
    if not parts.netloc or not parts.hostname:
        raise ValueError(f"The URL has no host. {example}")
    return parts


def _refuse_scheme(parts: SplitResult, policy: Policy) -> None:
    if parts.scheme == "http" and not policy.allow_http:
        raise ValueError("Plain http is not allowed, because anyone on the way could read it. Use https.")
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"The scheme {parts.scheme}:// cannot receive webhooks. Use https.")


def _port(parts: SplitResult) -> int | None:
    text = re.sub(r"^.*\]|^[^:]*", "", parts.netloc).removeprefix(":")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"The port {text} is not a number. Use 1 to {MAX_PORT}, or leave it out.")
    if len(text) > 5 or not 1 <= int(text) <= MAX_PORT:  # a very long number would be slow to read
        raise ValueError(f"The port {text[:20]} is out of range: 1 to {MAX_PORT}.")
    return int(text)


def _checked_host(host: str, policy: Policy) -> str:
    if ":" in host:
        return _checked_ipv6(host, policy)
    name = _ascii(host).removesuffix(".")
    if address := _ipv4(name):
        return _checked_ipv4(host, address, policy)
    _refuse_name(name, policy)
    return name


def _checked_ipv6(host: str, policy: Policy) -> str:
    if "%" in host:
        raise ValueError("The host has an IPv6 zone (%…), which only means something on one machine. Remove it.")
    try:
        address = IPv6Address(host)
    except ValueError:
        raise ValueError(f"The host [{host}] is not a valid IPv6 address.") from None
    _refuse_literal(str(address), policy)
    return f"[{address}]"


def _checked_ipv4(host: str, address: IPv4Address, policy: Policy) -> str:
    spelled = "" if host == str(address) else f"The host {host} is another spelling of {address}. "
    _refuse_literal(str(address), policy, spelled)
    if spelled:
        raise ValueError(f"{spelled}Write it as {address}.")
    return host


def _refuse_literal(ip: str, policy: Policy, spelled: str = "") -> None:
    if reason := refuse_address(ip, policy):
        raise ValueError(f"{spelled}{reason} Webhooks go to public addresses only. Use the public name of your server.")


def _ascii(host: str) -> str:
    try:
        return host.lower() if host.isascii() else idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"The host {host} is not a valid internet name.") from None


def _ipv4(name: str) -> IPv4Address | None:
    """Read an IPv4 address in any spelling that `inet_aton` takes: `2130706433`, `0x7f.1`, `127.1`, `0177.0.0.1`."""
    parts = name.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError(f"The host {name} is neither a name nor an IP address.")
    *leading, last = [_number(part) for part in parts]
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        raise ValueError(f"The host {name} is not a valid IP address.")
    return IPv4Address(sum(number << 8 * (3 - place) for place, number in enumerate(leading)) + last)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    octal = text.startswith("0") and len(text) > 1
    try:
        return int(text, 8 if octal else 10)
    except ValueError:  # an 8 or 9 in an octal number, or thousands of digits
        raise ValueError(f"The host part {text[:40]} is not a number that an IP address can have.") from None


def _refuse_name(name: str, policy: Policy) -> None:
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"The host {name[:80]} is not a valid internet name.")
    if name == "localhost" or name.endswith((".localhost", ".localdomain")):
        if not any(policy.permits(address) for address in (IPv4Address("127.0.0.1"), IPv6Address("::1"))):
            raise ValueError(f"{name} is this server itself, not your machine. Use a URL that is public.")
        return
    if policy.allow:  # private names may lead to a network that is permitted; the address decides when connecting
        return
    if suffix := next((s for s in _PRIVATE_SUFFIXES if name == s or name.endswith(f".{s}")), None):
        raise ValueError(f"{name} ends in .{suffix}, which exists only in private networks. Use a public host name.")
    if "." not in name:
        raise ValueError(f"{name} has no domain, so it exists only in a private network. Use a public host name.")
