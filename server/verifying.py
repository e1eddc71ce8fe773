"""Verifying signatures as the customer's code would: it shares nothing with the sender but the published rules."""

import base64
import binascii
import hmac
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_AGE_SECONDS = 300
HEX_HEADER = "x-perspection-signature"
_KEY_SET_SECONDS = 5.0
_PUBLIC_PREFIX = "whpk_"

Verdict = tuple[bool, str]


@dataclass(slots=True)
class KeySet:
    """Public keys that are published as a JSON Web Key Set (RFC 7517, RFC 8037).

    Args:
        url: Where; asked again whenever a signature matches no key that is known, for keys are replaced.

    """

    url: str
    keys: list[bytes] = field(default_factory=list)

    async def refresh(self) -> None:
        """Fetch the keys; raises ValueError when there is no key set to be had."""
        try:
            async with httpx2.AsyncClient(timeout=_KEY_SET_SECONDS) as client:
                answer = await client.get(self.url)
            self.keys = [_point(key) for key in answer.raise_for_status().json()["keys"] if key.get("crv") == "Ed25519"]
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the key set cannot be read: {error}") from None


@dataclass(slots=True)
class Signed:
    """A request of Standard Webhooks: what was signed, and with which signatures."""

    message: bytes
    signatures: Sequence[str]

    def has(self, version: str) -> bool:
        """Say whether there is a signature of a version, `v1` or `v1a`."""
        return any(each.startswith(f"{version},") for each in self.signatures)

    def is_by_secret(self, secret: str) -> bool:
        """Say whether a `v1` signature is by a `whsec_…` secret; raises ValueError when that is none."""
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"))
        except binascii.Error:
            raise ValueError("the secret cannot be read") from None
        expected = "v1," + base64.b64encode(hmac.new(key, self.message, sha256).digest()).decode()
        return any(hmac.compare_digest(expected.encode(), each.encode()) for each in self.signatures)

    def is_by_key(self, keys: Iterable[bytes]) -> bool:
        """Say whether a `v1a` signature is by one of some Ed25519 keys, of 32 bytes each."""
        given = [each.removeprefix("v1a,") for each in self.signatures if each.startswith("v1a,")]
        return any(_verifies(key, signature, self.message) for key in keys for signature in given)


def signed(headers: Mapping[str, str], body: bytes) -> Signed:
    """Read a request's signature; raises ValueError when it is too old or cannot be read.

    Args:
        headers: By their names in lower case, with `webhook-signature`.
        body: The bytes that came.

    """
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise ValueError("the webhook-timestamp header cannot be read")
    if abs(time.time() - int(timestamp)) > MAX_AGE_SECONDS:
        raise ValueError("the signature is older than five minutes")
    message = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    return Signed(message, headers["webhook-signature"].split())


def judge_hex(secret: str, signature: str, body: bytes) -> Verdict:
    """Judge a hexadecimal HMAC-SHA256 of the body."""
    expected = hmac.new(secret.encode(), body, sha256).hexdigest()
    valid = hmac.compare_digest(expected.encode(), signature.encode())
    return valid, "the hex signature is valid" if valid else "the hex signature does not match"


def key_bytes(public_key: str) -> bytes:
    """Return the 32 bytes of a `whpk_…` key; raises ValueError when it is none."""
    key = base64.b64decode(public_key.removeprefix(_PUBLIC_PREFIX), validate=True)
    if not public_key.startswith(_PUBLIC_PREFIX) or len(key) != 32:
        raise ValueError("a public key is `whpk_` and 32 bytes in base64")
    return key


def _point(key: Mapping[str, Any]) -> bytes:
    return base64.urlsafe_b64decode(str(key["x"]) + "==")


def _verifies(key: bytes, signature: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature), message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
