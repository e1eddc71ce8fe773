"""Ed25519 keys of Standard Webhooks: `whsk_` signs and stays here, `whpk_` verifies and is public (X04)."""

import binascii
import hashlib
import json
import secrets as random_secrets
from base64 import b64encode, urlsafe_b64encode
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rules.errors import InvalidInput

PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"
KEY_BYTES: Final = 32


def generate_key(entropy: bytes | None = None) -> str:
    """Make a private key: `whsk_` and the 32 bytes of its seed in base64 (RFC 8032).

    Args:
        entropy: The seed; the system's randomness when absent.

    """
    seed = random_secrets.token_bytes(KEY_BYTES) if entropy is None else entropy
    return PRIVATE_PREFIX + b64encode(seed).decode()


def private_key(value: str) -> Ed25519PrivateKey:
    """Open a `whsk_` key; this costs as much as a signature, so keep what it returns.

    Raises:
        InvalidInput: The prefix, the base64 or the length is wrong. The message never repeats the key.

    """
    return Ed25519PrivateKey.from_private_bytes(_decode(value, PRIVATE_PREFIX))


def public_key(value: str) -> str:
    """Return the `whpk_` key that verifies what a `whsk_` key signs."""
    return PUBLIC_PREFIX + b64encode(private_key(value).public_key().public_bytes_raw()).decode()


def jwk(public: str) -> dict[str, str]:
    """Return a `whpk_` key as a JSON Web Key (RFC 8037); its id is its thumbprint (RFC 7638)."""
    point = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(_decode(public, PUBLIC_PREFIX))}
    canonical = json.dumps(point, separators=(",", ":"), sort_keys=True).encode()
    return {**point, "kid": _base64url(hashlib.sha256(canonical).digest()), "use": "sig", "alg": "EdDSA"}


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _decode(value: str, prefix: str) -> bytes:
    if not value.startswith(prefix):
        raise InvalidInput.of("key", f"This key starts with `{prefix}`, followed by base64.")
    encoded = value.removeprefix(prefix).rstrip("=")
    try:
        key = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        raise InvalidInput.of("key", f"What follows `{prefix}` in a key must be standard base64.") from None
    if len(key) != KEY_BYTES:
        raise InvalidInput.of("key", f"An Ed25519 key holds {KEY_BYTES} bytes; this one holds {len(key)}.")
    return key
