"""Signatures over the exact body bytes: Standard Webhooks v1 and v1a (X04), and the hex HMAC-SHA256 of row B05."""

import binascii
import hmac
import secrets as random_secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rules.errors import InvalidInput

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32
MIN_KEY_BYTES: Final = 24
MAX_KEY_BYTES: Final = 64
# What the published verifiers allow.
TOLERANCE: Final = timedelta(minutes=5)


def generate_secret(entropy: bytes | None = None) -> str:
    """Make a signing secret: `whsec_` and 32 random bytes in base64 (the specification allows 24 to 64).

    Args:
        entropy: The key's bytes; the system's randomness when absent.

    """
    return PREFIX + b64encode(random_secrets.token_bytes(KEY_BYTES) if entropy is None else entropy).decode()


def decode_secret(secret: str, *, field: str = "secret") -> bytes:
    """Return the key inside a `whsec_` secret; missing base64 padding is forgiven, as the published verifiers do.

    Raises:
        InvalidInput: The prefix, the base64 or the length is wrong. The message never repeats the secret.

    """
    if not secret.startswith(PREFIX):
        raise InvalidInput.of(field, "A signing secret starts with `whsec_`, followed by base64.")
    encoded = secret.removeprefix(PREFIX).rstrip("=")
    try:
        key = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        raise InvalidInput.of(field, "What follows `whsec_` in a signing secret must be standard base64.") from None
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        range_ = f"{MIN_KEY_BYTES} to {MAX_KEY_BYTES}"
        raise InvalidInput.of(field, f"A signing secret holds {range_} bytes; this one holds {len(key)}.")
    return key


def sign_v1(secrets: Sequence[bytes], msg_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` header: one `v1,<base64>` for each key, so that both verify during a rotation.

    Args:
        secrets: Decoded keys (`decode_secret`), the newest first.
        msg_id: The `webhook-id` header.
        timestamp: The `webhook-timestamp` header, seconds since 1970.
        body: The bytes that are sent.

    """
    message = _message(msg_id, timestamp, body)
    digests = [binascii.b2a_base64(hmac.digest(key, message, "sha256"), newline=False).decode() for key in secrets]
    return "v1," + " v1,".join(digests) if digests else ""


def sign_v1a(keys: Sequence[Ed25519PrivateKey], msg_id: str, timestamp: int, body: bytes) -> str:
    """Return the v1a part of the `webhook-signature` header: one `v1a,<base64>` for each Ed25519 key (RFC 8032).

    Args:
        keys: Opened keys (`signing_keys.private_key`), the newest first. Each signature takes some 100 µs.
        msg_id: The `webhook-id` header.
        timestamp: The `webhook-timestamp` header, seconds since 1970.
        body: The bytes that are sent.

    """
    message = _message(msg_id, timestamp, body)
    return " ".join("v1a," + b64encode(key.sign(message)).decode() for key in keys)


def sign_hex(secret: str, body: bytes) -> str:
    """Return the hexadecimal signature (B05): the key is the UTF-8 bytes of the whole secret string."""
    return hmac.digest(secret.encode(), body, "sha256").hex()


def verify_v1(
    secrets: Sequence[bytes], msg_id: str, timestamp: str, signature: str, body: bytes, *, now: datetime
) -> bool:
    """Say whether a received `webhook-signature` header is genuine and its timestamp within five minutes of `now`."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # year 33658
        return False
    seconds = int(timestamp)
    if abs(now.timestamp() - seconds) > TOLERANCE.total_seconds():
        return False
    expected = sign_v1(secrets, msg_id, seconds, body).split()
    received = [part.encode() for part in signature.split()]
    return any(hmac.compare_digest(ours.encode(), theirs) for ours in expected for theirs in received)


def verify_hex(secret: str, signature: str, body: bytes) -> bool:
    """Say whether a received hexadecimal signature is genuine, in constant time."""
    return hmac.compare_digest(sign_hex(secret, body).encode(), signature.encode())


def _message(msg_id: str, timestamp: int, body: bytes) -> bytes:
    return b"%b.%d.%b" % (msg_id.encode(), timestamp, body)
