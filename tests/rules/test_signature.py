import hashlib
import hmac
import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import svix.webhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import InvalidInput
from rules.signature import decode_secret, generate_secret, sign_hex, sign_v1, sign_v1a, verify_hex, verify_v1
from rules.signing_keys import generate_key, jwk, private_key, public_key

KEYS = st.binary(min_size=24, max_size=64)
SEEDS = st.binary(min_size=32, max_size=32)
BODIES = st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=5).map(
    lambda body: json.dumps(body, ensure_ascii=False).encode()
)
MESSAGE_IDS = st.from_regex(r"evt_[0-9a-z]{26}", fullmatch=True)
NOW = datetime(2026, 5, 8, 9, 30, tzinfo=UTC)


def headers(prefix: str, msg_id: str, timestamp: int, signature: str) -> dict[str, str]:
    return {f"{prefix}-id": msg_id, f"{prefix}-timestamp": str(timestamp), f"{prefix}-signature": signature}


@given(KEYS, BODIES, MESSAGE_IDS)
def test_the_published_standardwebhooks_verifier_accepts(key: bytes, body: bytes, msg_id: str):
    timestamp = int(datetime.now(UTC).timestamp())
    sent = headers("webhook", msg_id, timestamp, sign_v1([key], msg_id, timestamp, body))
    verifier = standardwebhooks.Webhook(generate_secret(key))
    assert verifier.verify(body, sent) == json.loads(body)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier.verify(body + b" ", sent)


@given(KEYS, BODIES, MESSAGE_IDS)
def test_the_published_svix_verifier_accepts(key: bytes, body: bytes, msg_id: str):
    timestamp = int(datetime.now(UTC).timestamp())
    sent = headers("svix", msg_id, timestamp, sign_v1([key], msg_id, timestamp, body))
    verifier = svix.webhooks.Webhook(generate_secret(key))
    verifier.verify(body, sent)  # raises when it refuses; it returns nothing
    with pytest.raises(svix.webhooks.WebhookVerificationError):
        verifier.verify(body, sent | {"svix-id": msg_id + "x"})


@given(st.lists(KEYS, min_size=2, max_size=3, unique=True), BODIES)
def test_during_a_rotation_the_holder_of_either_secret_verifies(keys: list[bytes], body: bytes):
    timestamp = int(datetime.now(UTC).timestamp())
    sent = headers("webhook", "evt_1", timestamp, sign_v1(keys, "evt_1", timestamp, body))
    for key in keys:
        standardwebhooks.Webhook(generate_secret(key)).verify(body, sent)


def test_the_example_of_the_specification():
    key = decode_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign_v1([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_no_keys_sign_nothing():
    assert sign_v1([], "evt_1", 1, b"{}") == ""
    assert sign_v1a([], "evt_1", 1, b"{}") == ""


def holder(public: str) -> Ed25519PublicKey:
    """What a receiver makes of the published key, by the specification alone."""
    return Ed25519PublicKey.from_public_bytes(b64decode(public.removeprefix("whpk_"), validate=True))


@given(st.lists(SEEDS, min_size=1, max_size=3, unique=True), BODIES, MESSAGE_IDS, st.integers(0, 2**33))
def test_the_holder_of_each_public_key_verifies_v1a(seeds: list[bytes], body: bytes, msg_id: str, timestamp: int):
    keys = [generate_key(seed) for seed in seeds]
    parts = sign_v1a([private_key(key) for key in keys], msg_id, timestamp, body).split(" ")
    assert len(parts) == len(keys)
    message = f"{msg_id}.{timestamp}.".encode() + body
    for key, part in zip(keys, parts, strict=True):
        version, _, signature = part.partition(",")
        assert version == "v1a"
        holder(public_key(key)).verify(b64decode(signature, validate=True), message)
        for forged in (message + b" ", b"x" + message):
            with pytest.raises(InvalidSignature):
                holder(public_key(key)).verify(b64decode(signature), forged)


@given(KEYS, SEEDS, BODIES)
def test_the_published_verifiers_of_v1_pass_over_v1a(key: bytes, seed: bytes, body: bytes):
    timestamp = int(datetime.now(UTC).timestamp())
    v1a = sign_v1a([private_key(generate_key(seed))], "evt_1", timestamp, body)
    for signature in (v1a + " " + sign_v1([key], "evt_1", timestamp, body), sign_v1([key], "evt_1", timestamp, body)):
        sent = headers("webhook", "evt_1", timestamp, signature)
        standardwebhooks.Webhook(generate_secret(key)).verify(body, sent)
        svix.webhooks.Webhook(generate_secret(key)).verify(body, sent)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(generate_secret(key)).verify(body, headers("webhook", "evt_1", timestamp, v1a))


def test_the_key_pair_and_the_thumbprint_of_the_specifications():
    # RFC 8032 section 7.1 (test 1), which RFC 8037 appendix A takes over and RFC 7638 makes a thumbprint of
    key = generate_key(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    public = public_key(key)
    assert b64decode(public.removeprefix("whpk_")).hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert jwk(public) == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "use": "sig",
        "alg": "EdDSA",
    }


@given(SEEDS)
def test_a_published_key_says_nothing_of_the_private_one(seed: bytes):
    key = generate_key(seed)
    public = public_key(key)
    assert public != public_key(generate_key())
    assert urlsafe_b64decode(jwk(public)["x"] + "=") == b64decode(public.removeprefix("whpk_"))
    assert key.removeprefix("whsk_") not in str([public, jwk(public)])


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("whsec_" + b64encode(b"x" * 32).decode(), "starts with `whsk_`"),
        ("whsk_" + b64encode(b"x" * 31).decode(), "32 bytes; this one holds 31"),
        ("whsk_eHh4eHh4eHh4_Hh4", "standard base64"),
        ("whsk_eHh4eHh4e", "standard base64"),
    ],
)
def test_a_private_key_is_refused_without_being_repeated(key: str, part: str):
    with pytest.raises(InvalidInput) as refused:
        private_key(key)
    assert part in refused.value.detail
    assert "eHh4" not in refused.value.detail


@given(st.text(min_size=1, max_size=40), st.binary(max_size=200))
def test_the_hexadecimal_signature_is_keyed_with_the_whole_secret(secret: str, body: bytes):
    signature = sign_hex(secret, body)
    assert signature == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert verify_hex(secret, signature, body)
    assert not verify_hex(secret, signature, body + b"x")
    assert not verify_hex(secret, signature + "é", body)


def test_the_published_vector_of_rfc_4231():
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign_hex("Jefe", b"what do ya want for nothing?") == expected


@given(KEYS, st.binary(max_size=100), st.integers(-300, 300))
def test_what_we_sign_we_verify_within_five_minutes(key: bytes, body: bytes, age: int):
    timestamp = int(NOW.timestamp()) - age
    signature = "v2,x v1a,xx " + sign_v1([key], "evt_1", timestamp, body)
    assert verify_v1([b"other" * 6, key], "evt_1", str(timestamp), signature, body, now=NOW)
    late = NOW + timedelta(seconds=601)
    assert not verify_v1([key], "evt_1", str(timestamp), signature, body, now=late)
    assert not verify_v1([key], "evt_2", str(timestamp), signature, body, now=NOW)


@pytest.mark.parametrize("timestamp", ["", "soon", "-5", "²", "9" * 50])
def test_a_timestamp_that_is_no_number_does_not_verify(timestamp: str):
    assert not verify_v1([b"k" * 24], "evt_1", timestamp, "v1,x", b"", now=NOW)


def test_a_generated_secret_decodes_and_never_repeats():
    first, second = generate_secret(), generate_secret()
    assert first != second
    assert len(decode_secret(first)) == 32


@given(KEYS)
def test_a_secret_decodes_with_and_without_padding(key: bytes):
    secret = generate_secret(key)
    assert decode_secret(secret) == decode_secret(secret.rstrip("=")) == key


@pytest.mark.parametrize(
    ("secret", "part"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "starts with `whsec_`"),
        ("whsec_", "this one holds 0"),
        ("whsec_" + b64encode(b"x" * 23).decode(), "24 to 64 bytes; this one holds 23"),
        ("whsec_" + b64encode(b"x" * 65).decode(), "24 to 64 bytes; this one holds 65"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8I_PZIo2LaLaSw", "standard base64"),
        ("whsec_MfKQ9r8GKYqrTwjU PD8ILPZIo2LaLaSw", "standard base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwé", "standard base64"),
        ("whsec_MfKQ9r8GK", "standard base64"),
    ],
)
def test_a_secret_is_refused_without_being_repeated(secret: str, part: str):
    with pytest.raises(InvalidInput) as refused:
        decode_secret(secret)
    assert part in refused.value.detail
    assert "MfKQ" not in refused.value.detail
