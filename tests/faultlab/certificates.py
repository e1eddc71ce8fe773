"""Real certificates, good and bad, as TLS contexts for servers."""

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import trustme

HOST = "localhost"


@cache
def authority() -> trustme.CA:
    """The authority that clients in tests trust."""
    return trustme.CA(organization_name="Fault laboratory")


@cache
def stranger() -> trustme.CA:
    """An authority that nobody trusts."""
    return trustme.CA(organization_name="Stranger")


def write_authority(directory: Path) -> Path:
    path = directory / "authority.pem"
    path.write_bytes(authority().cert_pem.bytes())
    return path


@cache
def good() -> ssl.SSLContext:
    return _context(authority().issue_cert(HOST, "127.0.0.1"))


@cache
def ending_in(days: int) -> ssl.SSLContext:
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    return _context(authority().issue_cert(HOST, not_before=end - timedelta(days=90), not_after=end))


@cache
def not_yet() -> ssl.SSLContext:
    begin = datetime.now(UTC) + timedelta(days=3)
    return _context(authority().issue_cert(HOST, not_before=begin, not_after=begin + timedelta(days=90)))


@cache
def untrusted() -> ssl.SSLContext:
    return _context(stranger().issue_cert(HOST))


@cache
def other_name() -> ssl.SSLContext:
    return _context(authority().issue_cert("hooks.example.com", "*.example.net"))


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
