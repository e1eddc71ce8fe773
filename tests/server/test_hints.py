"""Refusals that say what to do instead, and never what must stay secret."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.serving import Api, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTS = ["api.example.com"]
VALUE = "hunter2-planted"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    home: Path = tmp_path_factory.mktemp("hints")
    async with serving(home, with_worker=False) as running:
        yield running


async def detail(api: Api, method: str, path: str, body: Any = None) -> str:
    answer = await api.client.request(method, path, json=body)
    assert answer.status_code >= 400
    return answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"value": [VALUE], "hosts": HOSTS},
        {"value": {"a": VALUE}, "hosts": HOSTS},
        {"value": 7_310_551_926, "hosts": HOSTS},
        {"value": VALUE + "\x00", "hosts": HOSTS},
        {"value": "x\ud800" + VALUE, "hosts": HOSTS},
        {"value": VALUE * 1_000, "hosts": HOSTS},
        [VALUE],
        VALUE,
        7_310_551_926,
    ],
)
async def test_a_refused_secret_is_not_repeated(api: Api, body: Any):
    answer = await api.client.put("/v1/secrets/token", content=json.dumps(body))
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert "7310551926" not in answer.text
    assert "0551926" not in answer.text.replace("_", "")


@pytest.mark.parametrize("value", ["", "a", "abc"])
async def test_a_secret_that_is_too_short_to_be_masked_is_refused_with_the_reason(api: Api, value: str):
    [error] = await api.refused("PUT", "/v1/secrets/token", {"value": value, "hosts": HOSTS})
    assert error["field"] == "value"
    assert "4 to 8192 characters" in error["message"]
    assert "could not be masked" in error["message"]


async def test_a_secret_of_four_characters_is_taken(api: Api):
    await api.call("PUT", "/v1/secrets/short", {"value": "abcd", "hosts": HOSTS})


@pytest.mark.parametrize("name", ["session", "company", "assistant", "images"])
async def test_a_reserved_name_is_refused_with_the_reason_alone(api: Api, name: str):
    [error] = await api.refused("PUT", f"/v1/secrets/{name}", {"value": VALUE, "hosts": HOSTS})
    assert error["field"] == "name"
    assert f"${name}" in error["message"]
    assert "is reserved" in error["message"]
    assert "1 to 64" not in error["message"]


async def test_a_secret_posted_to_the_list_is_told_where_to_put_it(api: Api):
    assert "PUT /v1/secrets/{name}" in await detail(api, "POST", "/v1/secrets", {"name": "x"})


async def test_client_data_under_the_name_of_a_secret_is_warned_of(api: Api):
    await api.call("PUT", "/v1/secrets/erp_token", {"value": VALUE, "hosts": HOSTS})
    assistant = (await api.post("/v1/assistants", {"name": "A"}))["id"]
    data = {"client_data": {"erp_token": "mine", "plan": "pro"}}
    session = await api.post("/session", {"assistant_id": assistant, **data})
    [warning] = session["warnings"]
    assert "client_data.erp_token is never used" in warning
    path = f"/session/{session['id']}"
    assert (await api.call("PUT", path, data))["warnings"] == [warning]
    both = {**data, "images": ["https://img.example/1.png"]}
    assert (await api.call("PUT", path, both))["warnings"] == [warning]
    assert (await api.call("PUT", path, {"client_data": {"plan": "free"}}))["warnings"] == []
    assert "warnings" not in await api.get(path)


async def test_a_field_of_the_integration_beside_it_is_told_where_it_belongs(api: Api):
    assistant = (await api.post("/v1/assistants", {"name": "B"}))["id"]
    path = f"/v1/assistants/{assistant}/triggers"
    base = {"name": "t", "description": "x", "integration": {"url": "https://api.example.com/"}}
    for name in ("response_directive", "responseDirective"):
        [error] = await api.refused("POST", path, {**base, name: "Be brief."})
        assert (error["field"], "integration.responseDirective?" in error["message"]) == (name, True)
    inside = {**base, "integration": {**base["integration"], "response_directive": "Be brief."}}
    [error] = await api.refused("POST", path, inside)
    assert error["field"] == "integration.response_directive"
    assert "did you mean responseDirective?" in error["message"]
    [error] = await api.refused("POST", path, {**base, "parameters": {"order_number": {"type": "string"}}})
    assert '{"type": "object", "properties": {' in error["message"]
    made = (await api.post(path, base))["id"]
    [error] = await api.refused("PATCH", f"/v1/triggers/{made}", {"response_directive": "Be brief."})
    assert "integration.responseDirective?" in error["message"]


async def test_a_name_in_the_place_of_an_id_is_told_apart(api: Api):
    assert "begins with trg_" in await detail(api, "GET", "/v1/triggers/order_status")
    assert "begins with trg_" in await detail(api, "POST", "/v1/triggers/order_status/run", {})
    assert "begins with" not in await detail(api, "GET", "/v1/triggers/trg_none")
