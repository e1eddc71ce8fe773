"""Signatures and what makes them: v1 beside v1a, rotation of both, published keys, the hex header (X04, E05, B05)."""

import asyncio
import hashlib
import hmac
import json
import logging
from base64 import b64decode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import httpx2
import pytest
import standardwebhooks
import svix.webhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server.receiver import Received
from store import webhooks as webhook_store
from tests import databases
from tests.acceptance.talk import Talk
from tests.serving import Api, Receiver, serving, until

NOWHERE = "http://127.0.0.1:9/"


def versions(received: Received) -> list[str]:
    return [part.partition(",")[0] for part in received.headers.get("webhook-signature", "").split()]


def made_by(public: bytes, received: Received) -> bool:
    """Check v1a as a receiver does who knows the specification and one key."""
    message = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode() + received.body
    for part in received.headers["webhook-signature"].split():
        version, _, signature = part.partition(",")
        if version == "v1a":
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(b64decode(signature), message)
            except InvalidSignature:
                continue
            return True
    return False


def by_key(public_key: str, received: Received) -> bool:
    assert public_key.startswith("whpk_")
    return made_by(b64decode(public_key.removeprefix("whpk_"), validate=True), received)


def by_secret(secret: str, received: Received) -> bool:
    try:
        standardwebhooks.Webhook(secret).verify(received.body, received.headers)
        svix.webhooks.Webhook(secret).verify(received.body, received.headers)
    except (standardwebhooks.WebhookVerificationError, svix.webhooks.WebhookVerificationError):
        return False
    return True


async def delivered(api: Api, receiver: Receiver) -> Received:
    count = len(receiver.received) + 1
    await api.event()
    return await receiver.wait_for(count)


async def published(api: Api, webhook: dict[str, Any], status: int = 200) -> list[dict[str, Any]]:
    """Ask for a key set as anyone can, and return its keys."""
    async with httpx2.AsyncClient(base_url=api.url) as nobody:
        answer = await nobody.get(f"/jwks/{webhook['id']}")
    assert answer.status_code == status, answer.text
    return answer.json()["keys"] if status == 200 else []


async def test_x04_a_webhook_signs_by_v1_alone_unless_asked(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint)
    assert (webhook["signing"], webhook["public_key"], webhook["signature_header"]) == ("v1", None, None)
    assert versions(await delivered(api, receiver)) == ["v1"]
    assert await api.get(f"/v1/webhooks/{webhook['id']}/jwks") == {"keys": []}
    await published(api, webhook, 404)


@pytest.mark.parametrize("profile", ["standard", "perspective", "funnel"])
async def test_x04_v1a_is_verified_with_the_published_key(api: Api, receiver: Receiver, endpoint: str, profile: str):
    webhook = await api.webhook(endpoint, signing="v1a", profile=profile)
    assert (webhook["signing"], webhook["secret"], webhook["has_secret"]) == ("v1a", None, False)
    received = await delivered(api, receiver)
    assert versions(received) == ["v1a"]
    assert by_key(webhook["public_key"], received)
    [key] = await published(api, webhook)
    assert made_by(urlsafe_b64decode(key["x"] + "="), received)
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (await api.get(f"/v1/webhooks/{webhook['id']}/jwks"))["keys"] == [key]
    received.body += b" "
    assert not by_key(webhook["public_key"], received)


async def test_x04_both_signatures_travel_together(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, signing="both")
    received = await delivered(api, receiver)
    assert versions(received) == ["v1", "v1a"]
    assert by_secret(webhook["secret"], received)
    assert by_key(webhook["public_key"], received)
    other = await api.webhook(NOWHERE, signing="both")
    assert not by_secret(other["secret"], received)
    assert not by_key(other["public_key"], received)


async def test_e05_during_a_rotation_the_old_and_the_new_of_both_kinds_verify(
    api: Api, receiver: Receiver, endpoint: str
):
    old = await api.webhook(endpoint, signing="both")
    path = f"/v1/webhooks/{old['id']}"
    new = await api.post(f"{path}/rotate-secret", {"overlap_seconds": 3600})
    assert (await api.get(path))["public_key"] == new["public_key"] != old["public_key"]
    received = await delivered(api, receiver)
    assert versions(received) == ["v1", "v1", "v1a", "v1a"]
    assert [by_secret(one["secret"], received) for one in (old, new)] == [True, True]
    assert [by_key(one["public_key"], received) for one in (old, new)] == [True, True]
    keys = await published(api, old)
    assert [made_by(urlsafe_b64decode(key["x"] + "="), received) for key in keys] == [True, True]
    assert len({key["kid"] for key in keys}) == 2

    last = await api.post(f"{path}/rotate-secret", {"overlap_seconds": 0})
    received = await delivered(api, receiver)
    assert versions(received) == ["v1", "v1a"]
    assert [by_secret(one["secret"], received) for one in (old, new, last)] == [False, False, True]
    assert [by_key(one["public_key"], received) for one in (old, new, last)] == [False, False, True]
    assert len(await published(api, old)) == 1


async def test_e05_one_kind_is_rotated_without_the_other(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint, signing="both")
    path = f"/v1/webhooks/{webhook['id']}/rotate-secret"
    rotated = await api.post(path, {"signing": "v1a", "overlap_seconds": 0})
    assert rotated["secret"] is None
    received = await delivered(api, receiver)
    assert by_secret(webhook["secret"], received)
    assert [by_key(one["public_key"], received) for one in (webhook, rotated)] == [False, True]
    again = await api.post(path, {"signing": "v1", "overlap_seconds": 0})
    assert again["public_key"] is None
    received = await delivered(api, receiver)
    assert [by_secret(one["secret"], received) for one in (webhook, again)] == [False, True]
    assert by_key(rotated["public_key"], received)


async def test_e05_the_old_key_ends_when_the_overlap_does(api: Api, receiver: Receiver, endpoint: str):
    old = await api.webhook(endpoint, signing="v1a")
    new = await api.post(f"/v1/webhooks/{old['id']}/rotate-secret", {"overlap_seconds": 1})
    async with asyncio.timeout(10):
        while by_key(old["public_key"], received := await delivered(api, receiver)):
            assert by_key(new["public_key"], received)
    assert by_key(new["public_key"], received)
    assert [key["x"] for key in await published(api, old)] == [
        new["public_key"].removeprefix("whpk_").rstrip("=").replace("+", "-").replace("/", "_")
    ]


async def test_e05_what_a_webhook_does_not_sign_by_is_not_rotated(api: Api):
    plain = await api.webhook(NOWHERE)
    keyed = await api.webhook(NOWHERE, signing="v1a")
    hexed = await api.webhook(NOWHERE, profile="perspection", secret="planted-hex")
    for webhook, wrong in ((plain, "v1a"), (plain, "both"), (plain, "hex"), (keyed, "v1"), (hexed, "v1")):
        errors = await api.refused("POST", f"/v1/webhooks/{webhook['id']}/rotate-secret", {"signing": wrong})
        assert [error["field"] for error in errors] == ["signing"]
    unsigned = await api.webhook(NOWHERE, secret=None)
    assert (await api.post(f"/v1/webhooks/{unsigned['id']}/rotate-secret"))["secret"].startswith("whsec_")


async def test_e05_undo_of_a_rotation_brings_back_the_secret_and_the_key(api: Api, receiver: Receiver, endpoint: str):
    old = await api.webhook(endpoint, signing="both")
    path = f"/v1/webhooks/{old['id']}"
    new = await api.post(f"{path}/rotate-secret", {"overlap_seconds": 0})
    undone = await api.post(f"/v1/changes/{new['change_id']}/undo")
    assert undone["webhook"]["public_key"] == old["public_key"]
    received = await delivered(api, receiver)
    assert versions(received) == ["v1", "v1a"]
    assert by_secret(old["secret"], received)
    assert by_key(old["public_key"], received)
    [undo, rotation, _] = (await api.get("/v1/changes"))["items"]
    assert (rotation["before"]["public_key"], rotation["after"]["public_key"]) == (old["public_key"], new["public_key"])
    assert undo["after"]["public_key"] == old["public_key"]


async def test_x04_a_patch_changes_how_a_webhook_signs(api: Api, receiver: Receiver, endpoint: str):
    webhook = await api.webhook(endpoint)
    path = f"/v1/webhooks/{webhook['id']}"
    both = await api.patch(path, {"signing": "both"})
    assert "secret" not in both, "it has one already"
    received = await delivered(api, receiver)
    assert (by_secret(webhook["secret"], received), by_key(both["public_key"], received)) == (True, True)
    keyed = await api.patch(path, {"signing": "v1a"})
    assert (keyed["public_key"], keyed["has_secret"]) == (both["public_key"], False)
    assert versions(await delivered(api, receiver)) == ["v1a"]
    back = await api.patch(path, {"signing": "v1"})
    assert (back["public_key"], back["signing"]) == (None, "v1")
    received = await delivered(api, receiver)
    assert (by_secret(back["secret"], received), by_secret(webhook["secret"], received)) == (True, False)
    assert (await api.patch(path, {"signing": "v1"}))["change_id"] is None
    unsigned = await api.patch(path, {"signing": None})
    assert (unsigned["signing"], unsigned["has_secret"]) == (None, False)
    received = await delivered(api, receiver)
    assert received.headers["webhook-id"]
    assert "webhook-signature" not in received.headers
    await api.post(f"/v1/changes/{unsigned['change_id']}/undo")
    assert by_secret(back["secret"], await delivered(api, receiver))
    later = str([await api.get(path), await api.get("/v1/webhooks"), await api.get("/v1/changes")])
    assert "whsec_" not in later
    assert "whsk_" not in later


SECRET = "whsec_" + "QUJD" * 10


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"signing": "v2"}, "signing"),
        ({"signing": "hex"}, "signing"),
        ({"signing": ["v1"]}, "signing"),
        ({"signing": "v1", "profile": "perspection"}, "signing"),
        ({"signing": "v1a", "profile": "perspection"}, "signing"),
        ({"signing": "v1a", "secret": SECRET}, "secret"),
        ({"signing": "both", "secret": None}, "secret"),
        ({"signing": None, "secret": "auto"}, "secret"),
        ({"signing": "both", "secret": "whsec_short"}, "secret"),
    ],
)
async def test_x04_what_contradicts_itself_is_refused(api: Api, fields: dict[str, Any], field: str):
    errors = await api.refused("POST", "/v1/webhooks", {"name": "CRM", "url": NOWHERE, **fields})
    assert [error["field"] for error in errors] == [field]
    assert SECRET not in str(errors)
    webhook = await api.webhook(NOWHERE, profile=fields.get("profile", "standard"))
    patch = {name: value for name, value in fields.items() if name != "profile"}
    errors = await api.refused("PATCH", f"/v1/webhooks/{webhook['id']}", patch)
    assert [error["field"] for error in errors] == [field]


async def test_x04_public_keys_are_public_and_nothing_else_is(api: Api):
    webhook = await api.webhook(NOWHERE, signing="both")
    gatekeeper = api.platform.gatekeeper
    _, key = await gatekeeper.create_key(await gatekeeper.create_workspace("Elsewhere"), "tests")
    path = f"/v1/webhooks/{webhook['id']}/jwks"
    async with api.as_caller(key) as stranger, httpx2.AsyncClient(base_url=api.url) as nobody:
        assert (await stranger.get(path)).status_code == 404
        assert (await nobody.get(path)).status_code == 401
        answer = await nobody.get(f"/jwks/{webhook['id']}")
        assert answer.headers["content-type"] == "application/jwk-set+json"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert answer.json() == await api.get(path)
        for missing in ("wh_unknown", "%00", "é", "x" * 300):
            assert (await nobody.get(f"/jwks/{missing}")).status_code == 404
        await api.patch(f"/v1/webhooks/{webhook['id']}", {"enabled": False})
        assert (await nobody.get(f"/jwks/{webhook['id']}")).status_code == 200
        await api.client.delete(f"/v1/webhooks/{webhook['id']}")
        assert (await nobody.get(f"/jwks/{webhook['id']}")).status_code == 404


async def test_e05_a_private_key_is_nowhere_to_be_read(
    tmp_path: Path,
    receiver: Receiver,
    endpoint: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    home = tmp_path / "home"
    async with serving(home) as api:
        perspective = await api.perspective()
        webhook = await api.webhook(endpoint, signing="both", perspective_id=perspective)
        path = f"/v1/webhooks/{webhook['id']}"
        seen = [webhook, await api.post(f"{path}/rotate-secret")]
        await api.end_conversation(perspective)
        await receiver.wait_for(1)
        talk = Talk(api, perspective)
        await talk.say("show CRM sync")
        shown = talk.result("get_webhook")["webhook"]
        assert (shown["signing"], shown["public_key"]) == ("both", seen[1]["public_key"])
        seen += [talk.reply, receiver.received[0].headers, *(await api.deliveries(1))]
        seen += [await api.get(more) for more in (path, f"{path}/jwks", f"{path}/attempts", "/v1/changes", "/v1/chat")]
        async with api.platform.database.read() as connection:
            [row] = await webhook_store.by_ids(connection, [webhook["id"]])
        keys = [key.value for key in api.platform.columns.signing(row).keys]
    stored = databases.everything_stored(home)
    assert [key.partition("_")[0] for key in keys] == ["whsk", "whsk"]
    output = capfd.readouterr()
    text = "\n".join([json.dumps(seen), caplog.text, output.out, output.err])
    assert b"CRM sync" in stored
    assert "whsk_" not in text
    assert b"whsk_" not in stored
    for key in keys:
        encoded = key.removeprefix("whsk_")
        seed = b64decode(encoded)
        for written in (encoded, seed.hex()):
            assert written not in text
            assert written.encode() not in stored
        assert seed not in stored


async def test_b05_the_hex_signature_goes_where_the_webhook_says(api: Api, receiver: Receiver, endpoint: str):
    hexed = {"profile": "perspection", "secret": "planted-hex"}
    webhook = await api.webhook(endpoint, **hexed, signature_header="X-Shop-Signature")
    path = f"/v1/webhooks/{webhook['id']}"
    assert (webhook["signing"], webhook["signature_header"]) == ("hex", "X-Shop-Signature")
    received = await delivered(api, receiver)
    expected = hmac.new(b"planted-hex", received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-shop-signature"] == expected
    assert "x-perspection-signature" not in received.headers

    async def logged() -> dict[str, Any] | None:
        return next(iter((await api.get(f"{path}/attempts"))["items"]), None)

    assert (await until(logged))["request_headers"]["X-Shop-Signature"] == expected
    restored = await api.patch(path, {"signature_header": None})
    assert restored["signature_header"] == "X-Perspection-Signature"
    received = await delivered(api, receiver)
    assert received.headers["x-perspection-signature"] == hmac.new(b"planted-hex", received.body, "sha256").hexdigest()
    await api.post(f"/v1/changes/{restored['change_id']}/undo")
    assert "x-shop-signature" in (await delivered(api, receiver)).headers
    assert (await api.patch(path, {"secret": None}))["signing"] is None
    assert "x-shop-signature" not in (await delivered(api, receiver)).headers


@pytest.mark.parametrize(
    "name",
    [
        *("", "X Shop", "X-Shop:", "X-Shop\r\nX-Other", "X-Größe", "x" * 129, 7),
        *("Host", "Content-Length", "Transfer-Encoding", "Connection"),
        *("Content-Type", "user-agent", "Authorization", "Cookie", "webhook-id", "Webhook-Signature", "webhook-x"),
        *("X-Perspection-Event", "x-perspection-event-id", "X-Idempotency-Key", "X-Custom", "X-Token"),
    ],
)
async def test_b05_a_header_that_is_not_free_is_refused(api: Api, name: Any):
    hexed = {"profile": "perspection", "headers": {"x-custom": "1"}, "auth_header": {"name": "x-token", "value": "t"}}
    new = {"name": "CRM", "url": NOWHERE, **hexed}
    errors = await api.refused("POST", "/v1/webhooks", {**new, "signature_header": name})
    assert [error["field"] for error in errors] == ["signature_header"]
    webhook = await api.webhook(NOWHERE, **hexed)
    errors = await api.refused("PATCH", f"/v1/webhooks/{webhook['id']}", {"signature_header": name})
    assert [error["field"] for error in errors] == ["signature_header"]


async def test_b05_a_custom_header_does_not_take_the_signatures_place(api: Api):
    webhook = await api.webhook(NOWHERE, profile="perspection", signature_header="X-Shop-Signature")
    path = f"/v1/webhooks/{webhook['id']}"
    for patch in ({"headers": {"x-shop-signature": "1"}}, {"auth_header": {"name": "X-SHOP-Signature", "value": "1"}}):
        errors = await api.refused("PATCH", path, patch)
        assert [error["field"] for error in errors] == ["signature_header"]
    moved = await api.patch(path, {"headers": {"x-shop-signature": "1"}, "signature_header": "X-Other"})
    assert moved["signature_header"] == "X-Other"


async def test_b05_only_profiles_that_sign_in_hex_have_the_header(api: Api):
    webhook = await api.webhook(NOWHERE)
    path = f"/v1/webhooks/{webhook['id']}"
    errors = await api.refused("PATCH", path, {"signature_header": "X-Shop-Signature"})
    assert [error["field"] for error in errors] == ["signature_header"]
    assert (await api.patch(path, {"signature_header": None}))["change_id"] is None
