"""Sessions over HTTP: created, updated, listed, kept apart, and safe from broken bodies (row C08)."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from tests.acceptance.house import JSON
from tests.acceptance.printed_integrations import NOTHING
from tests.acceptance.shop import Shop
from tests.acceptance.test_bad_bodies import MALFORMED


async def test_c08_the_curl_line_of_the_documentation_works(shop: Shop):
    line = f"""# Session with customer data
curl -X PUT {shop.api.url}/session/{shop.session} \\
-F 'client_data={{"user_id":"usr_999","plan":"enterprise"}}' -H 'Authorization: Bearer {shop.api.key}'"""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    written, _ = await process.communicate()
    assert json.loads(written)["client_data"] == {"user_id": "usr_999", "plan": "enterprise"}
    assert (await shop.shown())["client_data"] == {"user_id": "usr_999", "plan": "enterprise"}


async def test_c08_sessions_are_created_updated_and_listed(shop: Shop):
    images = ["https://img.example.com/a.png"]
    more = {"client_data": {"n": 12345678901234567890123}, "images": images}
    made = await shop.api.post("/session", {"assistant_id": shop.assistant, **more}, status=201)
    assert str(UUID(made["id"])) == made["id"]
    path = f"/session/{made['id']}"
    changed = await shop.api.call("PUT", path, {"client_data": {"plan": "pro"}})
    assert changed["client_data"] == {"n": 12345678901234567890123, "plan": "pro"}
    encoded = await shop.api.client.put(path, data={"client_data": '{"plan": "é&="}', "images": "[]"})
    assert encoded.json()["client_data"]["plan"] == "é&="
    assert encoded.json()["images"] == []
    misnamed = {"content-type": "application/x-www-form-urlencoded"}
    curled = await shop.api.client.put(path, content=b' {"client_data": {"a": "b&c"}}', headers=misnamed)
    assert curled.json()["client_data"]["a"] == "b&c"
    shown = await shop.api.get(path)
    assert {"messages": [], "interrupt": None, "answering": False}.items() <= shown.items()
    for listing in ("/sessions", "/session"):
        page = await shop.api.get(listing, assistant_id=shop.assistant, limit=1)
        assert page["total"] == 2
        assert page["items"][0]["id"] == made["id"]
        assert (await shop.api.get(listing, assistant_id="ast_none"))["total"] == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"client_data": "{"}, "client_data"),
        ({"client_data": "[]"}, "client_data"),
        ({"client_data": "null"}, "client_data"),
        ({"client_data": '{"session.id": "x"}'}, "client_data.session.id"),
        ({"client_data": '{"a b": 1}'}, "client_data.a b"),
        ({"client_data": '{"a": NaN}'}, "client_data"),
        ({"client_date": "{}"}, "client_date"),
        ({"client_data": ["{}", "{}"]}, "client_data"),
        ({"images": '["ftp://example.com/"]'}, "images.0"),
        ({}, "body"),
    ],
)
async def test_c08_wrong_form_fields_are_named(shop: Shop, fields: dict[str, Any], named: str):
    path = f"/session/{shop.session}"
    encoded = await shop.api.client.put(
        path, data=fields, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert encoded.status_code == 422, encoded.text
    assert encoded.json()["errors"][0]["field"] == named
    pairs = [(name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])]
    if pairs:
        parts = [(name, (None, value)) for name, value in pairs]
        multipart = await shop.api.client.put(path, files=parts)
        assert multipart.status_code == 422, multipart.text
        assert multipart.json()["errors"][0]["field"] == named
    assert (await shop.shown())["client_data"] == {}


async def test_c08_files_and_broken_or_large_forms_are_refused(shop: Shop):
    path = f"/session/{shop.session}"
    file = await shop.api.client.put(path, files={"client_data": ("data.json", b'{"a": 1}')})
    assert file.status_code == 422
    assert "plain form field" in file.json()["errors"][0]["message"]
    binary = await shop.api.client.put(path, files={"picture": ("a.png", b"\x89PNG\xff\xfe")})
    assert binary.status_code == 400
    large = await shop.api.client.put(path, files={"client_data": (None, "x" * 1024 * 1024)})
    assert large.status_code == 413
    for content_type, content in (
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"nothing of the kind"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(50))),
        ("application/json", b"{"),
    ):
        answer = await shop.api.client.put(path, content=content, headers={"content-type": content_type})
        assert answer.status_code == 400, (content_type, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    large_data = await shop.api.client.put(path, json={"client_data": {"a": "x" * 70_000}})
    assert large_data.status_code == 422
    assert (await shop.shown())["client_data"] == {}


async def test_malformed_json_is_a_400_on_every_route(shop: Shop):
    made = await shop.trigger("ping", json.dumps({"url": f"{shop.stub.url}/", "method": "GET"}), NOTHING)
    for method, path in (
        ("POST", "/session"),
        ("PUT", f"/session/{shop.session}"),
        ("POST", f"/session/{shop.session}/messages"),
        ("POST", f"/session/{shop.session}/resume"),
        ("POST", "/v1/assistants"),
        ("PATCH", f"/v1/assistants/{shop.assistant}"),
        ("POST", f"/v1/assistants/{shop.assistant}/triggers"),
        ("POST", f"/v1/assistants/{shop.assistant}/triggers/import"),
        ("PATCH", f"/v1/triggers/{made['id']}"),
        ("POST", f"/v1/triggers/{made['id']}/run"),
        ("PUT", "/v1/secrets/key"),
    ):
        for content in (text + end for text in MALFORMED.values() for end in (b"", b"$x")):
            answer = await shop.api.client.request(method, path, content=content, headers=JSON)
            assert answer.status_code == 400, (path, answer.text)
            assert answer.json()["errors"][0]["field"].startswith("body")
            assert len(answer.text) < 1000


async def test_c08_sessions_need_a_key_and_stay_in_their_workspace(shop: Shop):
    calls = [
        ("GET", "/session"),
        ("GET", "/sessions"),
        ("POST", "/session"),
        ("GET", f"/session/{shop.session}"),
        ("PUT", f"/session/{shop.session}"),
        ("GET", f"/session/{shop.session}/logs"),
        ("POST", f"/session/{shop.session}/messages"),
        ("POST", f"/session/{shop.session}/resume"),
    ]
    async with shop.api.as_caller("hwk_wrong") as stranger:
        for method, path in calls:
            assert (await stranger.request(method, path, json={})).status_code == 401
    keeper = shop.api.platform.gatekeeper
    other = await keeper.create_workspace("Other")
    _, key = await keeper.create_key(other, "tests")
    bodies: dict[str, Any] = {
        "messages": {"message": "hi"},
        "resume": {"interrupt_id": "int_1", "value": {"approved": True}},
    }
    async with shop.api.as_caller(key) as neighbour:
        for method, path in calls[3:]:
            body = bodies.get(path.rsplit("/", 1)[1], {"client_data": {"a": 1}})
            assert (await neighbour.request(method, path, json=body)).status_code == 404, path
        opening = {"assistant_id": shop.assistant}
        assert (await neighbour.post("/session", json=opening)).status_code == 404
        assert (await neighbour.get("/sessions")).json()["total"] == 0
    await shop.api.refused("POST", "/v1/chat", {"message": "hi", "conversation_id": "cht_none"}, 404)
    conversation = (await shop.shown())["conversation_id"]
    await shop.api.refused("POST", "/v1/chat", {"message": "hi", "conversation_id": conversation}, 404)
    await shop.api.refused("GET", f"/v1/chat/{conversation}", None, 404)
    assert (await shop.api.get("/v1/chat"))["total"] == 0
