"""What a TLS certificate says of itself, whether or not it is to be trusted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

MAX_NAMES = 20
MAX_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Certificate:
    """Names, dates and issuer. They are the endpoint's own words: untrusted, capped text."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime

    def as_dict(self, now: datetime) -> dict[str, Any]:
        """Return JSON values; `days_left` is negative once the certificate has expired."""
        return {
            "names": list(self.names),
            "issuer": self.issuer,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "days_left": (self.not_after - now).days,
        }


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate in DER form; raises ValueError when it is not one."""
    parsed = x509.load_der_x509_certificate(der)
    names = [name[:MAX_NAME_CHARACTERS] for name in _names(parsed)][:MAX_NAMES]
    issuer = parsed.issuer.rfc4514_string()[:MAX_NAME_CHARACTERS]
    return Certificate(tuple(names), issuer, parsed.not_valid_before_utc, parsed.not_valid_after_utc)


def _names(parsed: x509.Certificate) -> list[str]:
    try:
        listed = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except (x509.ExtensionNotFound, ValueError):
        return [str(entry.value) for entry in parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if not isinstance(listed, x509.SubjectAlternativeName):
        return []
    addresses = [str(address) for address in listed.get_values_for_type(x509.IPAddress)]
    return [*listed.get_values_for_type(x509.DNSName), *addresses]
